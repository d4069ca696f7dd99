/* SPDX-License-Identifier: Apache-2.0 */

/* What the data plane counts, put together. */

#include "server/figures.h"

#include "server/plane-store.h"
#include "server/shard.h"

static uint64_t size_of(const atomic_size_t *counter)
{
        return atomic_load_explicit(counter, memory_order_relaxed);
}

static void add_shard(ServerCounters *sum, const Shard *shard)
{
        const SessionsCounters *sessions = sessions_counters(shard->sessions);

#define COUNTER_SUM(name)                                                                          \
        sum->name += atomic_load_explicit(&shard->counters.name, memory_order_relaxed);
        COUNTERS(COUNTER_SUM)
#undef COUNTER_SUM
        sum->sessions += size_of(&sessions->sessions);
        sum->sessions_away += size_of(&sessions->away);
        sum->sessions_expired += size_of(&sessions->expired);
        sum->publish_dropped += size_of(&sessions->dropped) + size_of(&sessions->expired_messages);
        sum->messages_queued += size_of(&sessions->queued);
        sum->messages_queued_bytes += size_of(&sessions->queued_bytes);
}

static void add_store(ServerCounters *sum, const PlaneStore *store)
{
        CommitterCounters counters;

        if (!store || !store->committer)
                return;
        counters = committer_counters(store->committer);
        sum->store_commits = counters.commits;
        sum->store_changes = counters.changes;
        sum->store_bytes = counters.bytes;
        sum->store_refused = counters.refused;
        sum->checkpoints = counters.checkpoints;
}

void figures_collect(const Plane *plane, ServerCounters *ret_counters)
{
        ServerCounters sum = {
                .subscriptions = router_count(plane->router),
                .shared_subscriptions = router_count_shared(plane->router),
                .retained = retained_count(plane->retained),
                .retained_bytes = retained_bytes(plane->retained),
        };

        for (unsigned i = 0; i < plane->n_shards; i++)
                add_shard(&sum, &plane->shards[i]);
        add_store(&sum, plane->store);
        *ret_counters = sum;
}

void figures_of_worker(const Shard *shard, WorkerCounters *ret_counters)
{
        const Counters *counters = &shard->counters;

        *ret_counters = (WorkerCounters){
                .clients_connected =
                        atomic_load_explicit(&counters->clients_connected, memory_order_relaxed),
                .sessions = size_of(&sessions_counters(shard->sessions)->sessions),
                .publish_received =
                        atomic_load_explicit(&counters->publish_received, memory_order_relaxed),
                .publish_sent = atomic_load_explicit(&counters->publish_sent, memory_order_relaxed),
                .turns = atomic_load_explicit(&shard->turns, memory_order_relaxed),
                .busy = atomic_load_explicit(&shard->busy, memory_order_relaxed),
        };
}

void figures_times(const Plane *plane, ServerTimes *ret_times)
{
        ServerTimes times = {};

        for (unsigned i = 0; i < plane->n_shards; i++) {
                histogram_collect(&plane->shards[i].delivery.histogram, &times.delivery);
                histogram_collect(&plane->shards[i].answers.histogram, &times.answers);
                histogram_collect(&plane->shards[i].handshakes, &times.handshakes);
        }
        if (plane->store && plane->store->committer)
                committer_collect_times(plane->store->committer, &times.commits);
        *ret_times = times;
}
