/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who is at the other end of a TLS connection, by what was proven in its handshake.
 *
 * Thread: any one at a time
 */
#pragma once

#include "transport/transport.h"

typedef enum TlsName {
        TLS_NAME_COMMON,  /* the first CN of the certificate; of a pre-shared key the identity */
        TLS_NAME_SUBJECT, /* the subject as RFC 2253 writes it, as OpenSSL does */
} TlsName;

/*
 * 0 and the name, which the caller frees: a C string in UTF-8, not empty. -ENODATA: the peer has
 * not proven who it is, or its certificate does not have that name; -EBADMSG: the name is not UTF-8
 * or has a zero byte in it, so that it may be read as another one; -ENOMEM.
 */
int tls_peer_name(const Transport *transport, TlsName which, char **ret_name);
