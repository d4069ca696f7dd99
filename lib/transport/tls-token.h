/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Keys and certificates that are not in files but on a token: URIs of PKCS#11 (RFC 7512). The
 * modules that p11-kit knows are loaded when the first URI is read, never before.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <string.h>

#include "transport/tls-load.h"

struct gnutls_privkey_st;   /* gnutls_privkey_t points to it */
struct gnutls_x509_crt_int; /* gnutls_x509_crt_t points to it */

static inline bool tls_token_is_uri(const char *path)
{
        return strncmp(path, "pkcs11:", 7) == 0;
}

/*
 * The PIN comes from the file that pin-source= names, without the newline at its end; a PIN in the
 * URI itself is refused, for settings are shown and logged. The key is new, and stays on the token:
 * each signature is made there. 0, -EKEYREJECTED with an error in notes, or -ENOMEM.
 */
int tls_token_read_key(TlsLoad *load, const char *uri, struct gnutls_privkey_st *key);

/* A certificate and those that lead to its authority, as far as the token has them: at most max,
 * which are the caller's even on failure; *ret_n is how many. Errors as above. */
int tls_token_read_chain(TlsLoad *load, const char *uri, struct gnutls_x509_crt_int **to,
                         unsigned max, unsigned *ret_n);
