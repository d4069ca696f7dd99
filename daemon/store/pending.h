/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is done to a store but not in its tables yet: for each key the last thing, in memory. What
 * was put and deleted before a checkpoint came leaves nothing behind, if the table never had it.
 *
 * Doing it all again does no harm: whatever part of it the tables have already, they are right in
 * the end.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/change-item.h"
#include "store/store.h"
#include "util/macro.h"

typedef struct Pending Pending;

/* Behind what key of each table there is nothing, neither in the tables nor in what is pending
 * elsewhere: what is put there is new. */
typedef struct Horizon {
        struct {
                uint8_t bytes[STORE_KEY_MAX];
                size_t length;
        } keys[STORE_TABLES_MAX];
} Horizon;

/* As it is in the tables now. 0 or -errno. */
int horizon_read(Horizon *horizon, Store *store, unsigned n_tables);

/* So many keys are expected; memory for them is taken when the first ones have come. NULL: no
 * memory. */
Pending *pending_new(size_t keys);
Pending *pending_free(Pending *pending);
DEFINE_CLEANUP(Pending, pending_free)

/* Holds the items of a change ready, which are sound. 0 or -ENOMEM: none of them. */
int pending_stage(Pending *pending, Bytes items);
/* What was held ready is done, or is not: neither fails. The horizon holds for the tables and what
 * is pending elsewhere, and is the same until pending_advance(). */
void pending_commit(Pending *pending, const Horizon *horizon);
void pending_drop(Pending *pending);

/* All that was put here is behind the horizon now. */
void pending_advance(const Pending *pending, Horizon *horizon);

size_t pending_keys(const Pending *pending);
/* Bytes of memory; and what it adds to the tables, as store_cost(). */
size_t pending_memory(const Pending *pending);
uint64_t pending_cost(const Pending *pending);

/* It is to be put into the tables from the beginning. 0 or -ENOMEM. */
int pending_rewind(Pending *pending);
/* Puts the next part of it into them: some `bytes` of pages, more or less. 1: there is more, 0:
 * that was all, or -errno as store_put(). */
int pending_apply(Pending *pending, StoreTxn *txn, size_t bytes);
/* How much of it has been put into them, in percent. */
unsigned pending_progress(const Pending *pending);
