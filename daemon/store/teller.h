/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who tells the lanes of a committer how far they are, and when it is over.
 *
 * Thread: the committer's, the checkpointer's, one that commits; but init and done: the owner
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/change.h"
#include "store/committer-events.h"
#include "util/list.h"

struct CommitLane {
        List link;
        struct Committer *committer;
        void *data;
        uint64_t submitted; /* by its thread */
        uint64_t reached;   /* by the committer: the last one that it has taken */
        /* Of the teller, by its lock: */
        uint64_t told;
        uint64_t handed; /* what becomes settled next */
        uint64_t settled;
};

typedef struct Teller {
        CommitterEvents events;
        pthread_mutex_t lock; /* of what follows, and of telling */
        List lanes;
        uint64_t checkpoint_handed, checkpoint_told;
        int error; /* it is over */
} Teller;

void teller_init(Teller *teller, const CommitterEvents *events);
/* The lanes go with it. */
void teller_done(Teller *teller);

/* 0 or -ENOMEM. Thread: any */
int teller_add_lane(Teller *teller, void *lane_data, CommitLane **ret_lane);

/* This change is refused, and has this error from now on. */
void teller_refuse(Teller *teller, Change *change, int error);

/* All that was reached is done. */
void teller_tell_done(Teller *teller);

/* All that was reached in this lane is done, and it knows. False: it is over. */
bool teller_end_quietly(Teller *teller, CommitLane *lane);

/* What is done now is what becomes settled next, with the checkpoints up to this number. */
void teller_hand_over(Teller *teller, uint64_t checkpoint);
void teller_tell_settled(Teller *teller);

/* Nothing is told after this. */
void teller_fail(Teller *teller, int error);
bool teller_has_failed(Teller *teller);
