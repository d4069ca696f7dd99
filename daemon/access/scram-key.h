/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a server keeps of a password for SCRAM (RFC 5802, 3): enough to see that a client knows it,
 * not enough to be that client. As text, in the spelling of PostgreSQL:
 *
 *   SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY     (the last three in base64)
 *
 * A password is the bytes that were given: it is not prepared by SASLprep, so one with characters
 * beyond ASCII must come in the same form from all.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/bytes.h"

#define SCRAM_DIGEST_MAX 64U
#define SCRAM_SALT_MAX   64U
#define SCRAM_SALT_NEW   16U
/* RFC 7677, 4: at least 4096. What they cost is the client's to pay at each login. */
#define SCRAM_ITERATIONS_MIN 4096U
#define SCRAM_ITERATIONS_NEW 10000U

typedef enum ScramHash { SCRAM_SHA_256, SCRAM_SHA_512, SCRAM_HASHES_N } ScramHash;

typedef struct ScramKey {
        ScramHash hash;
        uint32_t iterations;
        uint32_t salt_length;
        uint8_t salt[SCRAM_SALT_MAX];
        uint8_t stored[SCRAM_DIGEST_MAX]; /* scram_digest_size() of it */
        uint8_t server[SCRAM_DIGEST_MAX];
} ScramKey;

/* "SCRAM-SHA-256", "SCRAM-SHA-512". */
const char *scram_hash_name(ScramHash hash);
/* False: none of them. */
bool scram_hash_from_name(Bytes name, ScramHash *ret_hash);
size_t scram_digest_size(ScramHash hash);

/* NULL, or what is wrong with the text, a literal that continues "the hash ". */
const char *scram_key_parse(const char *text, ScramKey *ret_key);
/* The text, for the caller to free. 0 or -ENOMEM. */
int scram_key_format(const ScramKey *key, char **ret_text);

/* The key of a password with this salt (at most SCRAM_SALT_MAX). Takes as long as the iterations
 * do. 0 or -ENOMEM. */
int scram_key_derive(ScramHash hash, Bytes password, Bytes salt, uint32_t iterations,
                     ScramKey *ret_key);

/* Whether it is of that password, as far as time tells nobody. 0,
 * REASON_BAD_USER_NAME_OR_PASSWORD, or -ENOMEM. */
int scram_key_verify(const ScramKey *key, Bytes password);
