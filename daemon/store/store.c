/* SPDX-License-Identifier: Apache-2.0 */
/* store.c: what does not depend on the backend: limits, errors that are final, the clean end. */
#include "store/store.h"

#include <errno.h>
#include <string.h>

#include "store/backend.h"

/* Of the file system, the store takes a tenth unless it is told, and leaves free what is the lesser
 * of a twentieth and a gibibyte. */
#define SHARE_OF_SIZE 10U
#define SHARE_FREE    20U
#define RESERVE_SHARE 8U
#define FREE_MAX      ((uint64_t)1024 * 1024 * 1024)

/* What a record takes beside its bytes: its header, its share of inner pages and of pages that are
 * not full. */
#define RECORD_OVERHEAD 32U

/* What a transaction may need beside what is put: with less than this the disk is full. */
#define FULL ((uint64_t)256 * 1024)

/* --- limits --- */

static uint64_t limit_by(const Store *store, uint64_t size)
{
        return store->max_size > 0 ? store->max_size : size / SHARE_OF_SIZE;
}

/* What may be taken of what is free. */
static uint64_t room_of(uint64_t free, uint64_t size)
{
        uint64_t keep = MIN(size / SHARE_FREE, FREE_MAX);

        return free > keep ? free - keep : 0;
}

/* What is free in the file is free in any case; it grows only while the disk has room. */
static int find_limit(Store *store, StoreUsage *usage)
{
        uint64_t free, size;
        int r;

        usage->limit = store->max_size > 0 ? store->max_size : UINT64_MAX;
        if (!store->folder.path)
                return 0;
        r = store_folder_space(&store->folder, &free, &size);
        if (r < 0)
                return r;
        usage->limit = MIN(limit_by(store, size), usage->size + room_of(free, size));
        return 0;
}

/* In a write transaction, so that one thread does it. */
static void find_reserve(Store *store)
{
        uint64_t free, size, reserve;

        if (!store->folder.path || store->folder.reserve ||
            store_folder_space(&store->folder, &free, &size) < 0)
                return;
        reserve = MIN(STORE_RESERVE, limit_by(store, size) / RESERVE_SHARE);
        if (room_of(free, size) > 2 * reserve)
                (void)store_folder_take_reserve(&store->folder, reserve);
}

void store_set_max_size(Store *store, uint64_t max_size)
{
        store->max_size = max_size;
}

int store_usage(Store *store, StoreUsage *ret_usage)
{
        _cleanup_(store_abortp) StoreTxn *txn = NULL;
        StoreUsage usage = {};
        int r = store_begin_read(store, &txn);

        if (r == 0)
                r = store->ops->usage(txn, &usage);
        if (r == 0)
                r = find_limit(store, &usage);
        if (r == 0)
                *ret_usage = usage;
        return r;
}

uint64_t store_cost(uint64_t bytes, uint64_t records)
{
        return bytes + records * RECORD_OVERHEAD;
}

int store_room(const StoreTxn *txn, size_t bytes, size_t records)
{
        uint64_t used = txn->usage.used + txn->put;

        return used + store_cost(bytes, records) > txn->usage.limit ? -EDQUOT : 0;
}

bool store_give_reserve(Store *store)
{
        return store->folder.path && store_folder_give_reserve(&store->folder);
}

/* --- transactions --- */

int store_begin_read(Store *store, StoreTxn **ret_txn)
{
        return store->ops->begin(store, false, ret_txn);
}

int store_begin_write(Store *store, StoreTxn **ret_txn)
{
        _cleanup_(store_abortp) StoreTxn *txn = NULL;
        int r;

        if (store->failed)
                return -EIO;
        r = store->ops->begin(store, true, &txn);
        if (r == 0)
                r = store->ops->usage(txn, &txn->usage);
        if (r == 0)
                r = find_limit(store, &txn->usage);
        if (r < 0)
                return r;
        find_reserve(store);
        *ret_txn = TAKE_PTR(txn);
        return 0;
}

/* LMDB calls a write that is cut short for want of room EIO. To take another failure for that does
 * no harm: the next transaction writes all its pages anew, and nothing was promised. */
static bool is_full(const Store *store, uint64_t put)
{
        uint64_t free, size;

        return store->folder.path && store_folder_space(&store->folder, &free, &size) == 0 &&
               free < put + FULL;
}

/* A full disk refuses before anything that matters is overwritten. After any other failure the
 * kernel may have marked as clean what it could not write: to try again would be to believe it. */
int store_commit(StoreTxn *txn)
{
        Store *store = txn->store;
        uint64_t put = txn->put;
        int r = store->ops->commit(txn);

        if (r == -EIO && is_full(store, put))
                return -ENOSPC;
        if (r == -EIO)
                store->failed = true;
        return r;
}

StoreTxn *store_abort(StoreTxn *txn)
{
        if (txn)
                txn->store->ops->abort(txn);
        return NULL;
}

int store_get(StoreTxn *txn, unsigned table, Bytes key, Bytes *ret_value)
{
        return txn->store->ops->get(txn, table, key, ret_value);
}

static int put(StoreTxn *txn, unsigned table, Bytes key, Bytes value, bool append)
{
        int r = txn->store->ops->put(txn, table, key, value, append);

        if (r == 0)
                txn->put += store_cost(key.length + value.length, 1);
        return r;
}

int store_put(StoreTxn *txn, unsigned table, Bytes key, Bytes value)
{
        return put(txn, table, key, value, false);
}

int store_append(StoreTxn *txn, unsigned table, Bytes key, Bytes value)
{
        return put(txn, table, key, value, true);
}

int store_delete(StoreTxn *txn, unsigned table, Bytes key)
{
        return txn->store->ops->remove(txn, table, key);
}

int store_delete_before(StoreTxn *txn, unsigned table, Bytes key, size_t max, size_t *ret_n)
{
        _cleanup_(store_cursor_freep) StoreCursor *cursor = NULL;
        Bytes first = {}, value;
        size_t n = 0;
        int r = store_cursor_new(txn, table, &cursor);

        if (r < 0)
                return r;
        r = store_cursor_seek(cursor, (Bytes){}, &first, &value);
        while (r > 0 && n < max) {
                size_t common = MIN(first.length, key.length);
                int order = memcmp(first.data, key.data, common);

                if (order > 0 || (order == 0 && first.length >= key.length))
                        break;
                r = txn->store->ops->cursor_remove(cursor);
                if (r < 0)
                        return r;
                n++;
                r = store_cursor_next(cursor, &first, &value);
        }
        if (r < 0)
                return r;
        *ret_n = n;
        return 0;
}

/* --- cursors --- */

int store_cursor_new(StoreTxn *txn, unsigned table, StoreCursor **ret_cursor)
{
        return txn->store->ops->cursor_new(txn, table, ret_cursor);
}

StoreCursor *store_cursor_free(StoreCursor *cursor)
{
        if (cursor)
                cursor->txn->store->ops->cursor_free(cursor);
        return NULL;
}

static int move(StoreCursor *cursor, StoreMove move, Bytes key, Bytes *ret_key, Bytes *ret_value)
{
        Bytes value;
        int r = cursor->txn->store->ops->cursor_move(cursor, move, &key, &value);

        if (r > 0) {
                *ret_key = key;
                *ret_value = value;
        }
        return r;
}

int store_cursor_seek(StoreCursor *cursor, Bytes key, Bytes *ret_key, Bytes *ret_value)
{
        return move(cursor, STORE_MOVE_SEEK, key, ret_key, ret_value);
}

int store_cursor_last(StoreCursor *cursor, Bytes *ret_key, Bytes *ret_value)
{
        return move(cursor, STORE_MOVE_LAST, (Bytes){}, ret_key, ret_value);
}

int store_cursor_next(StoreCursor *cursor, Bytes *ret_key, Bytes *ret_value)
{
        return move(cursor, STORE_MOVE_NEXT, (Bytes){}, ret_key, ret_value);
}

int store_cursor_previous(StoreCursor *cursor, Bytes *ret_key, Bytes *ret_value)
{
        return move(cursor, STORE_MOVE_PREVIOUS, (Bytes){}, ret_key, ret_value);
}

/* --- the whole --- */

Store *store_free(Store *store)
{
        if (!store)
                return NULL;
        pthread_mutex_destroy(&store->whole);
        store->ops->free(store);
        return NULL;
}

StoreFound store_found(const Store *store)
{
        return store->found;
}

int store_mark_clean(Store *store)
{
        StoreTxn *txn;
        int r = store_begin_write(store, &txn);

        if (r < 0)
                return r;
        r = store_put(txn, STORE_META, STORE_KEY_CLEAN, BYTES_LITERAL("clean"));
        if (r < 0) {
                store_abort(txn);
                return r;
        }
        return store_commit(txn);
}
