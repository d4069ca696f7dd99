/* SPDX-License-Identifier: Apache-2.0 */

/*
 * May it do that: whether a client that is in may use a topic.
 *
 * Thread: any
 */
#pragma once

#include "util/bytes.h"

typedef enum AccessKind {
        ACCESS_PUBLISH,   /* topic: a topic name */
        ACCESS_SUBSCRIBE, /* topic: a topic filter without its `$share/group/` */
        ACCESS_RECEIVE,   /* topic: a topic name */
} AccessKind;

typedef struct AccessRequest {
        AccessKind kind;
        Bytes client_id;
        Bytes username; /* empty: none */
        Bytes topic;    /* as the broker knows it: with the listener's mount point */
} AccessRequest;

/*
 * 0 or REASON_NOT_AUTHORIZED. Everything is allowed but to publish what is the broker's own: `$SYS`
 * (save `$SYS/broker/connection/NAME/state`, where the bridges of other brokers tell their state),
 * `$CONTROL` and `$share`.
 */
int access_check(const AccessRequest *request);
