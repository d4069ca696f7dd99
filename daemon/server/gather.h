/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A question to all workers: each answers in its own turns, a slice at a time behind its traffic,
 * and who has asked waits for none of them but hears from an eventfd when the last has answered.
 * There is an answer in any case: a worker that ends, or has no memory, says so.
 *
 * Thread: control; gather_begin() and what follows it: worker
 */
#pragma once

#include "util/list.h"
#include "util/macro.h"

typedef struct Gather Gather;
typedef struct Shard Shard;

typedef enum GatherResult {
        GATHER_DONE = 0,
        GATHER_GOES_ON = 1, /* there is more, for the next turn */
        GATHER_WAITS = 2,   /* there is, when more changes of this worker are on the disk, or a
                             * receipt (receipt.h) is over */
} GatherResult;

/* A kind of question. */
typedef struct GatherType {
        /* By a worker, which has the question to itself as far as it concerns only this shard: one
         * slice. GatherResult, or -errno: there will be no more. */
        int (*work)(void *question, Shard *shard);
        /* By whoever is the last to have it; no worker is at it any more. */
        void (*free)(void *question);
} GatherType;

/* What a worker has to do. */
typedef struct GatherPart {
        List link; /* in shard->gathers, or shard->waiting */
        Gather *gather;
} GatherPart;

/* For n workers, not asked yet (server_gather()). The question is taken over on success. 0,
 * -ENOMEM or -errno. */
int gather_new(const GatherType *type, void *question, unsigned n, Gather **ret_gather);

/* Nobody wants the answer any more, if it is not there yet: workers that are at it leave off. */
Gather *gather_free(Gather *gather);
DEFINE_CLEANUP(Gather, gather_free)

/* Readable from when all have answered; then this is 0, or the first -errno of a worker
 * (-ESHUTDOWN: it has ended), and the question is the caller's alone. */
int gather_fd(const Gather *gather);
int gather_result(const Gather *gather);
void *gather_question(const Gather *gather);

/* --- workers --- */

/* The mail has come. */
void gather_begin(Shard *shard, Gather *gather);
/* In place of a worker that does not come to it: its answer, -errno. Thread: any */
void gather_refuse(Gather *gather, int error);
/* One slice of one question, in the order of their coming. */
void gather_go_on(Shard *shard);
/* Changes are on the disk: those that wait go on in this turn, or the next. */
void gather_wake(Shard *shard);
/* The worker ends. */
void gather_end(Shard *shard);
