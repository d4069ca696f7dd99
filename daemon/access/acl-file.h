/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The grammar of an ACL file, line by line.
 *
 *   # comment
 *   user NAME                                        the rules that follow are of this user
 *   topic [read|write|readwrite|deny] FILTER         of the user, or of anonymous clients
 *   pattern [read|write|readwrite|deny] FILTER       of all; %c client identifier, %u user name
 *
 * Thread: any
 */
#pragma once

#include "access/acl-rule.h"

typedef enum AclLineKind {
        ACL_LINE_NOTHING, /* empty, or a comment */
        ACL_LINE_USER,
        ACL_LINE_TOPIC,
        ACL_LINE_PATTERN,
} AclLineKind;

typedef struct AclLine {
        AclLineKind kind;
        Bytes user;
        AclRule rule;        /* without its line number */
        const char *warning; /* NULL: none */
} AclLine;

/* Views into the text. 0, or -EINVAL with a sentence in *ret_why, a literal. */
int acl_line_parse(Bytes text, AclLine *ret_line, const char **ret_why);
