/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a journal has that the tables have not, put into them when a store is opened.
 *
 * A journal ends where a batch is torn or missing and no later one is there: that was never done.
 * If there are later ones, what is between them is lost, which is told, and they count.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/folder.h"
#include "store/types.h"

typedef struct JournalReplay {
        uint64_t records; /* that were put or deleted */
        uint64_t lost;    /* batches */
        bool is_alien;    /* it is the journal of other tables, or of these when they were newer */
        uint64_t number;  /* from which on batches may be numbered */
} JournalReplay;

/*
 * `mark`: of the tables, which change with it; NULL: nobody knows how far they are, so what counts
 * is all that leads up to the journal's end without a gap. If something is lost or alien the files
 * are renamed to STORE_FILE_DAMAGED and theirs. 0 or -errno: then it may be done again.
 */
int journal_replay(Store *store, const JournalMark *mark, JournalReplay *ret_replay);

/* Removes the files: the tables have got all, or they are those of another journal. A few are kept,
 * empty, for the next journal: others may have filled the disk, and would take their room. */
int journal_clear(const StoreFolder *folder);
