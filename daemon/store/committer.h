/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The one thread that writes to a store. Others hand it what is to be written and go on; it writes
 * all that has come meanwhile in one transaction and then tells how far that is on the disk.
 *
 * What belongs together is a Change: it is written as a whole or not at all. Each thread that makes
 * changes has a lane; they are numbered in it from 1 on, are written in their order, and are done
 * in their order. Nothing is promised between lanes.
 *
 * Thread: new, free and what is said of each function
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/change.h"
#include "store/store.h"
#include "util/clock.h"
#include "util/macro.h"

/* A commit takes so many changes or bytes at most; what is above waits for the next. */
#define COMMIT_MAX_CHANGES 4096U
#define COMMIT_MAX_BYTES   ((size_t)4 * 1024 * 1024)

typedef struct Committer Committer;
typedef struct CommitLane CommitLane;

/*
 * What the committer tells, from its thread: it must be quick, and must not wait for anybody. Mail
 * is meant.
 */
typedef struct CommitterEvents {
        /* All changes of the lane up to this one are done: on the disk, but for those of which
         * refused() told before. */
        void (*done)(void *lane_data, uint64_t number);
        /* This one was not written, nothing of it: -EDQUOT or -ENOSPC (only those with
         * `may_refuse`, unless the disk is so full that nothing can be written), -ENOMEM, -EINVAL.
         */
        void (*refused)(void *lane_data, uint64_t number, int error);
        /* In the transaction of a commit, when one is due: what the caller wants to be in it too.
         * When the commit fails for want of room it is asked again in the next one. What it returns
         * is not looked at: what it has put is in it. May be NULL. */
        void (*checkpoint)(void *data, StoreTxn *txn);
        /* Once: the disk failed (-EIO), or the store is damaged. Nothing is written any more,
         * nothing is done. */
        void (*failed)(void *data, int error);
        void *data;
} CommitterEvents;

typedef struct CommitterOptions {
        msec_t delay;              /* how long the first change waits for others; 0: not at all */
        msec_t checkpoint_after;   /* a checkpoint is due so long after the last, if there were
                                    * changes; 0: never */
        uint64_t checkpoint_bytes; /* or after so many bytes of changes; 0: never */
        bool no_thread;            /* committer_turn() drives it */
} CommitterOptions;

/* The store outlives it; nobody else writes to it meanwhile. 0 or -errno. */
int committer_new(Store *store, const CommitterOptions *options, const CommitterEvents *events,
                  Committer **ret_committer);

/* Writes what was handed over, tells, and ends the thread. The lanes go with it. Thread: the owner,
 * when nobody submits any more */
Committer *committer_free(Committer *committer);
DEFINE_CLEANUP(Committer, committer_free)

/* A lane for one thread at a time. Thread: the owner. 0 or -ENOMEM. */
int committer_lane(Committer *committer, void *lane_data, CommitLane **ret_lane);

/* Takes the change over, even if it fails, and numbers it. 0, -ENOMEM, or what the change has gone
 * wrong with. Thread: that of the lane */
int committer_submit(CommitLane *lane, Change *change, uint64_t *ret_number);

/* Bytes that were handed over and are not done. Thread: any */
uint64_t committer_backlog(const Committer *committer);

/* A checkpoint with the next commit, which is now. Thread: any. 0 or -ENOMEM. */
int committer_checkpoint(Committer *committer);

/* From the next commit on. Thread: any */
void committer_set_delay(Committer *committer, msec_t delay);

typedef struct CommitterCounters {
        uint64_t commits, changes, bytes, checkpoints, refused;
} CommitterCounters;

/* Each is a figure by itself. Thread: any */
CommitterCounters committer_counters(const Committer *committer);

/* One commit of what there is. False: there was nothing. Thread: the owner, without a thread */
bool committer_turn(Committer *committer);
