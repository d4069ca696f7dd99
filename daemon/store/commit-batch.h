/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What one commit takes: the first of the changes that wait. Each is written as a whole or refused
 * as a whole.
 *
 * Thread: the committer's, or who stands in for it
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "store/checkpointer.h"
#include "store/schedule.h"
#include "store/teller.h"
#include "store/writer.h"

/* A commit takes so many changes or bytes at most; what is above waits for the next. */
#define COMMIT_MAX_CHANGES 4096U
#define COMMIT_MAX_BYTES   ((size_t)4 * 1024 * 1024)

/* What comes by mail. */
typedef struct CommitMail {
        Change *change;      /* or NULL */
        uint64_t checkpoint; /* its number, or 0: with neither, only to wake it */
} CommitMail;

typedef struct CommitBatch {
        CommitMail *mails;
        size_t count, bytes;
        uint64_t checkpoint; /* that was asked for: the last thing in it */
} CommitBatch;

/* Where it is written, and who hears of what is not. */
typedef struct CommitTarget {
        Writer *writer;
        Schedule *schedule;
        Checkpointer *checkpointer;
        Teller *teller;
} CommitTarget;

/* What a change counts for in a batch. */
static inline size_t commit_cost(const Change *change)
{
        return sizeof(*change) + change->head.length;
}

/* The first of these, as many as one commit takes. */
CommitBatch commit_batch_take(CommitMail *mails, size_t n);

/* On the disk, but for what is refused: *ret_refused changes. 0 or as writer_end(); -ENOSPC and
 * -ENOMEM are refusals. */
int commit_batch_write(const CommitBatch *batch, const CommitTarget *target, size_t *ret_refused);
