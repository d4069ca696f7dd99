/* SPDX-License-Identifier: Apache-2.0 */
/* The group of a shared subscription: its members and whose turn it is. */

#include "broker/share.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/macro.h"

int share_group_new(BigLock *lock, Bytes name, ShareGroup **ret_group)
{
        ShareGroup *group = malloc(sizeof(*group) + name.length);

        if (!group)
                return -ENOMEM;
        *group = (ShareGroup){.lock = lock, .name_length = (uint16_t)name.length};
        atomic_init(&group->references, 1);
        memcpy(group->name, name.data, name.length);
        *ret_group = group;
        return 0;
}

ShareGroup *share_group_ref(ShareGroup *group)
{
        atomic_fetch_add_explicit(&group->references, 1, memory_order_relaxed);
        return group;
}

ShareGroup *share_group_unref(ShareGroup *group)
{
        if (group && atomic_fetch_sub_explicit(&group->references, 1, memory_order_acq_rel) == 1) {
                taker_set_done(&group->members);
                free(group);
        }
        return NULL;
}

void share_group_disband(ShareGroup *group)
{
        taker_set_done(&group->members);
        group->n_connected = 0;
        group->lock = NULL;
}

/* Moves the member at the position to the part where it belongs now. */
static void group_move(ShareGroup *group, uint32_t position, bool connected)
{
        if ((position < group->n_connected) == connected)
                return;
        if (connected) {
                taker_set_swap(&group->members, position, group->n_connected);
                group->n_connected++;
        } else {
                group->n_connected--;
                taker_set_swap(&group->members, position, group->n_connected);
        }
}

int share_group_add(ShareGroup *group, const Taker *member)
{
        uint32_t position = taker_set_find(&group->members, member->session);
        bool is_new = position == TAKER_NOT_FOUND;

        if (is_new) {
                int r = taker_set_add(&group->members, member);

                if (r < 0)
                        return r;
                position = group->members.n_takers - 1;
        } else {
                group->members.takers[position] = *member;
        }
        group_move(group, position, true);
        return is_new;
}

bool share_group_remove(ShareGroup *group, SessionId session)
{
        uint32_t position = taker_set_find(&group->members, session);

        if (position == TAKER_NOT_FOUND)
                return false;
        if (position < group->n_connected) {
                group_move(group, position, false);
                position = group->n_connected;
        }
        taker_set_remove(&group->members, position);
        return true;
}

void share_group_set_connected(ShareGroup *group, SessionId session, bool connected)
{
        uint32_t position = taker_set_find(&group->members, session);

        if (position != TAKER_NOT_FOUND)
                group_move(group, position, connected);
}

/* The one whose turn it is of n, but not `except`. */
static const Taker *pick_of(const Taker *takers, uint32_t n, uint32_t turn, SessionId except)
{
        const Taker *taker;

        if (n == 0)
                return NULL;
        taker = &takers[turn % n];
        if (taker->session == except)
                taker = &takers[(turn + 1) % n];
        return taker->session == except ? NULL : taker;
}

bool share_group_pick(ShareGroup *group, unsigned worker, SessionId except, ShareMember *ret_member)
{
        const TakerSet *members = &group->members;
        uint32_t turn, n_connected;
        const Taker *taker;

        if (!group->lock)
                return false;

        _cleanup_(big_lock_reader_done) _unused_ BigLockReader guard =
                big_lock_reader(group->lock, worker);

        turn = atomic_fetch_add_explicit(&group->turn, 1, memory_order_relaxed);
        n_connected = group->n_connected;
        taker = pick_of(members->takers, n_connected, turn, except);
        if (!taker && n_connected < members->n_takers)
                taker = pick_of(members->takers + n_connected, members->n_takers - n_connected,
                                turn, except);
        if (!taker)
                return false;
        *ret_member = (ShareMember){
                .session = taker->session,
                .identifier = taker->identifier,
                .options = taker->options,
                .connected = taker < members->takers + n_connected,
        };
        return true;
}
