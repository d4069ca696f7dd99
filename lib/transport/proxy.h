/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The header that a proxy sends before the bytes of a client: who the client really is. Version 1
 * is a line of text, version 2 is binary and can tell of the client's TLS too (the PROXY protocol
 * of HAProxy).
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/address.h"
#include "util/bytes.h"

/* The longest header that is taken: of version 2, with 500 bytes behind its first 16. */
#define PROXY_HEADER_MAX 516U

typedef struct ProxyHeader {
        bool has_source; /* else the connection is of the proxy itself, or of nobody knows whom */
        Address source;
        bool has_tls;         /* the client spoke TLS with the proxy */
        bool has_certificate; /* and showed a certificate, which the proxy found good */
        Bytes common_name; /* of that certificate, a view into the header; as the proxy wrote it */
} ProxyHeader;

/*
 * Reads the header of this version, 1 or 2, that the data begins with. 0, and its size; -EAGAIN:
 * the data is the beginning of a header, all of it; -EPROTO: it is not, or the header is broken or
 * too long.
 */
int proxy_decode(unsigned version, Bytes data, size_t *ret_size, ProxyHeader *ret_header);
