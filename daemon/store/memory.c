/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.c: a store that is gone with the process.
 *
 * A table is an array of counted records in order. A writer works on copies of the arrays and puts
 * them in the place of the others at its end; a reader holds those it began with.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/backend.h"
#include "util/macro.h"

typedef struct MemoryRecord {
        atomic_uint references;
        uint32_t key_length, value_length;
        uint8_t bytes[]; /* key, value */
} MemoryRecord;

typedef struct MemoryTable {
        MemoryRecord **records;
        size_t count, capacity;
} MemoryTable;

typedef struct MemoryVersion {
        atomic_uint references;
        unsigned n_tables;
        MemoryTable tables[STORE_TABLES_MAX];
} MemoryVersion;

typedef struct MemoryStore {
        Store store;
        pthread_mutex_t writer; /* held by the one */
        pthread_mutex_t lock;   /* of `current` */
        MemoryVersion *current;
} MemoryStore;

typedef struct MemoryTxn {
        StoreTxn txn;
        MemoryVersion *version;
} MemoryTxn;

typedef struct MemoryCursor {
        StoreCursor cursor;
        unsigned table;
        size_t at;
        bool removed; /* what it stood on; `at` is what followed */
} MemoryCursor;

/* --- records and versions --- */

static Bytes key_of(const MemoryRecord *record)
{
        return (Bytes){record->bytes, record->key_length};
}

static Bytes value_of(const MemoryRecord *record)
{
        return (Bytes){record->bytes + record->key_length, record->value_length};
}

static MemoryRecord *record_new(Bytes key, Bytes value)
{
        MemoryRecord *record = malloc(sizeof(*record) + key.length + value.length);

        if (!record)
                return NULL;
        record->references = 1;
        record->key_length = (uint32_t)key.length;
        record->value_length = (uint32_t)value.length;
        memcpy(record->bytes, key.data, key.length);
        if (value.length > 0)
                memcpy(record->bytes + key.length, value.data, value.length);
        return record;
}

static void record_unref(MemoryRecord *record)
{
        if (atomic_fetch_sub(&record->references, 1) == 1)
                free(record);
}

static MemoryVersion *version_unref(MemoryVersion *version)
{
        if (!version || atomic_fetch_sub(&version->references, 1) != 1)
                return NULL;
        for (unsigned i = 0; i < version->n_tables; i++) {
                for (size_t j = 0; j < version->tables[i].count; j++)
                        record_unref(version->tables[i].records[j]);
                free(version->tables[i].records);
        }
        free(version);
        return NULL;
}
DEFINE_CLEANUP(MemoryVersion, version_unref)

static int version_copy(const MemoryVersion *from, MemoryVersion **ret_version)
{
        _cleanup_(version_unrefp) MemoryVersion *version = calloc(1, sizeof(*version));

        if (!version)
                return -ENOMEM;
        version->references = 1;
        version->n_tables = from->n_tables;
        for (unsigned i = 0; i < from->n_tables; i++) {
                const MemoryTable *table = &from->tables[i];

                if (table->count == 0)
                        continue;
                version->tables[i].records = calloc(table->count, sizeof(*table->records));
                if (!version->tables[i].records)
                        return -ENOMEM;
                version->tables[i].capacity = table->count;
                for (size_t j = 0; j < table->count; j++) {
                        version->tables[i].records[j] = table->records[j];
                        atomic_fetch_add(&table->records[j]->references, 1);
                }
                version->tables[i].count = table->count;
        }
        *ret_version = TAKE_PTR(version);
        return 0;
}

static int compare(Bytes a, Bytes b)
{
        size_t common = MIN(a.length, b.length);
        int order = common > 0 ? memcmp(a.data, b.data, common) : 0;

        return order ? order : a.length < b.length ? -1 : a.length > b.length;
}

/* The place of the first record from the key on; whether it is that of the key. */
static size_t find(const MemoryTable *table, Bytes key, bool *ret_found)
{
        size_t low = 0, high = table->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (compare(key_of(table->records[middle]), key) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        *ret_found = low < table->count && compare(key_of(table->records[low]), key) == 0;
        return low;
}

/* --- transactions --- */

static MemoryTable *table_of(StoreTxn *txn, unsigned table)
{
        return &container_of(txn, MemoryTxn, txn)->version->tables[table];
}

static void memory_end(StoreTxn *txn)
{
        MemoryTxn *own = container_of(txn, MemoryTxn, txn);

        version_unref(own->version);
        if (txn->write)
                pthread_mutex_unlock(&container_of(txn->store, MemoryStore, store)->writer);
        free(own);
}

static int memory_begin(Store *store, bool write, StoreTxn **ret_txn)
{
        MemoryStore *own = container_of(store, MemoryStore, store);
        MemoryTxn *txn = calloc(1, sizeof(*txn));
        int r = 0;

        if (!txn)
                return -ENOMEM;
        txn->txn.store = store;
        txn->txn.write = write;
        if (write)
                pthread_mutex_lock(&own->writer);
        pthread_mutex_lock(&own->lock);
        if (write) {
                r = version_copy(own->current, &txn->version);
        } else {
                txn->version = own->current;
                atomic_fetch_add(&own->current->references, 1);
        }
        pthread_mutex_unlock(&own->lock);
        if (r < 0) {
                memory_end(&txn->txn);
                return r;
        }
        *ret_txn = &txn->txn;
        return 0;
}

static int memory_commit(StoreTxn *txn)
{
        MemoryStore *store = container_of(txn->store, MemoryStore, store);
        MemoryTxn *own = container_of(txn, MemoryTxn, txn);
        MemoryVersion *old;

        if (txn->write) {
                pthread_mutex_lock(&store->lock);
                old = store->current;
                store->current = own->version;
                own->version = old;
                pthread_mutex_unlock(&store->lock);
        }
        memory_end(txn);
        return 0;
}

static int memory_get(StoreTxn *txn, unsigned table, Bytes key, Bytes *ret_value)
{
        const MemoryTable *records = table_of(txn, table);
        bool found;
        size_t at = find(records, key, &found);

        if (found)
                *ret_value = value_of(records->records[at]);
        return found;
}

static int make_room(MemoryTable *table)
{
        size_t capacity = MAX(table->capacity * 2, (size_t)16);
        MemoryRecord **records;

        if (table->count < table->capacity)
                return 0;
        records = reallocarray(table->records, capacity, sizeof(*records));
        if (!records)
                return -ENOMEM;
        table->records = records;
        table->capacity = capacity;
        return 0;
}

static int memory_put(StoreTxn *txn, unsigned table, Bytes key, Bytes value, bool append)
{
        MemoryTable *own = table_of(txn, table);
        MemoryRecord *record;
        bool found;
        size_t at;

        (void)append;
        if (key.length == 0 || key.length > STORE_KEY_MAX)
                return -EINVAL;
        if (make_room(own) < 0)
                return -ENOMEM;
        record = record_new(key, value);
        if (!record)
                return -ENOMEM;
        at = find(own, key, &found);
        if (found) {
                record_unref(own->records[at]);
        } else {
                memmove(own->records + at + 1, own->records + at,
                        (own->count - at) * sizeof(*own->records));
                own->count++;
        }
        own->records[at] = record;
        return 0;
}

static void remove_at(MemoryTable *table, size_t at)
{
        record_unref(table->records[at]);
        table->count--;
        memmove(table->records + at, table->records + at + 1,
                (table->count - at) * sizeof(*table->records));
}

static int memory_remove(StoreTxn *txn, unsigned table, Bytes key)
{
        MemoryTable *own = table_of(txn, table);
        bool found;
        size_t at = find(own, key, &found);

        if (found)
                remove_at(own, at);
        return found;
}

/* --- cursors --- */

static int memory_cursor_new(StoreTxn *txn, unsigned table, StoreCursor **ret_cursor)
{
        MemoryCursor *cursor = calloc(1, sizeof(*cursor));

        if (!cursor)
                return -ENOMEM;
        *cursor = (MemoryCursor){.cursor = {txn}, .table = table, .removed = true};
        *ret_cursor = &cursor->cursor;
        return 0;
}

static void memory_cursor_free(StoreCursor *cursor)
{
        free(container_of(cursor, MemoryCursor, cursor));
}

static int memory_cursor_move(StoreCursor *cursor, StoreMove move, Bytes *key, Bytes *ret_value)
{
        MemoryCursor *own = container_of(cursor, MemoryCursor, cursor);
        const MemoryTable *table = table_of(cursor->txn, own->table);
        bool found;

        if (move == STORE_MOVE_SEEK)
                own->at = find(table, *key, &found);
        else if (move == STORE_MOVE_LAST)
                own->at = table->count - 1; /* of none: far behind the end */
        else if (move == STORE_MOVE_PREVIOUS)
                own->at--;
        else if (!own->removed)
                own->at++;
        own->removed = false;
        if (own->at >= table->count)
                return 0;
        *key = key_of(table->records[own->at]);
        *ret_value = value_of(table->records[own->at]);
        return 1;
}

static int memory_cursor_remove(StoreCursor *cursor)
{
        MemoryCursor *own = container_of(cursor, MemoryCursor, cursor);
        MemoryTable *table = table_of(cursor->txn, own->table);

        if (own->removed || own->at >= table->count)
                return -EINVAL;
        remove_at(table, own->at);
        own->removed = true;
        return 0;
}

/* --- the whole --- */

static int memory_usage(StoreTxn *txn, StoreUsage *usage)
{
        const MemoryVersion *version = container_of(txn, MemoryTxn, txn)->version;

        for (unsigned i = 0; i < version->n_tables; i++)
                for (size_t j = 0; j < version->tables[i].count; j++)
                        usage->used += version->tables[i].records[j]->key_length +
                                       version->tables[i].records[j]->value_length;
        usage->size = usage->used;
        return 0;
}

static void memory_free(Store *store)
{
        MemoryStore *own = container_of(store, MemoryStore, store);

        version_unref(own->current);
        pthread_mutex_destroy(&own->lock);
        pthread_mutex_destroy(&own->writer);
        free(own);
}

static const StoreOps memory_ops = {
        .begin = memory_begin,
        .commit = memory_commit,
        .abort = memory_end,
        .get = memory_get,
        .put = memory_put,
        .remove = memory_remove,
        .cursor_new = memory_cursor_new,
        .cursor_free = memory_cursor_free,
        .cursor_move = memory_cursor_move,
        .cursor_remove = memory_cursor_remove,
        .usage = memory_usage,
        .free = memory_free,
};

int memory_new(const StoreOptions *options, Store **ret_store)
{
        MemoryStore *store;

        if (options->n_tables > STORE_TABLES_MAX)
                return -EINVAL;
        store = calloc(1, sizeof(*store));
        if (!store)
                return -ENOMEM;
        store->store.ops = &memory_ops;
        store->store.tables = options->tables;
        store->store.n_tables = options->n_tables;
        store->store.max_size = options->max_size;
        pthread_mutex_init(&store->writer, NULL);
        pthread_mutex_init(&store->lock, NULL);
        store->current = calloc(1, sizeof(*store->current));
        if (!store->current) {
                memory_free(&store->store);
                return -ENOMEM;
        }
        store->current->references = 1;
        store->current->n_tables = options->n_tables;
        *ret_store = &store->store;
        return 0;
}
