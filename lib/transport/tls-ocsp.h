/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Responses of an authority, which say that a certificate of ours has not been revoked: stapled
 * to handshakes, so that clients need not ask.
 *
 * Thread: any
 */
#pragma once

#include "transport/tls-facts.h"
#include "transport/tls-load.h"

struct gnutls_certificate_credentials_st; /* gnutls_certificate_credentials_t points to it */

/* The certificates of ours, in the order in which they were added. */
typedef struct TlsOwn {
        struct gnutls_certificate_credentials_st *credentials;
        TlsFacts *facts;
        size_t n;
} TlsOwn;

/*
 * Reads ocsp_file: each response, DER or PEM, goes to the certificate that it is about, and
 * facts.staple_until says for how long; GnuTLS staples none after its time. A file without a
 * response is an error. One that does not help (it has expired, says revoked, is of another
 * certificate or another authority) is worth a warning, and none is stapled: a new certificate
 * must not wait for its response. 0, -EKEYREJECTED with an error in notes, or -ENOMEM.
 */
int tls_ocsp_read(TlsLoad *load, const TlsOwn *own);
