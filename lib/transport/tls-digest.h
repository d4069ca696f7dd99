/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whether two times the same was read: a chain of HMAC-SHA256 over parts, each with its length.
 *
 * Thread: any (one owner)
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* A zeroed object is a valid empty one. Keys are in it: it is to be compared, never shown. */
typedef struct TlsDigest {
        uint8_t bytes[32];
} TlsDigest;

/* Adds a part; another division into parts makes another digest. 0 or -ENOMEM. */
int tls_digest_add(TlsDigest *digest, const void *data, size_t size);
/* The same for a string; NULL is another part than the empty one. */
int tls_digest_add_string(TlsDigest *digest, const char *text);
