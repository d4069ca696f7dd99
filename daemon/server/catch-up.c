/* SPDX-License-Identifier: Apache-2.0 */

/* A store that was switched on. */

#include "server/catch-up.h"

#include "broker/late-store.h"
#include "server/keeping.h"
#include "server/plane-store.h"
#include "server/shard-store.h"

static int hand_over(Shard *shard)
{
        ShardStore *store = shard->store;
        int r = late_store_sessions(shard->sessions, store->persist, store->lane,
                                    &store->submitted);

        if (r == 0)
                keeping_hand_over(shard); /* what is known of the sessions themselves */
        return r;
}

static int await_disk(const PlaneStore *store)
{
        while (committer_backlog(store->committer) > 0 && !plane_store_has_failed(store))
                plane_store_wait(store);
        return atomic_load(&store->error);
}

int catch_up(Plane *plane)
{
        const PlaneStore *store = plane->store;
        int r = 0;

        if (!store->is_stale)
                return 0;
        for (unsigned i = 0; r == 0 && i < plane->n_shards; i++)
                r = hand_over(&plane->shards[i]);
        if (r == 0)
                r = late_store_retained(plane->retained, plane->shards[0].store->persist,
                                        store->retained);
        return r < 0 ? r : await_disk(store);
}
