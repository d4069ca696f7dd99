/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is written next: changes are added, and then all of them are put on the disk at once. Until
 * a checkpoint they are pending, so that memory is bounded by how often there is one.
 *
 * Thread: the committer's
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/change.h"
#include "store/journal.h"
#include "store/pending.h"
#include "store/store.h"
#include "store/tail.h"
#include "util/buffer.h"
#include "util/clock.h"

typedef struct Writer {
        Store *store;
        Journal *journal; /* NULL: in memory */
        Pending *pending;
        Horizon horizon;
        Buffer buffer;
        uint32_t n_items;
        StoreUsage usage;
        msec_t looked;           /* at the usage, when */
        uint64_t max_size;       /* was that of the store */
        bool has_looked;         /* in this batch */
        atomic_bool is_stale;    /* it has changed since */
        _Atomic uint64_t handed; /* what the checkpointer has takes so much of the limit */
        uint64_t elsewhere;      /* what is in the tables or with the checkpointer, of the limit */
        uint64_t bytes;          /* written since the last checkpoint began */
        /* Of the tail, at most, what the tables will take for what was added, for what was written
         * since, and for what the checkpointer has: now, and when the last batch began. */
        uint64_t staged_tail, written_tail;
        _Atomic uint64_t handed_tail;
        uint64_t elsewhere_tail;
        StoreTail tail;
} Writer;

/* 0 or -errno; then writer_done() need not be called. */
int writer_init(Writer *writer, Store *store);
/* Nothing is done any more that is not settled. */
void writer_done(Writer *writer);

/* What is to be added comes now. 0 or -ENOMEM. */
int writer_begin(Writer *writer);
/* Adds all of a change or nothing. 0; -EDQUOT, -ENOSPC: one that may be refused has no room;
 * -EINVAL, -ENOMEM. */
int writer_add(Writer *writer, const Change *change);
/* Puts all that was added on the disk, if anything was. Else, as journal_write(): nothing is done
 * of it. */
int writer_end(Writer *writer);

/* What of the limit is left for others, as it was when the last batch began or a little before. */
uint64_t writer_room(Writer *writer);

/* How many bytes a checkpoint may come after at most, if the caller wants `bytes`: 0, any. */
uint64_t writer_bound(const Writer *writer, uint64_t bytes);
/* How near to this bound what is pending has come, in percent, 100 at most. */
unsigned writer_fill(const Writer *writer, uint64_t bound);

/* Hands over what is pending, and the number of the last batch in it. NULL: no memory; later. */
Pending *writer_take(Writer *writer, uint64_t *ret_number);
/* What was handed over is in the tables. Thread: any */
void writer_settled(Writer *writer);
