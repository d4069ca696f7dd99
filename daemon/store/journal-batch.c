/* SPDX-License-Identifier: Apache-2.0 */
/* journal-batch.c: a header, a checksum, items. */
#include "store/journal-batch.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "store/change-item.h"
#include "util/crc32c.h"

#define MAGIC 0x314a4b48U /* HKJ1 */

typedef struct BatchHeader {
        uint32_t magic, crc;
        uint32_t length, n_items;
        uint64_t journal, number, settled, zero;
} BatchHeader;

_Static_assert(sizeof(BatchHeader) == JOURNAL_HEADER, "as the header file says");

/* The checksum does not cover itself, nor what is before it. */
#define CRC_FROM (2 * sizeof(uint32_t))

static size_t padding_of(size_t size)
{
        return -size % JOURNAL_SECTOR;
}

int journal_batch_begin(Buffer *buffer)
{
        buffer_clear(buffer);
        if (buffer_reserve(buffer, JOURNAL_HEADER) < 0)
                return -ENOMEM;
        buffer_commit(buffer, JOURNAL_HEADER);
        return 0;
}

int journal_batch_end(Buffer *buffer, const JournalBatch *batch)
{
        size_t size = buffer_length(buffer), padding = padding_of(size);
        BatchHeader header = {
                .magic = htole32(MAGIC),
                .length = htole32((uint32_t)(size - JOURNAL_HEADER)),
                .n_items = htole32(batch->n_items),
                .journal = htole64(batch->journal),
                .number = htole64(batch->number),
                .settled = htole64(batch->settled),
        };
        uint8_t *bytes;

        if (buffer_reserve(buffer, padding) < 0)
                return -ENOMEM;
        memset(buffer_tail(buffer), 0, padding);
        buffer_commit(buffer, padding);
        bytes = buffer_head(buffer);
        memcpy(bytes, &header, sizeof(header));
        header.crc = htole32(crc32c(0, bytes + CRC_FROM, size + padding - CRC_FROM));
        memcpy(bytes, &header, sizeof(header));
        return 0;
}

static int check_items(Bytes items, uint32_t n)
{
        ChangeItem item;
        int r;

        while ((r = change_item_read(&items, &item)) > 0)
                if (n-- == 0)
                        return -EBADMSG;
        return r < 0 ? r : n == 0 ? 0 : -EBADMSG;
}

int journal_batch_read(Bytes bytes, JournalBatch *ret_batch, size_t *ret_size)
{
        BatchHeader header;
        Bytes items;
        size_t size;

        if (bytes.length < sizeof(header))
                return -EBADMSG;
        memcpy(&header, bytes.data, sizeof(header));
        items = (Bytes){bytes.data + sizeof(header), le32toh(header.length)};
        if (le32toh(header.magic) != MAGIC || items.length > bytes.length - sizeof(header))
                return -EBADMSG;
        size = sizeof(header) + items.length;
        if (padding_of(size) > bytes.length - size)
                return -EBADMSG;
        size += padding_of(size);
        if (crc32c(0, bytes.data + CRC_FROM, size - CRC_FROM) != le32toh(header.crc) ||
            check_items(items, le32toh(header.n_items)) < 0)
                return -EBADMSG;
        *ret_batch = (JournalBatch){
                .journal = le64toh(header.journal),
                .number = le64toh(header.number),
                .settled = le64toh(header.settled),
                .n_items = le32toh(header.n_items),
                .items = items,
        };
        *ret_size = size;
        return 0;
}
