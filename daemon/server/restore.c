/* SPDX-License-Identifier: Apache-2.0 */

/* From the store into the workers. */

#include "server/restore.h"

#include "broker/persist-load.h"
#include "server/client-session.h"
#include "server/plane-store.h"
#include "server/shard.h"

static Sessions *sessions_of(void *data, Bytes client_id)
{
        Plane *plane = data;

        return plane->shards[plane_owner(plane, client_id)].sessions;
}

static int load(Plane *plane, StoreTxn *txn, unsigned flags, PersistImage *image,
                Restored *restored)
{
        const msec_t now = clock_boottime();
        const PersistTarget target = {
                .router = plane->router,
                .retained = plane->retained,
                .takers = plane->store->takers,
                .sessions_of = sessions_of,
                .data = plane,
                .clock = persist_clock_at(now, clock_realtime_ms()),
                .now = now,
                .shelves = !(flags & RESTORE_READ_ONLY), /* nobody would read them again */
        };
        PersistLoaded loaded;
        int r = persist_load(txn, image, &target, &loaded);

        if (r < 0)
                return r;
        restored->sessions = loaded.sessions;
        restored->subscriptions = loaded.subscriptions;
        restored->messages = loaded.messages;
        restored->retained = loaded.retained;
        restored->expired = loaded.expired;
        atomic_store_explicit(&plane->sessions, (unsigned)loaded.sessions, memory_order_relaxed);
        return 0;
}

static int read_image(Plane *plane, Store *store, unsigned flags, PersistImage **ret_image,
                      Restored *restored)
{
        _cleanup_(persist_image_freep) PersistImage *image = NULL;
        _cleanup_(store_abortp) StoreTxn *txn = NULL;
        int r;

        r = store_begin_read(store, &txn);
        if (r == 0)
                r = persist_replay(txn, &image);
        if (r == 0)
                r = flags & RESTORE_STATE ? load(plane, txn, flags, image, restored)
                                          : persist_load_takers(txn, image, plane->store->takers);
        if (r < 0)
                return r;
        *ret_image = TAKE_PTR(image);
        return 0;
}

/* Once, at a start: there may be many. */
static int tidy(Store *store, const PersistImage *image)
{
        StoreTxn *txn;
        int r;

        if (image->damaged.count == 0 && image->leftover.count == 0)
                return 0;
        r = store_begin_write(store, &txn);
        if (r < 0)
                return r;
        r = persist_set_aside(txn, image);
        if (r < 0) {
                store_abort(txn);
                return r;
        }
        return store_commit(txn);
}

int server_restore(Server *server, Store *store, unsigned flags, Restored *ret_restored)
{
        _cleanup_(persist_image_freep) PersistImage *image = NULL;
        Plane *plane = server_plane(server);
        Restored restored = {};
        int r;

        r = plane_store_new(plane);
        if (r == 0)
                r = read_image(plane, store, flags, &image, &restored);
        if (r == 0 && !(flags & RESTORE_READ_ONLY))
                r = tidy(store, image);
        if (r < 0)
                return r;
        persist_numbers_init(&plane->store->numbers, image->last_message, image->last_session);
        restored.damaged = image->damaged.count;
        for (unsigned i = 0; i < plane->n_shards; i++)
                client_sessions_arm(&plane->shards[i]);
        *ret_restored = restored;
        return 0;
}
