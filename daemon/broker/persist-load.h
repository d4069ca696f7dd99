/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Makes the model out of what the store has: retained messages, and sessions as they were, without
 * their connections. Who was connected is away from now on; what was due meanwhile is due at once;
 * retained messages that have expired, and those that nobody but a queue has, are left out.
 *
 * Thread: any (one at a time, before there are workers)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "broker/persist-replay.h"
#include "broker/persist-takers.h"
#include "broker/retained.h"
#include "broker/router.h"
#include "broker/sessions.h"
#include "util/clock.h"

/* What both clocks show: boot time in ms, seconds since the epoch. */
typedef struct PersistClock {
        msec_t boottime;
        uint64_t realtime;
} PersistClock;

/* Both when the second began: else what is stored and read again could expire later. */
static inline PersistClock persist_clock_at(msec_t boottime, uint64_t realtime_ms)
{
        return (PersistClock){boottime - realtime_ms % MSEC_PER_SEC, realtime_ms / MSEC_PER_SEC};
}

/* The message as it is in memory. 0 or -ENOMEM. */
int persist_load_message(const PersistClock *clock, const PersistMessage *message,
                         Message **ret_message);

typedef struct PersistTarget {
        Router *router;
        Retained *retained;
        Takers *takers;
        /* The sessions of the worker that the client identifier belongs to; they have no Persist
         * yet, for what is made is stored already: sessions_set_persist() comes afterwards. */
        Sessions *(*sessions_of)(void *data, Bytes client_id);
        void *data;
        PersistClock clock;
        msec_t now;   /* since when who was connected is away: the clock's second began earlier */
        bool shelves; /* messages that wait stay in the store, where they can be (sender-shelf.h) */
} PersistTarget;

typedef struct PersistLoaded {
        uint64_t sessions, subscriptions, messages, retained;
        uint64_t expired; /* messages that were left out */
} PersistLoaded;

/*
 * The image is that of the same state of the store, and is used up. What was left out is added to
 * its leftovers: persist_set_aside() comes afterwards. 0, -ENOMEM, or what the store says; then the
 * model is not complete and of no use.
 */
int persist_load(StoreTxn *txn, PersistImage *image, const PersistTarget *target,
                 PersistLoaded *ret_loaded);

/*
 * Only who has taken what: for a model that comes from elsewhere (state-reader.h) and is that of
 * the same state of the store. Without it the first of several takers would delete what is the
 * others'. As above.
 */
int persist_load_takers(StoreTxn *txn, PersistImage *image, Takers *takers);
