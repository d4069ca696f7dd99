/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a store is told when it is opened, and what it tells of itself; store.h is the rest.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct Store Store;
typedef struct StoreTxn StoreTxn;
typedef struct StoreCursor StoreCursor;

/* The first table is the store's own, with the caller's beside it: keys that begin with '.' are the
 * store's. */
#define STORE_META 0U

/* Keys have 1 to so many bytes, and there are at most so many tables. */
#define STORE_KEY_MAX    511U
#define STORE_TABLES_MAX 16U

typedef struct StoreOptions {
        const char *const *tables; /* their names, constant; the first is that of STORE_META */
        unsigned n_tables;
        uint32_t format;    /* of what the caller stores: a store of a newer one is refused */
        uint64_t max_size;  /* bytes; 0: a tenth of the file system */
        bool allow_network; /* a network file system will do */
} StoreOptions;

/* How it was found when it was opened. */
typedef struct StoreFound {
        bool clean;       /* who had it before had come to store_mark_clean(), or it is new */
        bool damaged;     /* the file was; what could be had of it is here */
        uint64_t records; /* so many; the old file is beside the new one */
        /* Its journal: */
        uint64_t replayed; /* so many records were changed that only the journal had */
        uint64_t lost;     /* batches that were damaged; its files are set aside */
        bool alien;        /* it was not the journal of these tables; it is set aside as a whole */
} StoreFound;

typedef struct StoreUsage {
        uint64_t size;  /* bytes of the file */
        uint64_t used;  /* of them in use: the rest is used again before the file grows */
        uint64_t limit; /* what `used` may grow to at present */
} StoreUsage;

/* How far the tables are in the journal (journal-mark.h). */
typedef struct JournalMark {
        uint64_t journal; /* which one */
        uint64_t number;  /* of the last batch that the tables have */
} JournalMark;
