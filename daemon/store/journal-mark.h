/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How far the tables of a store are in its journal. It is in a table itself, so it changes with
 * them.
 *
 * Thread: any; a transaction: one at a time
 */
#pragma once

#include "store/store.h"
#include "store/types.h"

/* 1: there is one, 0: there is none, -EBADMSG, or as store_get(). */
int journal_mark_read(StoreTxn *txn, JournalMark *ret_mark);
/* As store_put(). */
int journal_mark_write(StoreTxn *txn, const JournalMark *mark);
