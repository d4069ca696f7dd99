/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One line of an ACL file: what it says of which topics. `%c` and `%u` as whole levels of a pattern
 * stand for the client identifier and the user name.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/bytes.h"

typedef enum AclBits {
        ACL_READ = 1 << 0,
        ACL_WRITE = 1 << 1,
        ACL_DENY = 1 << 2, /* both, whatever other rules of the list say */
} AclBits;

typedef struct AclRule {
        Bytes filter; /* valid */
        unsigned line;
        uint8_t bits;
        bool is_loose; /* `%c` and `%u` inside of levels count too: `acl_pattern_match compat` */
} AclRule;

/* Who asks. */
typedef struct AclSubject {
        Bytes username; /* without data: an anonymous client */
        Bytes client_id;
} AclSubject;

/* Whether a user name or client identifier, put into a pattern, would stand for others. */
bool acl_name_is_wild(Bytes name);

/* What a level of a pattern stands for. */
typedef enum AclLevel {
        ACL_LEVEL_LITERAL,
        ACL_LEVEL_PLUS,
        ACL_LEVEL_CLIENT,
        ACL_LEVEL_USER,
        ACL_LEVEL_HASH,
} AclLevel;

AclLevel acl_level(Bytes level, bool is_pattern);

/* Whether `%c` or `%u` is in a level together with other characters. */
bool acl_filter_has_inner_word(Bytes filter);

/* Whether the rule speaks of the topic name. A rule of a pattern with `%u` never speaks to one who
 * has no name. */
bool acl_rule_matches(const AclRule *rule, bool is_pattern, const AclSubject *subject, Bytes topic);

typedef enum AclRelation {
        ACL_APART,    /* no topic matches both */
        ACL_OVERLAPS, /* some do */
        ACL_COVERS,   /* the rule speaks of all that the filter matches */
} AclRelation;

/* How the rule relates to a filter that somebody subscribes to (without `$share/…`). */
AclRelation acl_rule_relation(const AclRule *rule, bool is_pattern, const AclSubject *subject,
                              Bytes filter);
