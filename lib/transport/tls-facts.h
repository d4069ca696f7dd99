/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is to be said of a certificate of ours: in the log, on the bus, and before it expires.
 *
 * Thread: any (immutable once read)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct gnutls_x509_crt_int; /* gnutls_x509_crt_t points to it */

typedef struct TlsFacts {
        char *certfile;  /* as the settings name it */
        char *subject;   /* as RFC 4514 writes it; "" if it has none */
        char serial[81]; /* hexadecimal, lower case, without a prefix: at most 40 bytes of it */
        int64_t not_before, not_after; /* seconds since 1970 */
        int64_t staple_until;          /* a response is stapled until then; 0: none is */
        bool is_slow;                  /* to sign with its key takes milliseconds */
} TlsFacts;

/* 0 or -ENOMEM. */
int tls_facts_read(TlsFacts *facts, const char *certfile, struct gnutls_x509_crt_int *own);
void tls_facts_done(TlsFacts *facts);
