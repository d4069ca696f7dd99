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
#include "access/passwords.h"
#include "util/macro.h"

typedef struct AccessPolicy {
        atomic_uint references;
        Passwords *passwords; /* a reference; NULL: nobody's password is checked */
        Acl *acl;             /* a reference; NULL: all is allowed but what is the broker's own */
} AccessPolicy;

/* References both; either may be NULL. 0 or -ENOMEM. */
int access_policy_new(Passwords *passwords, Acl *acl, AccessPolicy **ret_policy);
AccessPolicy *access_policy_ref(AccessPolicy *policy);
AccessPolicy *access_policy_unref(AccessPolicy *policy);
DEFINE_CLEANUP(AccessPolicy, access_policy_unref)

/* Of the same content, whenever it was loaded. NULL is one without anything. */
bool access_policy_equal(const AccessPolicy *a, const AccessPolicy *b);

/* What the policy has; NULL if there is none. */
static inline const Passwords *access_policy_passwords(const AccessPolicy *policy)
{
        return policy ? policy->passwords : NULL;
}

static inline const Acl *access_policy_acl(const AccessPolicy *policy)
{
        return policy ? policy->acl : NULL;
}
