/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzzer: a batch of a store's journal. If the first byte is odd the checksum of what follows is
 * made right first. What is read is sound, and is written as the same bytes again.
 */

#include <endian.h>
#include <string.h>

#include "fuzz.h"
#include "store/change-item.h"
#include "store/journal-batch.h"
#include "util/crc32c.h"

#define CRC_AT   4U
#define CRC_FROM 8U

/* As far as the batch says that it goes. */
static void repair(uint8_t *bytes, size_t size)
{
        uint32_t length, crc;
        size_t end;

        if (size < JOURNAL_HEADER)
                return;
        memcpy(&length, bytes + CRC_FROM, sizeof(length));
        end = JOURNAL_HEADER + (size_t)le32toh(length);
        end += -end % JOURNAL_SECTOR;
        if (end > size)
                return;
        crc = htole32(crc32c(0, bytes + CRC_FROM, end - CRC_FROM));
        memcpy(bytes + CRC_AT, &crc, sizeof(crc));
}

static void check_items(const JournalBatch *batch)
{
        Bytes items = batch->items;
        ChangeItem item;
        uint32_t n = 0;

        while (items.length > 0) {
                Bytes before = items;
                uint8_t *again;

                must(change_item_read(&items, &item) == 1);
                must(change_item_check(&item) == 0);
                must(change_item_size(&item) == before.length - items.length);
                again = malloc(change_item_size(&item));
                must(again);
                change_item_write(&item, again);
                must(memcmp(again, before.data, change_item_size(&item)) == 0);
                free(again);
                n++;
        }
        must(n == batch->n_items);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t *bytes = malloc(size > 0 ? size : 1);
        JournalBatch batch;
        size_t length;

        must(bytes);
        if (size > 1) {
                memcpy(bytes, data + 1, size - 1);
                if (data[0] & 1)
                        repair(bytes, size - 1);
                if (journal_batch_read((Bytes){bytes, size - 1}, &batch, &length) == 0) {
                        must(length <= size - 1 && length % JOURNAL_SECTOR == 0);
                        check_items(&batch);
                }
        }
        free(bytes);
        return 0;
}
