/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the committer tells, from its threads: done and refused from one, settled and checkpointed
 * from another, failed from either. They must be quick, and must not wait for anybody. Mail is
 * meant.
 *
 * Thread: those of the committer (committer.h); but for settled and checkpointed also one in
 * committer_commit()
 */
#pragma once

#include <stdint.h>

typedef struct CommitLane CommitLane;

typedef struct CommitterEvents {
        /* All changes of the lane up to this one are done: on the disk, but for those of which
         * refused() told before. They need not be in the tables yet. */
        void (*done)(void *lane_data, uint64_t number);
        /* This one was not written, nothing of it: -EDQUOT or -ENOSPC (only those with
         * `may_refuse`, unless the disk is so full that nothing can be written), -ENOMEM, -EINVAL.
         */
        void (*refused)(void *lane_data, uint64_t number, int error);
        /* All changes of the lane up to this one, which are done, are in the tables:
         * store_begin_read() sees them. Of a store in memory that is at once. */
        void (*settled)(void *lane_data, uint64_t number);
        /* The checkpoint with this number, and all before, are over: what was handed over before
         * committer_checkpoint() gave the number is settled, as settled() has told. */
        void (*checkpointed)(void *data, uint64_t number);
        /* Once: the disk failed (-EIO), or the store is damaged. Nothing is written any more,
         * nothing is done or settled, no checkpoint ends. */
        void (*failed)(void *data, int error);
        void *data;
} CommitterEvents;
