/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A batch of the journal: what one flush puts on the disk, as bytes. Little-endian:
 *
 *   u32 magic, u32 crc32c of all that follows,
 *   u32 length of the items, u32 number of items,
 *   u64 journal, u64 number, u64 settled, u64 zero,
 *   the items (change-item.h), zeros up to a multiple of JOURNAL_SECTOR
 *
 * So two batches are never in one sector: one that is torn spoils no other. A segment is used again
 * without being cleared: what is behind the last batch may be batches too, of another journal or
 * with lower numbers.
 *
 * Thread: any
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/buffer.h"
#include "util/bytes.h"

#define JOURNAL_SECTOR 512U
#define JOURNAL_HEADER 48U

typedef struct JournalBatch {
        uint64_t journal; /* drawn when the store was opened: no other has it */
        uint64_t number;  /* counts on for as long as the store lives */
        uint64_t settled; /* the number that the tables had reached, at least */
        uint32_t n_items;
        Bytes items;
} JournalBatch;

/* Empties the buffer and leaves room for the header; the items are appended to it. 0 or -ENOMEM. */
int journal_batch_begin(Buffer *buffer);

/* Makes a batch of what is in the buffer, with the batch's numbers; its `items` are not looked at.
 * 0 or -ENOMEM: nothing has changed. */
int journal_batch_end(Buffer *buffer, const JournalBatch *batch);

/* What the bytes begin with: 0, and the size of all of it; or -EBADMSG: no batch, or one that is
 * not whole, in any way. The items are views, and are sound: change_item_read() takes them all. */
int journal_batch_read(Bytes bytes, JournalBatch *ret_batch, size_t *ret_size);
