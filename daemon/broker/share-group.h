/* SPDX-License-Identifier: Apache-2.0 */

/*
 * ShareGroup: a reference to the group of a shared subscription (MQTT 5.0, 4.8.2), for those who
 * deliver to it: they ask whose turn it is. Who is in it is the router's business (share.h).
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "broker/session-id.h"
#include "broker/subscription.h"
#include "util/macro.h"

typedef struct ShareGroup ShareGroup;

typedef struct ShareMember {
        SessionId session;
        uint32_t identifier;
        SubscriptionOptions options;
        bool connected;
} ShareMember;

ShareGroup *share_group_ref(ShareGroup *group);
ShareGroup *share_group_unref(ShareGroup *group);
DEFINE_CLEANUP(ShareGroup, share_group_unref)

/*
 * The next member in turn: a connected one, else one that is away; never `except` (SESSION_ID_NONE:
 * no exception). Takes the router's lock of the caller's worker meanwhile; does not search, however
 * large the group is. False when nobody is left.
 */
bool share_group_pick(ShareGroup *group, unsigned worker, SessionId except,
                      ShareMember *ret_member);
