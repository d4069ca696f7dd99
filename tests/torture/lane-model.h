/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the lanes of store-lanes do to a store: the n-th change of a lane is the same in every run
 * with that seed, so what the store holds follows from how many there were. Each lane has its row
 * in WORD, which each change replaces, its keys in HEAP, which it puts and deletes here and there,
 * and a table of its own like a queue.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/change.h"

#define LANES     4U
#define HEAP_KEYS 64U

enum { TABLE_META, TABLE_WORD, TABLE_HEAP, TABLE_QUEUE, TABLES = TABLE_QUEUE + LANES };

extern const StoreOptions lane_options;

/* The row of a lane in WORD: how many changes, and how many of each lane had been handed over
 * before the last one was. */
typedef struct LaneWord {
        uint64_t n, before[LANES];
} LaneWord;

/* The n-th change, from 1 on. NULL: no memory. */
Change *lane_change(uint64_t seed, unsigned lane, const LaneWord *word);

/* Reads the row; all zero if there is none. 0 or -errno. */
int lane_read_word(StoreTxn *txn, unsigned lane, LaneWord *ret_word);

/* Whether HEAP and the queue of this lane are what so many changes make of them: 0, 1 after a word
 * about it on standard output, or -errno. */
int lane_check(StoreTxn *txn, uint64_t seed, unsigned lane, uint64_t n);
