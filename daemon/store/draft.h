/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fills a store that is empty in as many transactions as it takes, and as a whole all the same:
 * what is written is a store of its own, in a folder within that of the other one, and at the end
 * its file takes the place of the other's in one step. LMDB keeps in memory what one transaction
 * has changed, so a large one takes much of that.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include "store/store.h"
#include "util/macro.h"

typedef struct StoreDraft StoreDraft;

/* Of the store, which was opened with the options and outlives it; one in memory is its own draft.
 * What an earlier one that was killed has left is removed. 0 or as store_open(). */
int store_draft_new(Store *store, const StoreOptions *options, StoreDraft **ret_draft);
/* What was not taken is removed. */
StoreDraft *store_draft_free(StoreDraft *draft);
DEFINE_CLEANUP(StoreDraft, store_draft_free)

/* Fast if the key is behind all others. When much was put another transaction begins. 0 or as
 * store_append(). */
int store_draft_put(StoreDraft *draft, unsigned table, Bytes key, Bytes value);

/* The transaction that is open: for reading, and for changes that are few. It may be another one
 * after store_draft_put(). */
StoreTxn *store_draft_txn(const StoreDraft *draft);

/* It is the store's file from now on, marked as left in order. With the store nothing may be done
 * any more but store_free(). 0, or as store_commit(): then the store is as it was. */
int store_draft_take(StoreDraft *draft);
