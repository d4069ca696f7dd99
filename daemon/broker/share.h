/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The group of a shared subscription (MQTT 5.0, 4.8.2), for the router: one per ShareName and topic
 * filter that has members. Connected members are the first part of the array, those that are away
 * the second, so that the next one in turn is found without a search.
 *
 * share_group_ref(), share_group_unref() and share_group_pick() are in share-group.h.
 *
 * Thread: under the router's write lock, but for the count of references
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/big-lock.h"
#include "broker/share-group.h"
#include "broker/taker-set.h"
#include "util/bytes.h"

struct ShareGroup {
        atomic_uint references;
        atomic_uint turn;
        BigLock *lock;               /* the router's; NULL once the router is gone */
        void *node;                  /* of the topic filter; NULL: no longer in the router */
        ShareGroup *next, *previous; /* at that node */
        uint64_t hash;
        TakerSet members;
        uint32_t n_connected; /* so many at the front of members */
        uint16_t name_length;
        uint8_t name[];
};

/* An empty group with one reference. 0 or -ENOMEM. */
int share_group_new(BigLock *lock, Bytes name, ShareGroup **ret_group);

static inline Bytes share_group_name(const ShareGroup *group)
{
        return (Bytes){group->name, group->name_length};
}

static inline bool share_group_is_empty(const ShareGroup *group)
{
        return group->members.n_takers == 0;
}

/* Adds the member, connected, or replaces it. 1: it is new, 0: it was there, -ENOMEM. */
int share_group_add(ShareGroup *group, const Taker *member);

/* Whether it was there. */
bool share_group_remove(ShareGroup *group, SessionId session);

void share_group_set_connected(ShareGroup *group, SessionId session, bool connected);

/* The router goes: no members, no lock. Whoever has a reference may still drop it or ask in vain.
 */
void share_group_disband(ShareGroup *group);
