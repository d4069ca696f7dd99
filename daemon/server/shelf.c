/* SPDX-License-Identifier: Apache-2.0 */

/* Out of memory into the tables, and back. */

#include "server/shelf.h"

#include <malloc.h>
#include <stdlib.h>

#include "broker/persist-key.h"
#include "broker/persist-load.h"
#include "server/plane-store.h"
#include "server/shard-store.h"

/* So many sessions in a turn, and messages of each. */
#define SLICE_SESSIONS 256U
#define SLICE_MESSAGES 1024U
/* Memory is given back after so many bytes of messages; at the end of a walk also if it is less. */
#define TRIM_MAX (UINT64_C(16) * 1024 * 1024)
#define TRIM_MIN (UINT64_C(1) * 1024 * 1024)
/* More than most gaps have, but not as much as has a mapping of its own. */
#define FENCE_SIZE ((size_t)80 * 1024)

/* --- reading --- */

static int read_one(StoreTxn *txn, const PersistClock *clock, uint64_t number,
                    Message **ret_message)
{
        PersistKey key = persist_key_message(number);
        PersistMessage message;
        Bytes value;
        int r = store_get(txn, PERSIST_LOG, persist_key_bytes(&key), &value);

        if (r <= 0)
                return r;
        /* A damaged one is as good as none; the next start sets it aside. */
        if (persist_message_get(value, &message) < 0 || message.number != number)
                return 0;
        return persist_load_message(clock, &message, ret_message);
}

static int fetch(void *data, const uint64_t *numbers, size_t n, Message **ret_messages)
{
        const Shard *shard = data;
        const PersistClock clock = persist_clock_at(loop_clock(&shard->loop), clock_realtime_ms());
        _cleanup_(store_abortp) StoreTxn *txn = NULL;
        int r = store_begin_read(shard->plane->store->disk, &txn);

        for (size_t i = 0; i < n && r >= 0; i++) {
                ret_messages[i] = NULL;
                r = read_one(txn, &clock, numbers[i], &ret_messages[i]);
        }
        if (r >= 0)
                return 0;
        for (size_t i = 0; i < n; i++)
                ret_messages[i] = message_unref(ret_messages[i]);
        return r;
}

void shelf_open(Shard *shard)
{
        sessions_set_fetch(shard->sessions, fetch, shard);
        shard->store->sweeps = true; /* what a start has brought is in the tables */
}

/* --- what is in the tables --- */

/* A round that is over says which messages go with a change. Under steady traffic the last one
 * never is in the tables yet: then the one that was the last when this was told before. */
void shelf_settled(Shard *shard, uint64_t change)
{
        ShardStore *store = shard->store;
        const StoreRound *round =
                change >= store->last_round.change ? &store->last_round : &store->sample;
        Mail mail = {
                .kind = MAIL_IN_TABLES,
                .confirmed = {.message = round->message, .worker = shard->index},
        };

        if (change >= round->change && round->message > 0) {
                for (unsigned i = 0; i < shard->plane->n_shards; i++)
                        if (i != shard->index)
                                (void)shard_mail(shard, i, &mail); /* the next one says more */
                shelf_learn(shard, shard->index, round->message);
        }
        store->sample = store->last_round;
}

void shelf_learn(Shard *shard, unsigned worker, uint64_t message)
{
        persist_settle(shard->store->persist, worker, message);
        shard->store->sweeps = true;
}

/* --- looking --- */

/* What many small messages have taken glibc keeps, for there is always one behind them that lives.
 */
static void give_memory_back(Shard *shard)
{
        ShardStore *store = shard->store;
        const uint64_t shelved = sessions_shelved(shard->sessions);
        const uint64_t least = store->sweep_at == 0 ? TRIM_MIN : TRIM_MAX;

        if (shelved - store->trimmed < least)
                return;
        store->trimmed = shelved;
        malloc_trim(0);
}

/*
 * malloc_trim() leaves what is free at the end of a thread's heap, which may be megabytes. So there
 * is something behind the messages while they leave: what they took is a gap then, which is given
 * back like any other, and joins the end when it is empty. Nobody writes to it; without memory for
 * it nothing is lost.
 */
static void put_fence(ShardStore *store)
{
        store->fence = malloc(FENCE_SIZE);
}

static void drop_fence(ShardStore *store)
{
        free(store->fence);
        store->fence = NULL;
}

void shelf_turn(Shard *shard)
{
        ShardStore *store = shard->store;

        if (store->sweep_at == 0) {
                if (!store->sweeps)
                        return;
                store->sweeps = false;
                put_fence(store);
        }
        store->sweep_at =
                sessions_shelve(shard->sessions, store->sweep_at, SLICE_SESSIONS, SLICE_MESSAGES);
        give_memory_back(shard);
        if (store->sweep_at == 0)
                drop_fence(store);
}

void shelf_close(Shard *shard)
{
        drop_fence(shard->store);
}

bool shelf_is_busy(const Shard *shard)
{
        return shard->store->sweeps || shard->store->sweep_at > 0;
}
