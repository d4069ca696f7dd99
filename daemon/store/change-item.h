/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One thing to do to a store, as bytes: so it stands in a change and in the journal. Little-endian:
 *
 *   u8 kind, u8 table, u16 length of the key, u32 length of the value, key, value
 *
 * Thread: any
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "store/store.h"
#include "util/bytes.h"

typedef enum ChangeKind {
        CHANGE_PUT,
        CHANGE_APPEND,        /* a put of a key that is likely behind all others */
        CHANGE_DELETE,        /* without a value, as what follows */
        CHANGE_DELETE_BEFORE, /* all keys before this one */
        CHANGE_KINDS,
} ChangeKind;

/* A value has at most so many bytes: a batch of the journal is one piece of memory. */
#define CHANGE_VALUE_MAX ((size_t)1024 * 1024 * 1024)

typedef struct ChangeItem {
        ChangeKind kind;
        unsigned table;
        Bytes key, value;
} ChangeItem;

/* What it takes as bytes. */
size_t change_item_size(const ChangeItem *item);

/* 0, or -EINVAL: no store takes that. */
int change_item_check(const ChangeItem *item);

/* Writes change_item_size() bytes of an item that was checked. */
void change_item_write(const ChangeItem *item, uint8_t *to);

/* Takes the first item off the bytes: 1, views into them; 0: there are none left; -EBADMSG: they do
 * not begin with an item that change_item_check() lets pass. */
int change_item_read(Bytes *bytes, ChangeItem *ret_item);

/* Does it. 0 or as store_put(). */
int change_item_apply(const ChangeItem *item, StoreTxn *txn);
