/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The server's side of one login by SCRAM (RFC 5802, RFC 7677), without channel binding: what the
 * client sends first, our challenge, its proof, our proof. Quick: only the client has to go through
 * the iterations.
 *
 * Thread: any (one owner)
 */
#pragma once

#include "access/passwords.h"
#include "access/scram-key.h"
#include "util/bytes.h"
#include "util/macro.h"

/* Of what a client sends in either step. */
#define SCRAM_MESSAGE_MAX 4096U

typedef struct Scram Scram;

/* Reads the first message of a client. Its user need not exist, and nobody can tell from the
 * challenge. 0; REASON_BAD_AUTHENTICATION_METHOD: no user has a key for this hash;
 * REASON_NOT_AUTHORIZED: not to be understood, or it wants channel binding or to be somebody else;
 * -ENOMEM, or -EIO without random numbers. */
int scram_new(const Passwords *passwords, ScramHash hash, Bytes first, Scram **ret_scram);
Scram *scram_free(Scram *scram);
DEFINE_CLEANUP(Scram, scram_free)

/* The user that the first message names, if nothing else is wrong with it: 0 and the name, for the
 * caller to free, or as scram_new(). */
int scram_peek_username(Bytes first, char **ret_username);

const char *scram_username(const Scram *scram);
ScramHash scram_hash(const Scram *scram);
/* What is to be sent to the client; lives as long as the object. */
Bytes scram_challenge(const Scram *scram);

/* Reads the client's proof. 0 and our own in *ret_proof, which lives as long as the object;
 * REASON_NOT_AUTHORIZED; or -ENOMEM. Once. */
int scram_finish(Scram *scram, Bytes final, Bytes *ret_proof);
