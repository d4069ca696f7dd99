/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The keys by which JSON Web Tokens are checked, from a file: public keys and certificates in PEM,
 * or one secret. A key stands for one algorithm, whatever a token says of itself: RSA for RS256,
 * P-256 for ES256, Ed25519 for EdDSA, a secret for HS256. So no token makes a secret of a public
 * key.
 *
 * Immutable and counted.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

#include "util/bytes.h"
#include "util/config-errors.h"
#include "util/macro.h"

typedef enum JwtAlgorithm {
        JWT_RS256,
        JWT_ES256,
        JWT_EDDSA,
        JWT_HS256,
        JWT_ALGORITHMS_N
} JwtAlgorithm;

typedef struct JwtKeys JwtKeys;

/*
 * Reads the file whole. A file with "-----BEGIN" in it is PEM: several keys are for the time in
 * which one takes the place of another. Any other file is a secret, without the newline at its end.
 * 0; -EINVAL with the reason, and its line in PEM, in errors: it cannot be read, holds a private
 * key, a key of another kind, an RSA key below 2048 bits, a secret below 32 bytes; or -ENOMEM. A
 * warning is added if others may read a secret.
 */
int jwt_keys_load(const char *path, ConfigErrors *errors, JwtKeys **ret_keys);
JwtKeys *jwt_keys_ref(JwtKeys *keys);
JwtKeys *jwt_keys_unref(JwtKeys *keys);
DEFINE_CLEANUP(JwtKeys, jwt_keys_unref)

/* Read from the same bytes. NULL is one without keys. */
bool jwt_keys_equal(const JwtKeys *a, const JwtKeys *b);

/* What the file has said. */
Bytes jwt_keys_text(const JwtKeys *keys);

/* Whether all keys of old are among those of new. */
bool jwt_keys_include(const JwtKeys *new, const JwtKeys *old);

/* Whether a signature is checked within some microseconds, whatever a token says. */
bool jwt_keys_are_quick(const JwtKeys *keys);

/* The one with this name in the registry of RFC 7518 and RFC 8037; false: none of ours. */
bool jwt_algorithm_from_name(const char *name, JwtAlgorithm *ret_algorithm);

/* Whether one of the keys for the algorithm has signed the text. A public key takes some 50 to 200
 * µs. */
bool jwt_keys_verify(const JwtKeys *keys, JwtAlgorithm algorithm, Bytes text, Bytes signature);
