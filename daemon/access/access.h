/* SPDX-License-Identifier: Apache-2.0 */

/*
 * May it do that: whether a client that is in may use a topic.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

#include "access/acl.h"
#include "util/bytes.h"

typedef enum AccessKind {
        ACCESS_PUBLISH,   /* topic: a topic name */
        ACCESS_SUBSCRIBE, /* topic: a topic filter without its `$share/group/` */
        ACCESS_RECEIVE,   /* topic: a topic name */
} AccessKind;

typedef struct AccessRequest {
        AccessKind kind;
        const Acl *acl;       /* NULL: there are no rules */
        const AclUser *rules; /* acl_find() of the subject */
        AclSubject subject;
        Bytes topic; /* as the broker knows it: with the listener's mount point */
} AccessRequest;

/*
 * 0 or REASON_NOT_AUTHORIZED: what the ACL does not allow; and nobody may publish what is the
 * broker's own: `$SYS` (save `$SYS/broker/connection/NAME/state`, where the bridges of other
 * brokers tell their state), `$CONTROL` and `$share`. A filter is allowed if it matches anything
 * that the client may read; *ret_is_partial, if not NULL: and something that it may not.
 */
int access_check(const AccessRequest *request, bool *ret_is_partial);
