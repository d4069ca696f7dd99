/* SPDX-License-Identifier: Apache-2.0 */

/*
 * All that decides for one listener who may come in and what they may do: immutable and counted, so
 * that a check on another thread, or a connection that has come by it, outlives the reload that
 * replaces it. Listeners that name the same files share one.
 *
 * Thread: any
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "access/acl.h"
#include "access/authority.h"
#include "access/jwt.h"
#include "access/passwords.h"
#include "util/macro.h"

/* How a client has shown who it is, besides what TLS or the kernel tell. */
typedef enum LoginMethod {
        LOGIN_NONE, /* not at all: an anonymous client */
        LOGIN_PASSWORD,
        LOGIN_TOKEN,
        LOGIN_PAM,
        LOGIN_AUTHORITY,
        LOGIN_METHODS_N
} LoginMethod;

/* What a policy is made of; NULL: that part does not exist. */
typedef struct AccessParts {
        Passwords *passwords;
        Acl *acl; /* NULL: all is allowed but what is the broker's own */
        JwtKeys *tokens;
        JwtRules token_rules; /* with tokens */
        const char *pam_service;
        Authority *authority;
        unsigned authority_asks; /* bits 1 << AuthorityVerb: what it is asked about */
        bool denies_special;     /* it is not asked about topics of names with + or # */
} AccessParts;

typedef struct AccessPolicy {
        atomic_uint references;
        AccessParts parts; /* references and copies */
} AccessPolicy;

/* References and copies the parts. 0 or -ENOMEM. */
int access_policy_new(const AccessParts *parts, AccessPolicy **ret_policy);
AccessPolicy *access_policy_ref(AccessPolicy *policy);
AccessPolicy *access_policy_unref(AccessPolicy *policy);
DEFINE_CLEANUP(AccessPolicy, access_policy_unref)

/* Whether an authority is not even asked what this one may do with topics: it may not. */
bool access_policy_denies(const AccessPolicy *policy, Bytes username, Bytes client_id);

/* Of the same content, whenever it was loaded. NULL is one without anything. */
bool access_policy_equal(const AccessPolicy *a, const AccessPolicy *b);

/* Whether what let this user in by `before` does so now: the same password, the same service, the
 * keys of then among others. */
bool access_policy_agrees(const AccessPolicy *before, const AccessPolicy *now, LoginMethod method,
                          Bytes username);

/* What access_policy_agrees() goes by, for another process. */
typedef struct LoginFingerprint {
        uint8_t bytes[32];
} LoginFingerprint;

/* False: nothing of this policy lets the user in by that method. */
bool access_policy_fingerprint(const AccessPolicy *policy, LoginMethod method, Bytes username,
                               LoginFingerprint *ret_fingerprint);

/* What the policy has; all zero if there is none. */
static inline AccessParts access_policy_parts(const AccessPolicy *policy)
{
        return policy ? policy->parts : (AccessParts){};
}

static inline const Passwords *access_policy_passwords(const AccessPolicy *policy)
{
        return policy ? policy->parts.passwords : NULL;
}

static inline const Acl *access_policy_acl(const AccessPolicy *policy)
{
        return policy ? policy->parts.acl : NULL;
}
