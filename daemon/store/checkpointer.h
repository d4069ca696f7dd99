/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who puts into the tables what is pending, and then lets go of the journal up to there. It does so
 * in several transactions, so that no flush has much to write: until the last one the tables are
 * not whole. If it ends before, it is all done again by the journal.
 *
 * A disk that is full is no failure: it tries again, and until then it is stuck.
 *
 * Thread: the committer's, but for free: the owner of both
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/journal.h"
#include "store/pending.h"
#include "store/store.h"

typedef struct Checkpointer Checkpointer;

/* From the checkpointer's thread; without one: from checkpointer_try(). */
typedef struct CheckpointerEvents {
        void (*settled)(void *data);           /* what it had is in the tables */
        void (*idle)(void *data);              /* it could take over more */
        void (*failed)(void *data, int error); /* once; it does nothing any more */
        void *data;
} CheckpointerEvents;

/* `journal`: borrowed, or NULL. Without a thread of its own checkpointer_try() drives it. 0 or
 * -errno. */
int checkpointer_new(Store *store, Journal *journal, const CheckpointerEvents *events,
                     bool has_thread, Checkpointer **ret_checkpointer);
/* If it is stuck it tries once more. */
Checkpointer *checkpointer_free(Checkpointer *checkpointer);

/* Takes over what is pending, up to this batch of the journal. It is idle. */
void checkpointer_start(Checkpointer *checkpointer, Pending *pending, uint64_t number);

bool checkpointer_is_idle(Checkpointer *checkpointer);
bool checkpointer_is_stuck(Checkpointer *checkpointer);
/* Until it has put so much of what it has taken over into the tables, or is idle, or stuck, or has
 * failed. */
void checkpointer_wait(Checkpointer *checkpointer, unsigned percent);
/* Makes a file for the journal in advance, if there is none. */
void checkpointer_prepare(Checkpointer *checkpointer);

/* Without a thread: does what it has taken over, if anything. */
void checkpointer_try(Checkpointer *checkpointer);
