/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What batches are in the files of a journal.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "store/folder.h"
#include "store/journal-batch.h"
#include "util/macro.h"

typedef struct JournalPlace {
        uint64_t journal, number, settled; /* as in JournalBatch */
        uint64_t at;                       /* bytes from the beginning of the file */
        size_t size;
        unsigned slot; /* of the file */
} JournalPlace;

typedef struct JournalScan {
        unsigned *slots;
        size_t n_slots;
        JournalPlace *places; /* in the order of their numbers */
        size_t n_places, capacity;
} JournalScan;

/* All that are whole, wherever: behind a damaged one too. What cannot be read is damaged. 0 or
 * -errno. */
int journal_scan(const StoreFolder *folder, JournalScan *ret_scan);
/* Only the files. */
int journal_scan_slots(const StoreFolder *folder, JournalScan *ret_scan);
/* Takes one that is all zero. */
void journal_scan_done(JournalScan *scan);
_unused_ static inline void journal_scan_donep(JournalScan *scan)
{
        journal_scan_done(scan);
}

/* Reads the batch once more; its items are in *ret_memory, for the caller to free. 0; -EBADMSG: it
 * is not there any more; or -errno. */
int journal_place_read(const StoreFolder *folder, const JournalPlace *place,
                       JournalBatch *ret_batch, uint8_t **ret_memory);
