/* SPDX-License-Identifier: Apache-2.0 */

/* What all workers share of the store. */

#include "server/plane-store.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "broker/late-store.h"
#include "server/shard.h"

/* What was written is put into the tables so often, or after so many bytes. */
#define CHECKPOINT_TIME  5000U
#define CHECKPOINT_BYTES (UINT64_C(64) * 1024 * 1024)
/* With `durability relaxed`: how long what was acknowledged may wait for the disk, s. */
#define RELAXED_DELAY_MAX 1U

void plane_store_fail(PlaneStore *store, int error)
{
        int none = 0;

        if (atomic_compare_exchange_strong(&store->error, &none, error))
                (void)eventfd_write(store->news, 1);
}

/* --- what the committer tells: from its threads --- */

/* A lane has its worker; that of the retained messages has none, nobody waits for it. */
static void on_done(void *lane_data, uint64_t number)
{
        const Mail mail = {.kind = MAIL_DURABLE, .commit = number};
        Shard *shard = lane_data;

        if (shard && !plane_store_has_failed(shard->plane->store) &&
            shard_mail_from_outside(shard, &mail) < 0)
                atomic_store_explicit(&shard->unsaid, number, memory_order_release);
}

static void on_refused(void *lane_data, uint64_t number, int error)
{
        const Mail mail = {.kind = MAIL_REFUSED, .commit = number};
        Shard *shard = lane_data;

        if (shard && shard_mail_from_outside(shard, &mail) < 0)
                plane_store_fail(shard->plane->store, error);
}

/* Without memory for the mail the next checkpoint tells. */
static void on_settled(void *lane_data, uint64_t number)
{
        const Mail mail = {.kind = MAIL_SETTLED, .commit = number};
        Shard *shard = lane_data;

        if (shard)
                (void)shard_mail_from_outside(shard, &mail);
}

static void on_checkpointed(void *data, uint64_t number)
{
        PlaneStore *store = data;

        atomic_store(&store->checkpointed, number);
}

void plane_store_wait(const PlaneStore *store)
{
        if (store->has_thread)
                usleep(500);
        else
                committer_turn(store->committer);
}

static void on_failed(void *data, int error)
{
        plane_store_fail(data, error);
}

/* --- its life --- */

static msec_t commit_delay(const Settings *settings)
{
        return settings->durability == DURABILITY_STRICT
                       ? settings->group_commit_delay
                       : MIN(settings->autosave_interval, (uint64_t)RELAXED_DELAY_MAX) *
                                 MSEC_PER_SEC;
}

void plane_store_set(const Plane *plane, const Settings *settings)
{
        if (plane->store && plane->store->committer)
                committer_set_delay(plane->store->committer, commit_delay(settings));
}

static int make_committer(PlaneStore *store, Store *disk, const Settings *settings, bool has_thread)
{
        const CommitterOptions options = {
                .delay = commit_delay(settings),
                .checkpoint_after = CHECKPOINT_TIME,
                .checkpoint_bytes = CHECKPOINT_BYTES,
                .no_thread = !has_thread,
        };
        const CommitterEvents events = {
                .done = on_done,
                .refused = on_refused,
                .settled = on_settled,
                .checkpointed = on_checkpointed,
                .failed = on_failed,
                .data = store,
        };

        return committer_new(disk, &options, &events, &store->committer);
}

int plane_store_new(Plane *plane)
{
        PlaneStore *store;

        if (plane->store)
                return 0;
        store = calloc(1, sizeof(*store));
        if (!store)
                return -ENOMEM;
        plane->store = store;
        store->plane = plane;
        store->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        return store->news < 0 ? -errno : takers_new(&store->takers);
}

/* A cursor does not outlive what it stands on. */
static int delete_first(StoreTxn *txn, unsigned table)
{
        StoreCursor *cursor;
        Bytes key, value;
        int r = store_cursor_new(txn, table, &cursor);

        if (r < 0)
                return r;
        r = store_cursor_seek(cursor, (Bytes){}, &key, &value);
        store_cursor_free(cursor);
        return r > 0 ? store_delete(txn, table, key) : r;
}

/* What is in there was true before a time without a store: a session of then must not take the
 * place of the one of now. What was set aside stays. */
static int empty(Store *disk)
{
        StoreTxn *txn;
        int r = store_begin_write(disk, &txn);

        if (r < 0)
                return r;
        for (unsigned table = PERSIST_META + 1; table < PERSIST_DAMAGED && r >= 0; table++)
                do
                        r = delete_first(txn, table);
                while (r > 0);
        if (r < 0) {
                store_abort(txn);
                return r;
        }
        return store_commit(txn);
}

/* Nor do numbers in memory mean anything. */
static int begin_anew(Plane *plane, Store *disk)
{
        PlaneStore *store = plane->store;

        for (unsigned i = 0; i < plane->n_shards; i++)
                late_store_forget(plane->shards[i].sessions);
        store->takers = takers_free(store->takers);
        if (takers_new(&store->takers) < 0)
                return -ENOMEM;
        return empty(disk);
}

int plane_store_open(Plane *plane, Store *disk, const Settings *settings, bool has_thread)
{
        PlaneStore *store;
        int r = plane_store_new(plane);

        if (r < 0)
                return r;
        store = plane->store;
        store->has_thread = has_thread;
        store->disk = disk;
        if (store->is_stale)
                r = begin_anew(plane, disk);
        if (r == 0)
                r = make_committer(store, disk, settings, has_thread);
        if (r == 0)
                r = committer_lane(store->committer, NULL, &store->retained);
        if (r == 0)
                retained_use_lane(plane->retained, store->retained);
        return r;
}

void plane_store_close(Plane *plane)
{
        PlaneStore *store = plane->store;

        if (!store)
                return;
        if (plane->retained)
                retained_use_lane(plane->retained, NULL);
        store->committer = committer_free(store->committer);
}

void plane_store_free(Plane *plane)
{
        PlaneStore *store = plane->store;

        if (!store)
                return;
        plane_store_close(plane);
        takers_free(store->takers);
        if (store->news >= 0)
                close(store->news);
        free(store);
        plane->store = NULL;
}
