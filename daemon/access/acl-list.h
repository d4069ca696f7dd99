/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Rules of an ACL file that are asked together: those of a user, of anonymous clients, or the
 * patterns. Within a list `deny` wins.
 *
 * Thread: any (one owner until it is finished, then immutable)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "access/acl-rule.h"
#include "access/acl-tree.h"

/* A zeroed object is a valid empty one; what the filters lie in outlives it. */
typedef struct AclList {
        AclRule *rules;
        size_t n, allocated;
        bool is_pattern;
        AclTree *tree;  /* of those that are not loose; the rules are sorted by it */
        size_t n_loose; /* they are at the end */
} AclList;

void acl_list_done(AclList *list);

/* Both 0 or -ENOMEM. To be finished once, when all rules are there, and before anything is asked.
 */
int acl_list_add(AclList *list, const AclRule *rule);
int acl_list_finish(AclList *list);

/* What the rules that speak of the topic name say of the access (ACL_READ or ACL_WRITE): its bit if
 * one allows it, ACL_DENY if one denies, both or 0. ACL_DENY is enough by itself. */
unsigned acl_list_check(const AclList *list, const AclSubject *subject, unsigned access,
                        Bytes topic);

/* How far a filter to be read is allowed and denied, and by which rule: of those that say the same,
 * the first of the file; NULL where it is ACL_APART. */
typedef struct AclVerdict {
        AclRelation allowed, denied;
        const AclRule *allowing, *denying;
} AclVerdict;

AclVerdict acl_list_relate(const AclList *list, const AclSubject *subject, Bytes filter);

/* The rule by which acl_list_check() decides for the access (ACL_READ or ACL_WRITE), or NULL. */
const AclRule *acl_list_explain(const AclList *list, const AclSubject *subject, unsigned access,
                                Bytes topic);
