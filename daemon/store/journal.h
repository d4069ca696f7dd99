/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The journal of a store: what is done is written here first, one flush for all that belongs
 * together, and into the tables later. It is a row of files (journal-segment.h) in the store's
 * folder, filled with batches (journal-batch.h) one behind the other; a file whose batches the
 * tables have all got is used again.
 *
 * Thread: one writes; what is said of each other function
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/folder.h"
#include "store/types.h"
#include "util/buffer.h"
#include "util/macro.h"

typedef struct Journal Journal;

/* In a folder, which outlives it, whose segments are empty (journal_clear()): it uses those; goes
 * on from the mark, with files of this size (a multiple of 4096). 0 or -errno. */
int journal_new(const StoreFolder *folder, const JournalMark *mark, uint64_t segment_size,
                Journal **ret_journal);
/* The files stay, but for those that nothing is in that the tables have not got: of them one stays,
 * so that the next journal has room whoever fills the disk meanwhile. */
Journal *journal_free(Journal *journal);
DEFINE_CLEANUP(Journal, journal_free)

/* Makes a batch of so many items, which follow journal_batch_begin() in the buffer, and puts it on
 * the disk. 0; 1: and the journal is in another file now; -ENOSPC, -ENOMEM (also of descriptors):
 * it is not written; -EIO: the disk failed. */
int journal_write(Journal *journal, Buffer *buffer, uint32_t n_items);

/* The number of the last batch that was written. Thread: that which writes */
uint64_t journal_number(const Journal *journal);

/* The tables have got all up to this batch. Thread: any */
void journal_release(Journal *journal, uint64_t number);

/* Whether the tables have got all. Thread: any */
bool journal_is_settled(Journal *journal);

/* Makes a file in advance if there is none. 0 or as journal_write(). Thread: any */
int journal_prepare(Journal *journal);

/* Removes what was made in advance: the disk is full. False: there was nothing. Thread: any */
bool journal_give_spares(Journal *journal);
