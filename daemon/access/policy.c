/* SPDX-License-Identifier: Apache-2.0 */

/* All that decides for one listener. */
#include "access/policy.h"

#include <errno.h>
#include <stdlib.h>

int access_policy_new(Passwords *passwords, Acl *acl, AccessPolicy **ret_policy)
{
        AccessPolicy *policy = malloc(sizeof(*policy));

        if (!policy)
                return -ENOMEM;
        atomic_init(&policy->references, 1);
        policy->passwords = passwords_ref(passwords);
        policy->acl = acl_ref(acl);
        *ret_policy = policy;
        return 0;
}

AccessPolicy *access_policy_ref(AccessPolicy *policy)
{
        if (policy)
                atomic_fetch_add_explicit(&policy->references, 1, memory_order_relaxed);
        return policy;
}

AccessPolicy *access_policy_unref(AccessPolicy *policy)
{
        if (!policy || atomic_fetch_sub_explicit(&policy->references, 1, memory_order_acq_rel) != 1)
                return NULL;
        passwords_unref(policy->passwords);
        acl_unref(policy->acl);
        free(policy);
        return NULL;
}

bool access_policy_equal(const AccessPolicy *a, const AccessPolicy *b)
{
        return passwords_equal(access_policy_passwords(a), access_policy_passwords(b)) &&
               acl_equal(access_policy_acl(a), access_policy_acl(b));
}
