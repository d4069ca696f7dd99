/* SPDX-License-Identifier: Apache-2.0 */
/* journal-mark.c: two numbers in the store's own table. */
#include "store/journal-mark.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#define KEY_MARK BYTES_LITERAL(".journal")

int journal_mark_read(StoreTxn *txn, JournalMark *ret_mark)
{
        uint64_t stored[2];
        Bytes value;
        int r = store_get(txn, STORE_META, KEY_MARK, &value);

        if (r <= 0)
                return r;
        if (value.length != sizeof(stored))
                return -EBADMSG;
        memcpy(stored, value.data, sizeof(stored));
        *ret_mark = (JournalMark){le64toh(stored[0]), le64toh(stored[1])};
        return 1;
}

int journal_mark_write(StoreTxn *txn, const JournalMark *mark)
{
        uint64_t stored[2] = {htole64(mark->journal), htole64(mark->number)};

        return store_put(txn, STORE_META, KEY_MARK,
                         (Bytes){(const uint8_t *)stored, sizeof(stored)});
}
