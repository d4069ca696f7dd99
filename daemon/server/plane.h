/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The data plane: what all workers share. Made before the first thread runs, ended after the last.
 * Everything in it is immutable, locks itself, or is atomic.
 *
 * Thread: any
 */
#pragma once

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "access/accounts.h"
#include "access/bans.h"
#include "access/neighbours.h"
#include "broker/owners.h"
#include "broker/retained.h"
#include "broker/router.h"
#include "server/ban-queue.h"
#include "server/event-queue.h"
#include "server/traces.h"
#include "util/bytes.h"
#include "util/siphash.h"
#include "util/work-pool.h"

typedef struct Shard Shard;
typedef struct PlaneStore PlaneStore;
typedef struct Http Http;

typedef struct Plane {
        Router *router;
        Retained *retained;
        PlaneStore *store; /* NULL: nothing is kept */

        Shard *shards;
        unsigned n_shards;
        Neighbours *neighbours;
        Accounts *accounts;
        Owners *owners;
        Bans *bans;
        BanQueue *ban_queue; /* who is to be banned, too */
        EventQueue *events;  /* what administrators are told of clients */
        Traces *traces;      /* which of their packets */
        WorkPool *helpers;   /* for what would hold up a worker */
        WorkPool *askers;    /* for what waits for others: helpers must not */
        Http *http;          /* answers what begins with HTTP */

        atomic_bool memory_pressure;   /* new work is refused */
        atomic_uint stragglers;        /* what helpers had not done when the workers ended */
        atomic_uint connections;       /* of all workers, for global_max_connections */
        atomic_uint newcomers;         /* of these, those that have not been let in yet */
        atomic_uint_fast64_t arrivals; /* a bucket, for global_max_connection_rate */
        atomic_uint sessions;          /* of all workers, for global_max_clients */
        sem_t answers;                 /* posted for each MAIL_PING */
        sem_t wills_published;         /* posted once by each worker for MAIL_WILLS */
} Plane;

/* The worker that owns the client identifier. */
static inline unsigned plane_owner(const Plane *plane, Bytes client_id)
{
        return plane->n_shards == 1
                       ? 0
                       : (unsigned)(hash_bytes(client_id.data, client_id.length) % plane->n_shards);
}

static inline bool plane_has_memory_pressure(const Plane *plane)
{
        return atomic_load_explicit(&plane->memory_pressure, memory_order_relaxed);
}
