/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lmdb.c: a store in a file, by LMDB.
 *
 * Never with MDB_WRITEMAP (a full disk would be a SIGBUS) nor MDB_NOSYNC (a commit would promise
 * nothing).
 */
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/backend.h"
#include "util/macro.h"

/* The map is only address space. It is larger than the store may grow, so that LMDB never runs into
 * its end: what must be written comes on top of the limit, and old pages stay while they are read.
 */
#define MAP_ROOM    ((uint64_t)1024 * 1024 * 1024)
#define MAP_MIN     ((uint64_t)64 * 1024 * 1024 * 1024)
#define READERS_MAX 126U

typedef struct LmdbStore {
        Store store;
        MDB_env *env;
        MDB_dbi tables[STORE_TABLES_MAX];
} LmdbStore;

typedef struct LmdbTxn {
        StoreTxn txn;
        MDB_txn *mdb;
} LmdbTxn;

typedef struct LmdbCursor {
        StoreCursor cursor;
        MDB_cursor *mdb;
} LmdbCursor;

/* LMDB's own errors are below zero and none of the system's. */
static int error_of(int r)
{
        switch (r) {
        case 0:
                return 0;
        case MDB_MAP_FULL:
        case MDB_TXN_FULL:
                return -EDQUOT;
        case MDB_PANIC: /* an earlier commit failed, nobody knows how far it went */
                return -EIO;
        case MDB_VERSION_MISMATCH:
                return -EPROTONOSUPPORT;
        case MDB_READERS_FULL:
                return -EAGAIN;
        case EDQUOT: /* of the file system, not of the store */
                return -ENOSPC;
        case MDB_BAD_VALSIZE:
                return -EINVAL;
        default:
                return r > 0 ? -r : -EBADMSG;
        }
}

static LmdbStore *store_of(const StoreTxn *txn)
{
        return container_of(txn->store, LmdbStore, store);
}

static MDB_txn *mdb_of(StoreTxn *txn)
{
        return container_of(txn, LmdbTxn, txn)->mdb;
}

static MDB_val val_of(Bytes bytes)
{
        return (MDB_val){bytes.length, (void *)(uintptr_t)bytes.data};
}

static Bytes bytes_of(const MDB_val *val)
{
        return (Bytes){val->mv_data, val->mv_size};
}

/* --- transactions --- */

static int lmdb_begin(Store *store, bool write, StoreTxn **ret_txn)
{
        LmdbTxn *txn = calloc(1, sizeof(*txn));
        int r;

        if (!txn)
                return -ENOMEM;
        txn->txn.store = store;
        txn->txn.write = write;
        r = error_of(mdb_txn_begin(container_of(store, LmdbStore, store)->env, NULL,
                                   write ? 0 : MDB_RDONLY, &txn->mdb));
        if (r < 0) {
                free(txn);
                return r;
        }
        *ret_txn = &txn->txn;
        return 0;
}

/* What is not a full disk and not a want of memory is a failure of the disk. */
static int lmdb_commit(StoreTxn *txn)
{
        int r = error_of(mdb_txn_commit(mdb_of(txn)));

        free(container_of(txn, LmdbTxn, txn));
        return r == 0 || r == -ENOSPC || r == -EDQUOT || r == -ENOMEM || r == -EBADMSG ? r : -EIO;
}

static void lmdb_abort(StoreTxn *txn)
{
        mdb_txn_abort(mdb_of(txn));
        free(container_of(txn, LmdbTxn, txn));
}

static int lmdb_get(StoreTxn *txn, unsigned table, Bytes key, Bytes *ret_value)
{
        MDB_val at = val_of(key), value;
        int r = mdb_get(mdb_of(txn), store_of(txn)->tables[table], &at, &value);

        if (r == MDB_NOTFOUND)
                return 0;
        if (r != 0)
                return error_of(r);
        *ret_value = bytes_of(&value);
        return 1;
}

static int lmdb_put(StoreTxn *txn, unsigned table, Bytes key, Bytes value, bool append)
{
        MDB_val at = val_of(key), what = val_of(value);
        MDB_dbi dbi = store_of(txn)->tables[table];
        int r;

        r = mdb_put(mdb_of(txn), dbi, &at, &what, append ? MDB_APPEND : 0);
        if (append && r == MDB_KEYEXIST) /* not behind all others */
                r = mdb_put(mdb_of(txn), dbi, &at, &what, 0);
        return error_of(r);
}

static int lmdb_remove(StoreTxn *txn, unsigned table, Bytes key)
{
        MDB_val at = val_of(key);
        int r = mdb_del(mdb_of(txn), store_of(txn)->tables[table], &at, NULL);

        if (r == MDB_NOTFOUND)
                return 0;
        return r == 0 ? 1 : error_of(r);
}

/* --- cursors --- */

static int lmdb_cursor_new(StoreTxn *txn, unsigned table, StoreCursor **ret_cursor)
{
        LmdbCursor *cursor = calloc(1, sizeof(*cursor));
        int r;

        if (!cursor)
                return -ENOMEM;
        cursor->cursor.txn = txn;
        r = error_of(mdb_cursor_open(mdb_of(txn), store_of(txn)->tables[table], &cursor->mdb));
        if (r < 0) {
                free(cursor);
                return r;
        }
        *ret_cursor = &cursor->cursor;
        return 0;
}

static void lmdb_cursor_free(StoreCursor *cursor)
{
        LmdbCursor *own = container_of(cursor, LmdbCursor, cursor);

        mdb_cursor_close(own->mdb);
        free(own);
}

static const MDB_cursor_op moves[] = {
        [STORE_MOVE_SEEK] = MDB_SET_RANGE,
        [STORE_MOVE_NEXT] = MDB_NEXT,
        [STORE_MOVE_PREVIOUS] = MDB_PREV,
        [STORE_MOVE_LAST] = MDB_LAST,
};

static int lmdb_cursor_move(StoreCursor *cursor, StoreMove move, Bytes *key, Bytes *ret_value)
{
        MDB_val at = val_of(*key), value = {};
        bool first = move == STORE_MOVE_SEEK && key->length == 0;
        int r = mdb_cursor_get(container_of(cursor, LmdbCursor, cursor)->mdb, &at, &value,
                               first ? MDB_FIRST : moves[move]);

        if (r == MDB_NOTFOUND)
                return 0;
        if (r != 0)
                return error_of(r);
        *key = bytes_of(&at);
        *ret_value = bytes_of(&value);
        return 1;
}

static int lmdb_cursor_remove(StoreCursor *cursor)
{
        return error_of(mdb_cursor_del(container_of(cursor, LmdbCursor, cursor)->mdb, 0));
}

/* --- the whole --- */

static uint64_t pages_of(const MDB_stat *stat)
{
        return stat->ms_branch_pages + stat->ms_leaf_pages + stat->ms_overflow_pages;
}

/* What the tables take; what is left of the file is free, or will be when nobody reads it. */
static int lmdb_usage(StoreTxn *txn, StoreUsage *usage)
{
        LmdbStore *store = store_of(txn);
        uint64_t pages = 2 + 2; /* the heads of the file, the two trees that are LMDB's own */
        MDB_envinfo info;
        MDB_stat stat = {};

        for (unsigned i = 0; i < store->store.n_tables; i++) {
                int r = mdb_stat(mdb_of(txn), store->tables[i], &stat);

                if (r != 0)
                        return error_of(r);
                pages += pages_of(&stat);
        }
        mdb_env_info(store->env, &info);
        usage->size = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
        usage->used = pages * stat.ms_psize;
        return 0;
}

static int lmdb_backup(Store *store, int fd, bool compact)
{
        return error_of(mdb_env_copyfd2(container_of(store, LmdbStore, store)->env, fd,
                                        compact ? MDB_CP_COMPACT : 0));
}

static void lmdb_free(Store *store)
{
        LmdbStore *own = container_of(store, LmdbStore, store);

        if (own->env)
                mdb_env_close(own->env);
        store_folder_close(&store->folder);
        free(own);
}

static const StoreOps lmdb_ops = {
        .begin = lmdb_begin,
        .commit = lmdb_commit,
        .abort = lmdb_abort,
        .get = lmdb_get,
        .put = lmdb_put,
        .remove = lmdb_remove,
        .cursor_new = lmdb_cursor_new,
        .cursor_free = lmdb_cursor_free,
        .cursor_move = lmdb_cursor_move,
        .cursor_remove = lmdb_cursor_remove,
        .usage = lmdb_usage,
        .backup = lmdb_backup,
        .free = lmdb_free,
};

static int open_tables(LmdbStore *store)
{
        MDB_txn *txn;
        int r = mdb_txn_begin(store->env, NULL, 0, &txn);

        if (r != 0)
                return error_of(r);
        for (unsigned i = 0; i < store->store.n_tables && r == 0; i++)
                r = mdb_dbi_open(txn, store->store.tables[i], MDB_CREATE, &store->tables[i]);
        if (r != 0) {
                mdb_txn_abort(txn);
                return error_of(r);
        }
        return error_of(mdb_txn_commit(txn));
}

static uint64_t map_size(const StoreOptions *options, const StoreFolder *folder)
{
        uint64_t free = 0, size = 0;

        if (sizeof(void *) < 8)
                return MAP_ROOM;
        (void)store_folder_space(folder, &free, &size);
        size = MAX(size, options->max_size) + MAP_ROOM;
        return MAX(size, MAP_MIN);
}

static int open_env(LmdbStore *store, const StoreOptions *options, const StoreFolder *folder)
{
        int r = mdb_env_create(&store->env), dead;

        if (r == 0)
                r = mdb_env_set_maxdbs(store->env, options->n_tables);
        if (r == 0)
                r = mdb_env_set_maxreaders(store->env, READERS_MAX);
        if (r == 0)
                r = mdb_env_set_mapsize(store->env, map_size(options, folder));
        if (r == 0)
                r = mdb_env_open(store->env, folder->path, MDB_NOTLS, 0600);
        if (r == 0) /* slots of processes that were killed while they read */
                r = mdb_reader_check(store->env, &dead);
        return error_of(r);
}

int lmdb_new(const StoreOptions *options, StoreFolder *folder, Store **ret_store)
{
        LmdbStore *store = calloc(1, sizeof(*store));
        int r;

        if (!store)
                return -ENOMEM;
        store->store.ops = &lmdb_ops;
        store->store.tables = options->tables;
        store->store.n_tables = options->n_tables;
        store->store.max_size = options->max_size;
        r = options->n_tables > STORE_TABLES_MAX ? -EINVAL : open_env(store, options, folder);
        if (r == 0)
                r = open_tables(store);
        if (r < 0) {
                lmdb_free(&store->store);
                return r;
        }
        store->store.folder = *folder;
        *folder = (StoreFolder){};
        *ret_store = &store->store;
        return 0;
}
