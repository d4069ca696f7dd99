/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How a client proves who it is: which of the ways of its policy is for it, and what comes of it.
 *
 * The ways are tried in this order, and the first that is for the client decides: its line in the
 * password file; a token, if its password looks like one; PAM; an authority.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "access/policy.h"

/* What a CONNECT says of its client. */
typedef struct ProofRequest {
        Bytes client_id;
        bool has_username;
        Bytes username;
        bool has_password;
        Bytes password;
        const char *listener;
        const char *address; /* of the peer; NULL: not known */
        Bytes will;          /* its topic, with the mount point; without data: none */
} ProofRequest;

typedef struct Proof {
        LoginMethod method;       /* LOGIN_NONE: nothing is to be proven */
        AccessPolicy *policy;     /* borrowed */
        const PasswordHash *hash; /* of the policy, with LOGIN_PASSWORD */
        bool asks_will;           /* an authority is to be asked about the will besides */
        bool is_known;            /* else the hash is another user's: for the time it takes alone */
} Proof;

/* What has been shown. */
typedef struct ProofResult {
        char *username;   /* as a token says; NULL: as the CONNECT says */
        uint64_t expires; /* s since 1970: it holds no longer; 0: for as long as it likes */
        const char *why;  /* for the log, why it is refused, a literal; NULL: the code says it */
} ProofResult;

void proof_result_done(ProofResult *result);

/* Which way is for this client. True: there is one, or *ret_proof has LOGIN_NONE, for the policy
 * has none for a client like that. False: there are some, and all of them want more than it has
 * sent. */
bool proof_find(AccessPolicy *policy, const ProofRequest *request, Proof *ret_proof);

/* Whoever the client is, and however it proves that: a will is a message. */
void proof_add_will(AccessPolicy *policy, const ProofRequest *request, Proof *proof);

typedef enum ProofCost {
        PROOF_QUICK,  /* some microseconds: no other thread need do it */
        PROOF_SLOW,   /* arithmetic, as long as thousands of messages */
        PROOF_BLOCKS, /* waits for others */
} ProofCost;

ProofCost proof_cost(const Proof *proof);

/* Makes the check, at this time (s since 1970). 0; REASON_BAD_USER_NAME_OR_PASSWORD,
 * REASON_NOT_AUTHORIZED, REASON_SERVER_UNAVAILABLE: who is to tell does not; or -ENOMEM. The result
 * is to be freed in either case. */
int proof_check(const Proof *proof, const ProofRequest *request, uint64_t now,
                ProofResult *ret_result);

/* Whether that, or what admission.h says, is about who the client is: it has failed to show it. */
bool proof_was_refused(int r);
