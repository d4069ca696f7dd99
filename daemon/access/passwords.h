/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The users of a password file with their hashes: immutable and counted, so that a check on another
 * thread outlives the reload that replaces them.
 *
 * Thread: any
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "access/password-hash.h"
#include "util/bytes.h"
#include "util/config-errors.h"
#include "util/macro.h"

typedef struct Passwords Passwords;

/* SHA-256 of a hash as it is written. */
typedef struct PasswordFingerprint {
        uint8_t bytes[32];
} PasswordFingerprint;

/*
 * Reads the file whole. 0; -EINVAL with at least one error in errors, each with its line: a file
 * that cannot be read, a user without a name or twice, a hash of no known form; or -ENOMEM.
 * Warnings are added in either case: others may read the file, a line has no colon, a hash is weak.
 */
int passwords_load(const char *path, ConfigErrors *errors, Passwords **ret_passwords);
Passwords *passwords_ref(Passwords *passwords);
Passwords *passwords_unref(Passwords *passwords);
DEFINE_CLEANUP(Passwords, passwords_unref)

/* Read from files of the same content; NULL equals NULL alone. */
bool passwords_equal(const Passwords *a, const Passwords *b);

size_t passwords_count(const Passwords *passwords);

/*
 * The hash to hold a password of the user against. For a user who is not there it is one of
 * another user, the same each time, and *ret_known is false: whoever asks checks the password all
 * the same and refuses, so that time tells nobody which users there are. NULL: there are none.
 * Valid as long as the passwords are.
 */
const PasswordHash *passwords_find(const Passwords *passwords, Bytes user, bool *ret_known);

/* What passwords_agree() compares, for another process. False: there is no such user. */
bool passwords_fingerprint(const Passwords *passwords, Bytes user, PasswordFingerprint *ret);

/*
 * The user's key for a login by SCRAM. For a user who has none for this hash it is that of another
 * one, the same each time, and *ret_known is false: whoever asks goes on all the same and refuses
 * at the end. False: nobody has one, so there is nothing to go on with.
 */
bool passwords_find_scram(const Passwords *passwords, ScramHash hash, Bytes user, ScramKey *ret_key,
                          bool *ret_known);

/* The user's hash is the same in both: a login that the one allowed holds in the other. */
bool passwords_agree(const Passwords *a, const Passwords *b, Bytes user);
