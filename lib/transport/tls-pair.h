/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A certificate of ours and its key: two PEM files that must belong together.
 *
 * Thread: any
 */
#pragma once

#include "transport/tls-facts.h"
#include "transport/tls-load.h"

struct gnutls_certificate_credentials_st; /* gnutls_certificate_credentials_t points to it */
struct gnutls_x509_trust_list_st;         /* gnutls_x509_trust_list_t points to it */

typedef struct TlsPair {
        const char *certfile;
        const char *keyfile;
        struct gnutls_x509_trust_list_st *trust; /* completes a chain; NULL: nothing does */
} TlsPair;

/*
 * Adds it to those that a session may choose from; dates are worth a warning at most. 0 and what is
 * to be said of it, the caller's; -EKEYREJECTED with an error in notes, or -ENOMEM.
 */
int tls_pair_add(TlsLoad *load, const TlsPair *pair,
                 struct gnutls_certificate_credentials_st *credentials, TlsFacts *ret_facts);
