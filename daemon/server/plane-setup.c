/* SPDX-License-Identifier: Apache-2.0 */

/* The data plane as it is made and ends. */

#include "server/plane-setup.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "server/http.h"
#include "server/plane-store.h"
#include "server/retention.h"
#include "server/shard-loop.h"

/* Threads beside the workers. */
#define HELPERS_MAX 4U
/* They sleep most of the time: a directory that takes 50 ms for an answer serves 320 a second. */
#define ASKERS_MAX 16U
/* Of handshakes: some seconds of work, which clients wait for about as long. */
#define HELPERS_WAITING_MAX 4096U

/* A machine that has nothing else to do still must not do only this. */
static unsigned helper_threads(void)
{
        cpu_set_t cpus;

        if (sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
                return 1;
        return MIN((unsigned)CPU_COUNT(&cpus), HELPERS_MAX);
}

int plane_init(Plane *plane, Settings *settings)
{
        unsigned n = settings_workers(settings);
        int r;

        if (sem_init(&plane->wills_published, 0, 0) < 0 || sem_init(&plane->answers, 0, 0) < 0)
                return -errno;
        plane->shards = aligned_alloc(_Alignof(Shard), n * sizeof(*plane->shards));
        if (!plane->shards)
                return -ENOMEM;
        memset(plane->shards, 0, n * sizeof(*plane->shards));
        r = router_new(n, &plane->router);
        if (r == 0)
                r = retained_new(&plane->retained);
        if (r == 0)
                r = retained_count_authors(plane->retained, retention_counts(settings));
        if (r == 0)
                r = neighbours_new(&plane->neighbours);
        if (r == 0)
                r = accounts_new(n, &plane->accounts);
        if (r == 0)
                r = owners_new(&plane->owners);
        if (r == 0)
                r = bans_new(&plane->bans);
        if (r == 0)
                r = ban_queue_new(&plane->ban_queue);
        if (r == 0)
                r = event_queue_new(&plane->events);
        if (r == 0)
                r = traces_new(&plane->traces);
        if (r == 0)
                r = work_pool_new(helper_threads(), HELPERS_WAITING_MAX, &plane->helpers);
        if (r == 0)
                r = work_pool_new(ASKERS_MAX, HELPERS_WAITING_MAX, &plane->askers);
        if (r == 0)
                r = http_new(&plane->http);
        plane->n_shards = n;
        for (unsigned i = 0; r == 0 && i < n; i++)
                r = shard_init(&plane->shards[i], plane, i, settings);
        return r;
}

void plane_done(Plane *plane)
{
        work_pool_free(plane->helpers);
        work_pool_free(plane->askers);
        plane_store_close(plane);
        /* Sessions of one worker hold cursors and groups that all share: these go last. */
        for (unsigned i = 0; i < plane->n_shards; i++)
                shard_done(&plane->shards[i]);
        free(plane->shards);
        http_free(plane->http);
        plane_store_free(plane);
        retained_free(plane->retained);
        neighbours_free(plane->neighbours);
        accounts_free(plane->accounts);
        owners_free(plane->owners);
        bans_free(plane->bans);
        ban_queue_free(plane->ban_queue);
        event_queue_free(plane->events);
        traces_free(plane->traces);
        router_free(plane->router);
        sem_destroy(&plane->wills_published);
        sem_destroy(&plane->answers);
}
