/* SPDX-License-Identifier: Apache-2.0 */

/* How a client proves who it is. */

#include "access/proof.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "access/pam.h"
#include "mqtt/protocol.h"

void proof_result_done(ProofResult *result)
{
        free(result->username);
        *result = (ProofResult){};
}

/* --- which way --- */

static bool find_password(const AccessParts *parts, const ProofRequest *request, Proof *proof)
{
        if (!parts->passwords || !request->has_username || !request->has_password)
                return false;
        proof->hash = passwords_find(parts->passwords, request->username, &proof->is_known);
        return proof->hash;
}

static LoginMethod find_method(const AccessParts *parts, const ProofRequest *request, Proof *proof)
{
        const bool has_hash = find_password(parts, request, proof);

        if (has_hash && proof->is_known)
                return LOGIN_PASSWORD;
        if (parts->tokens && request->has_password && jwt_is_like(request->password))
                return LOGIN_TOKEN;
        if (parts->pam_service && request->has_username && request->has_password)
                return LOGIN_PAM;
        if (parts->authority && parts->authority_asks & 1U << AUTHORITY_CONNECT)
                return LOGIN_AUTHORITY;
        return has_hash ? LOGIN_PASSWORD : LOGIN_NONE;
}

bool proof_find(AccessPolicy *policy, const ProofRequest *request, Proof *ret_proof)
{
        const AccessParts parts = access_policy_parts(policy);
        Proof proof = {.policy = policy};

        proof.method = find_method(&parts, request, &proof);
        if (proof.method == LOGIN_NONE && request->has_username &&
            (parts.passwords || parts.tokens || parts.pam_service))
                return false;
        *ret_proof = proof;
        return true;
}

void proof_add_will(AccessPolicy *policy, const ProofRequest *request, Proof *proof)
{
        const AccessParts parts = access_policy_parts(policy);

        proof->policy = policy;
        proof->asks_will = request->will.data && parts.authority &&
                           parts.authority_asks & 1U << AUTHORITY_PUBLISH;
}

ProofCost proof_cost(const Proof *proof)
{
        if (proof->asks_will)
                return PROOF_BLOCKS;
        switch (proof->method) {
        case LOGIN_PASSWORD:
                return password_hash_is_quick(proof->hash) ? PROOF_QUICK : PROOF_SLOW;
        case LOGIN_TOKEN:
                return jwt_keys_are_quick(proof->policy->parts.tokens) ? PROOF_QUICK : PROOF_SLOW;
        case LOGIN_PAM:
        case LOGIN_AUTHORITY:
                return PROOF_BLOCKS;
        default:
                return PROOF_QUICK;
        }
}

/* --- each way --- */

/* Of a user who is not there another one's hash is checked, and whatever comes out is wrong. */
static int check_password(const Proof *proof, const ProofRequest *request)
{
        int r = password_hash_verify(proof->hash, request->password);

        return r == 0 && !proof->is_known ? REASON_BAD_USER_NAME_OR_PASSWORD : r;
}

static int refuse(const char *why, const char **ret_why)
{
        *ret_why = why;
        return REASON_NOT_AUTHORIZED;
}

/* A client of MQTT 3 cannot send a password without a username: an empty one counts as none. */
static int check_token(const Proof *proof, const ProofRequest *request, uint64_t now,
                       ProofResult *result)
{
        const AccessParts *parts = &proof->policy->parts;
        _cleanup_(jwt_claims_done) JwtClaims claims = {};
        int r;

        r = jwt_verify(request->password, parts->tokens, &parts->token_rules, now, &claims,
                       &result->why);
        if (r != 0)
                return r;
        if (request->username.length > 0 &&
            !bytes_equal(request->username, bytes_from_string(claims.username)))
                return refuse("the token is another user's", &result->why);
        if (claims.client_id &&
            !bytes_equal(request->client_id, bytes_from_string(claims.client_id)))
                return refuse("the token is another client's", &result->why);
        result->username = TAKE_PTR(claims.username);
        result->expires = claims.expires;
        return 0;
}

static int check_pam(const Proof *proof, const ProofRequest *request)
{
        const PamLogin login = {
                .service = proof->policy->parts.pam_service,
                .username = request->username,
                .password = request->password,
                .peer = request->address,
        };

        return pam_check(&login);
}

/* What it has said lately, or says now. */
static int consult(Authority *authority, const AuthorityQuestion *question)
{
        bool allow = false;
        int r = authority_recall(authority, question, &allow);

        if (r == 0)
                r = authority_ask(authority, question, &allow);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return REASON_SERVER_UNAVAILABLE;
        return allow ? 0 : REASON_NOT_AUTHORIZED;
}

static AuthorityQuestion question_of(AuthorityVerb verb, const ProofRequest *request)
{
        return (AuthorityQuestion){
                .verb = verb,
                .client_id = request->client_id,
                .username = request->has_username ? request->username : (Bytes){},
                .listener = request->listener,
                .address = request->address,
        };
}

static int check_authority(const Proof *proof, const ProofRequest *request)
{
        AuthorityQuestion question = question_of(AUTHORITY_CONNECT, request);

        question.password = request->has_password ? request->password : (Bytes){};
        return consult(proof->policy->parts.authority, &question);
}

/* Nobody could ask when it is published. */
static int check_will(const Proof *proof, const ProofRequest *request, ProofResult *result)
{
        AuthorityQuestion question = question_of(AUTHORITY_PUBLISH, request);
        int r;

        if (result->username)
                question.username = bytes_from_string(result->username);
        question.topic = request->will;
        r = access_policy_denies(proof->policy, question.username, question.client_id)
                    ? REASON_NOT_AUTHORIZED
                    : consult(proof->policy->parts.authority, &question);
        if (r == REASON_NOT_AUTHORIZED)
                result->why = "its will may not be published";
        return r;
}

static int check_method(const Proof *proof, const ProofRequest *request, uint64_t now,
                        ProofResult *ret_result)
{
        switch (proof->method) {
        case LOGIN_PASSWORD:
                return check_password(proof, request);
        case LOGIN_TOKEN:
                return check_token(proof, request, now, ret_result);
        case LOGIN_PAM:
                return check_pam(proof, request);
        case LOGIN_AUTHORITY:
                return check_authority(proof, request);
        default:
                return 0;
        }
}

int proof_check(const Proof *proof, const ProofRequest *request, uint64_t now,
                ProofResult *ret_result)
{
        int r;

        *ret_result = (ProofResult){};
        r = check_method(proof, request, now, ret_result);
        return r == 0 && proof->asks_will ? check_will(proof, request, ret_result) : r;
}

bool proof_was_refused(int r)
{
        return r == REASON_BAD_USER_NAME_OR_PASSWORD || r == REASON_NOT_AUTHORIZED;
}
