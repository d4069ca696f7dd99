/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The rules of one list of an ACL file, made ready for topics: a tree by levels in one block of
 * memory, so that a check costs a binary search per level and not a look at each rule. Immutable.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access/acl-rule.h"
#include "util/macro.h"

typedef struct AclTree AclTree;

/* Of rules that are not loose; what their filters lie in outlives it. Without rules *ret_tree is
 * NULL. Sorts the rules. 0 or -ENOMEM. */
int acl_tree_new(AclRule *rules, size_t n, bool is_pattern, AclTree **ret_tree);
AclTree *acl_tree_free(AclTree *tree);
DEFINE_CLEANUP(AclTree, acl_tree_free)

/* Of the bits of all rules that match the topic name: `access` (ACL_READ or ACL_WRITE), or ACL_DENY
 * alone as soon as one of them has it. Rules that can change nothing any more are not looked at. */
unsigned acl_tree_check(const AclTree *tree, const AclSubject *subject, unsigned access,
                        Bytes topic);
