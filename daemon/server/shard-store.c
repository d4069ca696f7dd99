/* SPDX-License-Identifier: Apache-2.0 */

/* A worker's part in the store. */

#include "server/shard-store.h"

/* Of the records of a turn: a guess. */
#define MESSAGES_ROOM 4096U
#define RETAINED_ROOM 128U

void shard_store_end_offering(ShardStore *store)
{
        StoreOffering *offering = &store->offering;

        buffer_clear(&offering->takers.bytes);
        offering->takers.count = 0;
        offering->is_lost = offering->handed_on = false;
}

Change **shard_store_messages(Shard *shard)
{
        ShardStore *store = shard->store;

        if (!store->messages)
                store->messages = change_new(true, MESSAGES_ROOM);
        return store->messages ? &store->messages : NULL;
}

void shard_store_tell(Shard *shard, uint32_t workers)
{
        shard->store->told_with |= workers & ~(UINT32_C(1) << shard->index);
}

Change *shard_store_retained(const Shard *shard, const Message *message)
{
        Change *change = change_new(false, RETAINED_ROOM + message_size(message));

        if (change)
                persist_retained(shard->store->persist, message, &change);
        return change;
}
