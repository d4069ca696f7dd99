/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is to be done to a store, in some order, together: it holds copies of all keys and values in
 * one piece of memory.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/change-item.h"
#include "util/bytes.h"
#include "util/macro.h"

typedef struct Change Change;

/* A change has at most so many bytes. */
#define CHANGE_MAX (2 * CHANGE_VALUE_MAX)

typedef struct ChangeHead {
        struct CommitLane *lane; /* the committer's */
        uint64_t number;
        bool may_refuse;
        uint64_t promised; /* of room: see committer_promise() */
        int error;         /* what went wrong while it was made */
        uint32_t puts;
        size_t put_bytes; /* of their keys and values */
        size_t length, capacity;
} ChangeHead;

struct Change {
        ChangeHead head;
        uint8_t bytes[];
};

/* `may_refuse`: a store that is full need not take it. `room`: bytes of keys and values to come, a
 * guess. NULL: no memory. */
Change *change_new(bool may_refuse, size_t room);
Change *change_free(Change *change);
DEFINE_CLEANUP(Change, change_free)

/* What goes wrong committer_submit() tells. They may move the change. */
void change_put(Change **change, unsigned table, Bytes key, Bytes value);
void change_append(Change **change, unsigned table, Bytes key, Bytes value);
void change_delete(Change **change, unsigned table, Bytes key);
void change_delete_before(Change **change, unsigned table, Bytes key);

/* All of it, one item behind the other. */
static inline Bytes change_items(const Change *change)
{
        return (Bytes){change->bytes, change->head.length};
}

/* Does it all. 0 or as store_put(): then only a part was done. */
int change_apply(const Change *change, StoreTxn *txn);
