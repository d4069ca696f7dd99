/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A store: named tables of keys in the order of their bytes, each with a value. What a write
 * transaction did is there as a whole, or not at all, whatever happens; once store_commit() has
 * returned 0 it is on the disk. It knows nothing of what is stored.
 *
 * There is one write transaction at a time, in the thread that began it; it waits for no reader and
 * no reader for it. A read transaction sees what was committed when it began. Keep it short: what
 * is deleted meanwhile takes up room until it ends.
 *
 * Errors of all functions, beside -ENOMEM:
 *   -EDQUOT  the limits that the store sets itself are reached: nothing was done
 *   -ENOSPC  the file system is full; what was committed before stands
 *   -EIO     the disk failed. Final: nobody knows what is on it, so every later begin of a write
 *            transaction says so too
 *   -EBADMSG what is stored is damaged; the next store_open() sees to it
 *
 * Thread: any; a transaction and its cursors: one at a time
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/types.h"
#include "util/bytes.h"
#include "util/macro.h"

/*
 * Opens or makes the store in this folder, which is made too (not its parents): 0700, and its files
 * 0600, whatever the umask or whatever they were. -EBUSY: another process has it open; -EREMOTE: it
 * is on a network file system; -EPERM: somebody else owns it; -EPROTONOSUPPORT: a newer format;
 * -ENOTDIR, -ELOOP and what the system says. Never -EBADMSG: a file that is damaged is set aside,
 * and replaced by what can be had of it (lmdb-salvage.h). It forks.
 */
int store_open(const char *path, const StoreOptions *options, Store **ret_store);

/* One that lives in memory, for tests: the same, but for the disk. */
int store_open_memory(const StoreOptions *options, Store **ret_store);

/* No transaction is left. What was not committed is gone. */
Store *store_free(Store *store);
DEFINE_CLEANUP(Store, store_free)

StoreFound store_found(const Store *store);

/* The last thing that is written. As store_commit(). */
int store_mark_clean(Store *store);

/* --- transactions --- */

/* Sees what is committed now. */
int store_begin_read(Store *store, StoreTxn **ret_txn);
/* Waits until nobody else writes. */
int store_begin_write(Store *store, StoreTxn **ret_txn);

/* The transaction is over in any case. 0: on the disk. */
int store_commit(StoreTxn *txn);
/* As if it had never been; also the end of a reader. Takes NULL, returns NULL. */
StoreTxn *store_abort(StoreTxn *txn);
DEFINE_CLEANUP(StoreTxn, store_abort)

/* 1: found, 0: not. Views into the store hold until the next change or the end of the transaction.
 */
int store_get(StoreTxn *txn, unsigned table, Bytes key, Bytes *ret_value);

/* Whether so many more bytes of keys and values, in so many records, keep to the limits: 0 or
 * -EDQUOT. Counts what was put in this transaction. */
int store_room(const StoreTxn *txn, size_t bytes, size_t records);

/* What so many bytes of keys and values, in so many records, take of a store's limit. */
uint64_t store_cost(uint64_t bytes, uint64_t records);

/* Replaces what there is. It does not ask store_room(): what must be written goes on when the store
 * is full, in the room that is kept for it. */
int store_put(StoreTxn *txn, unsigned table, Bytes key, Bytes value);
/* The same, faster and with full pages if the key is behind all others. */
int store_append(StoreTxn *txn, unsigned table, Bytes key, Bytes value);
/* 1: it was there, 0: it was not. */
int store_delete(StoreTxn *txn, unsigned table, Bytes key);
/* Deletes from the first key on, up to this one, which stays, `max` records at most. */
int store_delete_before(StoreTxn *txn, unsigned table, Bytes key, size_t max, size_t *ret_n);

/* --- cursors: 1: there is one, 0: there is none; outputs are views as above --- */

/* To be closed before the transaction ends. Deleting what it stands on ends its walk. */
int store_cursor_new(StoreTxn *txn, unsigned table, StoreCursor **ret_cursor);
StoreCursor *store_cursor_free(StoreCursor *cursor);
DEFINE_CLEANUP(StoreCursor, store_cursor_free)

/* The first one from this key on (an empty key: of all). */
int store_cursor_seek(StoreCursor *cursor, Bytes key, Bytes *ret_key, Bytes *ret_value);
int store_cursor_last(StoreCursor *cursor, Bytes *ret_key, Bytes *ret_value);
int store_cursor_next(StoreCursor *cursor, Bytes *ret_key, Bytes *ret_value);
int store_cursor_previous(StoreCursor *cursor, Bytes *ret_key, Bytes *ret_value);

/* --- room --- */

int store_usage(Store *store, StoreUsage *ret_usage);

/* Another limit, as in StoreOptions; holds from the next write transaction on. */
void store_set_max_size(Store *store, uint64_t max_size);

/* Gives up the file that keeps room on the disk for what must be written (deletions take room
 * first): after -ENOSPC. False: it was given up before. store_begin_write() makes it again when
 * there is room. */
bool store_give_reserve(Store *store);

/* Writes a copy of the tables as they are now to the file, which is a store's own file then;
 * `compact`: without unused room, which takes longer. Others go on meanwhile, and their flushes
 * wait for none of it that is large. It waits for a checkpoint that is on its way; to have what is
 * done but not settled too, let one go before (committer_checkpoint()). -EOPNOTSUPP: in memory. */
int store_backup(Store *store, int fd, bool compact);
