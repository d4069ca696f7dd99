/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is on the shelf of an outbox: numbers of messages in the store, and what is the taker's own
 * of each. First in, first out.
 *
 * A broker holds millions, and most of them are much like the one before: the next number of the
 * same worker, the same QoS. So each is written as what is different, in one byte mostly; and in
 * pieces, which grow with the shelf, so that hardly any memory is there in advance.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/macro.h"

typedef struct OutboxShelf OutboxShelf;

typedef struct OutboxShelved {
        uint64_t number;
        uintptr_t tag; /* as in Outgoing, without a pointer */
} OutboxShelved;

/* 0 or -ENOMEM. */
int outbox_shelf_new(OutboxShelf **ret_shelf);
OutboxShelf *outbox_shelf_free(OutboxShelf *shelf);
DEFINE_CLEANUP(OutboxShelf, outbox_shelf_free)

/* Takes NULL: there is none. */
uint32_t outbox_shelf_count(const OutboxShelf *shelf);

/* Puts it behind all others. 0 or -ENOMEM: nothing has changed. */
int outbox_shelf_push(OutboxShelf *shelf, const OutboxShelved *shelved);

/* Takes the oldest one off; false: there is none. */
bool outbox_shelf_pop(OutboxShelf *shelf, OutboxShelved *ret_shelved);

/* A walk from the oldest to the newest, begun with all zero. Nothing changes meanwhile. */
typedef struct OutboxShelfCursor {
        OutboxShelved last;
        const struct OutboxShelfPiece *piece;
        uint32_t at, passed;
} OutboxShelfCursor;

/* The next one; false: that was the last. Takes NULL. */
bool outbox_shelf_next(const OutboxShelf *shelf, OutboxShelfCursor *cursor,
                       OutboxShelved *ret_shelved);
