/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An ACL file, whole: who may publish and read which topics. Immutable and counted.
 *
 * Rules of the user (or, of those before the first `user`, of anonymous clients) are asked first,
 * then the patterns; what neither allows is denied, so an empty file denies all. Within a list,
 * `deny` wins. A topic that begins with `$` needs a rule that does.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "access/acl-rule.h"
#include "util/config-errors.h"
#include "util/macro.h"

typedef struct Acl Acl;
typedef struct AclUser AclUser;

typedef struct AclOptions {
        bool is_loose; /* `%c` and `%u` count inside of levels too, and may stand for several */
} AclOptions;

/* Reads the file whole. 0; -EINVAL with each error and its line in errors; or -ENOMEM. Warnings are
 * added in either case. */
int acl_load(const char *path, const AclOptions *options, ConfigErrors *errors, Acl **ret_acl);
Acl *acl_ref(Acl *acl);
Acl *acl_unref(Acl *acl);
DEFINE_CLEANUP(Acl, acl_unref)

/* Read from files of the same content, with the same options; NULL equals NULL alone. */
bool acl_equal(const Acl *a, const Acl *b);

/* The rules of a user, to be kept for the checks to come as long as the ACL is; NULL: the file says
 * nothing of this one. Without data: of anonymous clients. */
const AclUser *acl_find(const Acl *acl, Bytes username);

/* May it do this (ACL_READ or ACL_WRITE) with the topic name. of: what acl_find() gave for the
 * subject's user name. */
bool acl_allows(const Acl *acl, const AclUser *of, const AclSubject *subject, unsigned access,
                Bytes topic);

/*
 * May it read what a filter (without `$share/…`) matches: ACL_COVERS all of it, ACL_OVERLAPS some,
 * ACL_APART nothing.
 */
AclRelation acl_allows_filter(const Acl *acl, const AclUser *of, const AclSubject *subject,
                              Bytes filter);

/* The rule that decides as acl_allows() does, for people; NULL: none does, so it is denied.
 * *ret_is_pattern: where it stands. */
const AclRule *acl_explain(const Acl *acl, const AclSubject *subject, unsigned access, Bytes topic,
                           bool *ret_is_pattern);

/* Which rules made acl_allows_filter() answer as it does: for ACL_COVERS one that allows; for
 * ACL_OVERLAPS one that allows, and one that denies or NULL if it is only that no rule allows the
 * rest; for ACL_APART one that denies or NULL if no rule allows any of it. */
typedef struct AclReasons {
        const AclRule *allowing, *denying;
} AclReasons;

AclRelation acl_explain_filter(const Acl *acl, const AclSubject *subject, Bytes filter,
                               AclReasons *ret_reasons);

/* The text of a rule: the line AclRule.line of the file. */
Bytes acl_line(const Acl *acl, unsigned number);
