/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a backend of the store does: one table of functions, filled by lmdb.c and memory.c. All that
 * is the same for both (limits, format, the mark of a clean end) is in store.c.
 *
 * Thread: as in store.h
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "store/folder.h"
#include "store/types.h"
#include "util/bytes.h"

/* In STORE_META, if who had the store came to its end. */
#define STORE_KEY_CLEAN BYTES_LITERAL(".clean")

typedef enum StoreMove {
        STORE_MOVE_SEEK, /* to the first from the key on */
        STORE_MOVE_NEXT,
        STORE_MOVE_PREVIOUS,
        STORE_MOVE_LAST,
} StoreMove;

typedef struct StoreOps {
        int (*begin)(Store *store, bool write, StoreTxn **ret_txn);
        /* Both free the transaction. */
        int (*commit)(StoreTxn *txn);
        void (*abort)(StoreTxn *txn);
        int (*get)(StoreTxn *txn, unsigned table, Bytes key, Bytes *ret_value);
        int (*put)(StoreTxn *txn, unsigned table, Bytes key, Bytes value, bool append);
        int (*remove)(StoreTxn *txn, unsigned table, Bytes key);
        int (*cursor_new)(StoreTxn *txn, unsigned table, StoreCursor **ret_cursor);
        void (*cursor_free)(StoreCursor *cursor);
        int (*cursor_move)(StoreCursor *cursor, StoreMove move, Bytes *key, Bytes *ret_value);
        /* Deletes what the cursor stands on; the next STORE_MOVE_NEXT goes to what followed. */
        int (*cursor_remove)(StoreCursor *cursor);
        /* size and used, as the transaction sees them. */
        int (*usage)(StoreTxn *txn, StoreUsage *usage);
        /* Writes to a pipe; the first bytes come when it is settled what is in the copy. */
        int (*backup)(Store *store, int fd, bool compact);
        void (*free)(Store *store);
} StoreOps;

struct Store {
        const StoreOps *ops;
        const char *const *tables;
        unsigned n_tables;
        StoreFound found;
        StoreFolder folder; /* of one in memory: none */
        _Atomic uint64_t max_size;
        atomic_bool failed; /* the disk */
        JournalMark mark;   /* of the journal to begin; not in memory */
        pthread_mutex_t
                whole; /* held while the tables are not, because a checkpoint is half done */
};

struct StoreTxn {
        Store *store;
        bool write;
        StoreUsage usage; /* of a writer: when it began */
        uint64_t put;     /* bytes that were put since */
};

struct StoreCursor {
        StoreTxn *txn;
};

/* Sets what both have in common, but not the backend's functions. */
int lmdb_new(const StoreOptions *options, StoreFolder *folder, Store **ret_store);
int memory_new(const StoreOptions *options, Store **ret_store);
