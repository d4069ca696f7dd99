/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A password as it is stored: what tells whether a password is the one. The spellings:
 *
 *   $6$SALT$DIGEST             one round of SHA-512, base64: written by mosquitto_passwd before 2.0
 *   $7$ITERATIONS$SALT$DIGEST  PBKDF2 with HMAC-SHA-512, base64: mosquitto_passwd 2.0
 *   $argon2id$v=19$m=,t=,p=$…  Argon2id, a PHC string: mosquitto_passwd 2.1, hawkerctl passwd
 *   SCRAM-SHA-256$…, -512$…    keys for logins by SCRAM: scram-key.h, hawkerctl passwd
 *   any other $…               crypt(3): $y$ (yescrypt), $2b$ (bcrypt), $5$, and $6$ as crypt has
 *                              it
 *
 * Immutable.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "access/scram-key.h"
#include "util/bytes.h"
#include "util/macro.h"

/* Of a text that is one, with room to spare. */
#define PASSWORD_HASH_TEXT_MAX 512U

typedef struct PasswordHash PasswordHash;

/* 0, -ENOMEM, or -EINVAL with what is wrong with the text in *ret_why, a literal that continues
 * "the hash ". */
int password_hash_parse(Bytes text, PasswordHash **ret_hash, const char **ret_why);
PasswordHash *password_hash_free(PasswordHash *hash);
DEFINE_CLEANUP(PasswordHash, password_hash_free)

/* 0, REASON_BAD_USER_NAME_OR_PASSWORD, or -ENOMEM. May take long and much memory, as the hash was
 * made to: see password_hash_is_quick(). */
int password_hash_verify(const PasswordHash *hash, Bytes password);

/* Whether it is checked within some microseconds: then no other thread need do it. */
bool password_hash_is_quick(const PasswordHash *hash);

/* Whether it costs an attacker too little today: a warning's worth. */
bool password_hash_is_weak(const PasswordHash *hash);

/* The key of one that is for SCRAM; false: it is not. */
bool password_hash_scram(const PasswordHash *hash, ScramKey *ret_key);

typedef enum PasswordScheme {
        PASSWORD_ARGON2ID,
        PASSWORD_PBKDF2_SHA512, /* $7$, for Mosquitto 2.0 */
        PASSWORD_SCRAM_SHA_256,
        PASSWORD_SCRAM_SHA_512,
} PasswordScheme;

/* Makes a new one with a random salt; what it costs is chosen here. 0, -ENOMEM, or -EIO without
 * random numbers. The caller frees *ret_text. */
int password_hash_make(PasswordScheme scheme, Bytes password, char **ret_text);
