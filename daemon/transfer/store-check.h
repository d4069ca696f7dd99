/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Looks at all records of a broker's store: whether each is what was written, and whether they fit
 * together.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdint.h>

#include "broker/persist-replay.h"
#include "store/store.h"

typedef struct StoreCheck {
        uint64_t records[PERSIST_TABLES];
        PersistImage *image; /* what does not add up, and what is left over */
} StoreCheck;

/* 0, -ENOMEM, or as store_cursor_next(). */
int store_check_init(StoreCheck *check, StoreTxn *txn);
void store_check_done(StoreCheck *check);

#define STORE_PLACE_SIZE 1100U

/* Where a record is, in words; what is no text with escapes. */
const char *store_place_text(unsigned table, Bytes key, char text[static STORE_PLACE_SIZE]);
