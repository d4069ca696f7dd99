/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who signs tokens, for tests: a key of each kind, and the file by which its tokens are checked.
 *
 * Thread: the test's
 */
#pragma once

#include <gnutls/abstract.h>

#include "access/jwt-key.h"

#define SIGNER_SECRET "a secret of thirty-two bytes....and more"

typedef struct Signer {
        JwtAlgorithm algorithm;
        gnutls_privkey_t key; /* NULL: SIGNER_SECRET */
} Signer;

void signer_init(Signer *signer, JwtAlgorithm algorithm);
void signer_done(Signer *signer);

/* The public key in PEM, or the secret; g_free(). */
char *signer_file(const Signer *signer);
char *signer_private_file(const Signer *signer);

/* The token of this header and payload; g_free(). */
char *signer_sign(const Signer *signer, const char *header, const char *payload);
/* With the header that belongs to the key. */
char *signer_token(const Signer *signer, const char *payload);

/* What a file of this text is read to, and how that went; messages of errors joined by newlines in
 * *ret_errors, if not NULL. */
int signer_load(const char *text, JwtKeys **ret_keys, char **ret_errors);
