/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a CONNECT is to prove, checked by a helper, for that may take as long as thousands of
 * messages, or wait for others. What the helper has is its own copy: the connection may end
 * meanwhile. MAIL_LOGIN brings the answer to the worker.
 *
 * Thread: worker
 */
#pragma once

#include "access/proof.h"
#include "server/shard.h"
#include "util/work-pool.h"

typedef struct Login {
        Work work;
        WorkPool *pool;
        Shard *shard;
        Connection *connection; /* NULL: it has ended; no helper looks at this */
        AccessPolicy *policy;   /* a reference: all that the proof needs */
        Proof proof;
        ProofRequest request; /* its texts lie in `texts` */
        int r;                /* once the mail is there: as proof_check() */
        ProofResult result;
        size_t length;
        uint8_t texts[];
} Login;

/* Hands it out; *ret_login is the caller's again with the mail. 0; -EBUSY: too many wait; -ENOMEM;
 * or -errno: nobody helps. */
int login_new(Connection *connection, Shard *shard, const Proof *proof, const ProofRequest *request,
              Login **ret_login);

/* With its mail. Wipes the password. */
Login *login_free(Login *login);

/* The connection wants no answer any more. Takes NULL. */
void login_abandon(Login *login);
