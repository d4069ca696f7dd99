/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What all workers share of the store: the one that writes, and what it tells. Each worker has its
 * part in shard-store.h. Without persistence there is neither.
 *
 * Thread: any; open and close: control, while no worker runs
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "broker/persist.h"
#include "config/settings.h"
#include "server/plane.h"
#include "store/committer.h"
#include "util/clock.h"

typedef struct PlaneStore {
        Plane *plane;
        Store *disk; /* until plane_store_free() */
        Committer *committer;
        CommitLane *retained; /* the lane of the retained messages */
        PersistNumbers numbers;
        Takers *takers;
        bool has_thread;  /* the committer */
        bool is_stale;    /* the state comes from a process that did not keep the store up */
        int news;         /* an eventfd: `error` is set */
        atomic_int error; /* the store failed: nothing is written, or told, any more */
        atomic_uint_fast64_t checkpointed; /* the number of the last checkpoint that has ended */
        atomic_bool is_full; /* what needs room is refused, until a worker has found some */
} PlaneStore;

/* Makes it, with no store yet, if it is not there. 0 or -errno. */
int plane_store_new(Plane *plane);

/* The same, with this store. The workers get their parts by keeping_open(). As server_open_store().
 */
int plane_store_open(Plane *plane, Store *store, const Settings *settings, bool has_thread);

/* What is live of it. Takes a plane without one. */
void plane_store_set(const Plane *plane, const Settings *settings);

/* Writes what was handed over, and waits for that; nothing more is. Takes a plane without one. */
void plane_store_close(Plane *plane);
/* When the workers are gone. */
void plane_store_free(Plane *plane);

/* A moment in which the committer may get on. */
void plane_store_wait(const PlaneStore *store);

/* It failed, or as good as. Idempotent. */
void plane_store_fail(PlaneStore *store, int error);

static inline bool plane_store_has_failed(const PlaneStore *store)
{
        return atomic_load_explicit(&store->error, memory_order_acquire) != 0;
}

static inline bool plane_store_is_full(const PlaneStore *store)
{
        return atomic_load_explicit(&store->is_full, memory_order_relaxed);
}
