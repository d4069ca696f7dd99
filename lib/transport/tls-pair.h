/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A certificate of ours and its key: two PEM files that must belong together.
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>

#include "transport/tls-notes.h"

struct gnutls_certificate_credentials_st; /* gnutls_certificate_credentials_t points to it */
struct gnutls_x509_trust_list_st;         /* gnutls_x509_trust_list_t points to it */

typedef struct TlsPair {
        const char *certfile;
        const char *keyfile;
        struct gnutls_x509_trust_list_st *trust; /* completes a chain; NULL: nothing does */
} TlsPair;

/*
 * Adds it to those that a session may choose from. *expires_first becomes the time at which it
 * expires if that is earlier; dates are worth a warning at most. 0, -EKEYREJECTED with an error in
 * notes, or -ENOMEM.
 */
int tls_pair_add(const TlsPair *pair, struct gnutls_certificate_credentials_st *credentials,
                 TlsNotes *notes, int64_t *expires_first);
