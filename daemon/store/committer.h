/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who writes to a store. Others hand over what is to be written and go on; the committer puts all
 * that has come meanwhile on the disk at once, and then tells how far that is done. At checkpoints
 * what is done is put into the tables too: it is settled, and can be read.
 *
 * What belongs together is a Change: it is written as a whole or not at all. Each thread that makes
 * changes has a lane; they are numbered in it from 1 on, are written in their order, and are done
 * and settled in their order. Between lanes: what was handed over before committer_submit() was
 * called in another lane is on the disk no later than what that hands over.
 *
 * Thread: new, free and what is said of each function
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/change.h"
#include "store/committer-events.h"
#include "store/store.h"
#include "util/clock.h"
#include "util/histogram.h"
#include "util/macro.h"

typedef struct Committer Committer;

typedef struct CommitterOptions {
        msec_t delay;              /* how long the first change waits for others; 0: not at all */
        msec_t checkpoint_after;   /* a checkpoint comes so long after the last, if there were
                                    * changes; 0: for no such reason */
        uint64_t checkpoint_bytes; /* or after so many bytes of changes; 0: a choice of its own.
                                    * They may also come earlier. */
        bool no_thread;            /* committer_turn() drives it */
} CommitterOptions;

/* The store outlives it; nobody else writes to it meanwhile. 0 or -errno. */
int committer_new(Store *store, const CommitterOptions *options, const CommitterEvents *events,
                  Committer **ret_committer);

/* Writes what was handed over, and settles it, tells, and ends the threads. The lanes go with it.
 * Thread: the owner, when nobody submits any more */
Committer *committer_free(Committer *committer);
DEFINE_CLEANUP(Committer, committer_free)

/* A lane for one thread at a time. Thread: the owner. 0 or -ENOMEM. */
int committer_lane(Committer *committer, void *lane_data, CommitLane **ret_lane);

/* Takes the change over, even if it fails, and numbers it. 0, -ENOMEM, or what the change has gone
 * wrong with. Thread: that of the lane */
int committer_submit(CommitLane *lane, Change *change, uint64_t *ret_number);

/*
 * The same, and it is written at once, by this thread, if nobody else has anything to write: for
 * who would only wait for it, and has nobody else to serve as long as that takes. Between threads
 * it would change hands twice. 1: it is done, done() does not tell; 0: as committer_submit().
 * Events may come from inside. Thread: that of the lane
 */
int committer_commit(CommitLane *lane, Change *change, uint64_t *ret_number);

/* How long a commit has taken at worst of late, ns. Thread: any */
uint64_t committer_commit_time(const Committer *committer);

/*
 * Room that is spoken for, as store_cost() counts it: who asks committer_has_room() for what he is
 * about to begin, and promises it then, is not refused at the end of it. A change that is handed
 * over takes what it says was `promised` along; what comes to nothing else is taken back by who
 * has promised. A change for which room was promised goes a little beyond the limit rather than be
 * refused: several may have asked at once. Thread: any
 */
bool committer_has_room(const Committer *committer, uint64_t cost);
void committer_promise(Committer *committer, uint64_t cost);
void committer_take_back(Committer *committer, uint64_t cost);

/* Bytes that were handed over and are not done. Thread: any */
uint64_t committer_backlog(const Committer *committer);

/* A checkpoint now, also with nothing to write; checkpointed() tells of its end. Thread: any. 0 or
 * -ENOMEM. */
int committer_checkpoint(Committer *committer, uint64_t *ret_number);

/* From the next commit on. Thread: any */
void committer_set_delay(Committer *committer, msec_t delay);

typedef struct CommitterCounters {
        uint64_t commits, changes, bytes, checkpoints, refused;
} CommitterCounters;

/* How long its commits to the disk have taken. Thread: any */
void committer_collect_times(const Committer *committer, HistogramSample *sum);

/* Each is a figure by itself. Thread: any */
CommitterCounters committer_counters(const Committer *committer);

/* One commit of what there is, and a checkpoint if one is due. False: there was nothing. Thread:
 * the owner, without a thread */
bool committer_turn(Committer *committer);
