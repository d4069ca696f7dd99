/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A worker's part in the store: its lane, what of this turn is to be written, and what waits for
 * that. What goes on with it: publications.h, taken.h, answer.h, and keeping.h above them.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "broker/persist.h"
#include "broker/ring.h"
#include "server/alone.h"
#include "server/held.h"
#include "server/shard.h"
#include "store/change.h"
#include "store/committer.h"

/* The message that is being offered to the sessions of this worker. */
typedef struct StoreOffering {
        PersistTakerList takers; /* which have taken it and last */
        bool is_lost;            /* there was no memory to note one */
        bool handed_on;          /* another worker will tell in its place */
} StoreOffering;

/* With this change all messages up to this number are written; so many workers wait for that. */
typedef struct StoreRound {
        uint64_t change, message;
        uint32_t workers;
} StoreRound;

typedef struct ShardStore {
        CommitLane *lane;
        Persist *persist; /* of the sessions: collects small facts */
        Held held;
        Alone alone; /* see keeping_end_flush() */
        StoreOffering offering;
        struct Publications *publications;
        struct Taken *taken;
        Change *messages;              /* of this turn; NULL: none yet */
        uint64_t submitted;            /* the last change that was handed over */
        uint64_t durable;              /* the last one that is on the disk */
        uint64_t facts;                /* the last one that has small facts */
        uint64_t refused;              /* the last one that was not written */
        Ring rounds;                   /* StoreRound */
        uint64_t confirmed;            /* messages of this worker up to this one are written, */
        uint32_t to_tell;              /* which these workers are to hear, */
        uint32_t told_with;            /* and these when this turn's changes are */
        bool has_answers;              /* for others, which there was no memory to mail */
        msec_t clock_due;              /* when the calendar is looked at */
        msec_t probe_due;              /* when a store that was full is asked again; 0: it is not */
        uint64_t probe;                /* the change that asks; 0: none is under way */
        StoreRound last_round, sample; /* see shelf_settled() */
        uint32_t sweep_at;             /* the session that is looked at next; 0: none */
        bool sweeps;                   /* from the first one on */
        uint64_t trimmed;              /* sessions_shelved() when memory was given back */
        void *fence;                   /* see shelf_turn(); NULL: there is none */
} ShardStore;

/* The next message. */
void shard_store_end_offering(ShardStore *store);

/* Where records of messages are to be put, which a store that is full may refuse; NULL: no memory.
 * The number of that change will be shard_store_next(). */
Change **shard_store_messages(Shard *shard);
static inline uint64_t shard_store_next(const ShardStore *store)
{
        return store->submitted + 1;
}
/* That change has what these workers have told: they hear when it is written. */
void shard_store_tell(Shard *shard, uint32_t workers);

/* That this message is retained; NULL: no memory. For the lane of retained messages. */
Change *shard_store_retained(const Shard *shard, const Message *message);

/* Whether what lasts of this session is kept. */
static inline bool shard_keeps(const Shard *shard, const Session *session)
{
        return shard->store && session_number(session) > 0;
}

/* Whether it must be on the disk before it is told. */
static inline bool shard_is_strict(const Shard *shard)
{
        return shard->store && shard->settings->durability == DURABILITY_STRICT;
}
