/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The password of a CONNECT, held against a hash by a helper, for that may take as long as
 * thousands of messages. What the helper has is its own copy: the connection may end meanwhile.
 * MAIL_LOGIN brings the answer to the worker.
 *
 * Thread: worker
 */
#pragma once

#include "access/admission.h"
#include "server/shard.h"
#include "util/work-pool.h"

typedef struct Login {
        Work work;
        Shard *shard;
        Connection *connection; /* NULL: it has ended; no helper looks at this */
        Passwords *passwords;   /* a reference: they own the hash of the proof */
        AdmissionProof proof;
        int result; /* once the mail is there: as login_verify() */
        size_t password_length;
        uint8_t password[];
} Login;

/* In this thread. 0, REASON_BAD_USER_NAME_OR_PASSWORD, or -ENOMEM. */
int login_verify(const AdmissionProof *proof, Bytes password);

/* Hands it out; *ret_login is the caller's again with the mail. 0; -EBUSY: too many wait; -ENOMEM;
 * or -errno: nobody helps. */
int login_new(Connection *connection, Shard *shard, const AdmissionProof *proof, Bytes password,
              Login **ret_login);

/* With its mail. Wipes the password. */
Login *login_free(Login *login);

/* The connection wants no answer any more. Takes NULL. */
void login_abandon(Login *login);
