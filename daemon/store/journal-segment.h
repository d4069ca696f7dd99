/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A file of the journal: of one size from the beginning, and all of it written once, so that what
 * is written later changes nothing but its bytes: one flush puts it on the disk.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/folder.h"
#include "util/bytes.h"
#include "util/list.h"

#define JOURNAL_NAME_SIZE 32U

typedef struct JournalSegment {
        List link;
        unsigned slot; /* it is in its name */
        int fd;
        uint64_t size, used;
        uint64_t last; /* the number of its last batch */
        bool is_old;   /* it was there before the journal */
} JournalSegment;

void journal_segment_name(unsigned slot, char name[static JOURNAL_NAME_SIZE]);
/* Whether that is the name of one. */
bool journal_segment_has_name(const char *name, unsigned *ret_slot);

/* Makes the file, full of zeros, and puts it on the disk. 0; -ENOSPC; -EIO: the disk failed; or
 * what the system says: there is no file then. */
int journal_segment_new(const StoreFolder *folder, unsigned slot, uint64_t size,
                        JournalSegment **ret_segment);
/* Fills one that is there with zeros, in its place. Else: it is of no use. */
int journal_segment_clear(const StoreFolder *folder, unsigned slot);
/* One that was cleared. 0 or -errno. */
int journal_segment_open(const StoreFolder *folder, unsigned slot, JournalSegment **ret_segment);
/* It is used again, from its beginning. */
void journal_segment_reuse(JournalSegment *segment);
/* Closes it; takes NULL, returns NULL. */
JournalSegment *journal_segment_free(JournalSegment *segment);
/* Removes the file too, if need be after the next start. */
void journal_segment_remove(JournalSegment *segment, const StoreFolder *folder);

/* Writes behind what was written, and puts it on the disk. 0; -ENOSPC: the next write is in the
 * same place; -EIO: the disk failed, it must not be tried again. */
int journal_segment_write(JournalSegment *segment, Bytes bytes);
