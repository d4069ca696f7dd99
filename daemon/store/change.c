/* SPDX-License-Identifier: Apache-2.0 */
/* change.c: a list of things to do, one behind the other in memory. */
#include "store/change.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef enum ChangeKind {
        CHANGE_PUT,
        CHANGE_APPEND,
        CHANGE_DELETE,
        CHANGE_DELETE_BEFORE,
} ChangeKind;

/* Before the bytes of key and value. */
typedef struct ChangeItem {
        uint8_t kind, table;
        uint16_t key_length;
        uint32_t value_length;
} ChangeItem;

Change *change_new(bool may_refuse, size_t room)
{
        size_t capacity = room + 2 * sizeof(ChangeItem);
        Change *change = malloc(sizeof(*change) + capacity);

        if (change)
                change->head = (ChangeHead){.may_refuse = may_refuse, .capacity = capacity};
        return change;
}

Change *change_free(Change *change)
{
        free(change);
        return NULL;
}

static int make_room(Change **change, size_t room)
{
        ChangeHead *head = &(*change)->head;
        size_t capacity = MAX(head->capacity * 2, head->length + room);
        Change *larger;

        if (head->capacity - head->length >= room)
                return 0;
        larger = realloc(*change, sizeof(**change) + capacity);
        if (!larger)
                return -ENOMEM;
        larger->head.capacity = capacity;
        *change = larger;
        return 0;
}

static uint8_t *write_bytes(uint8_t *to, Bytes bytes)
{
        if (bytes.length > 0)
                memcpy(to, bytes.data, bytes.length);
        return to + bytes.length;
}

static void add(Change **change, ChangeKind kind, unsigned table, Bytes key, Bytes value)
{
        ChangeItem item = {(uint8_t)kind, (uint8_t)table, (uint16_t)key.length,
                           (uint32_t)value.length};
        size_t room = sizeof(item) + key.length + value.length;
        ChangeHead *head = &(*change)->head;
        uint8_t *to;
        int r;

        if (key.length == 0 || key.length > STORE_KEY_MAX || value.length > UINT32_MAX ||
            table >= STORE_TABLES_MAX)
                head->error = -EINVAL;
        if (head->error < 0)
                return;
        r = make_room(change, room);
        head = &(*change)->head; /* it may have moved */
        if (r < 0) {
                head->error = r;
                return;
        }
        to = (*change)->bytes + head->length;
        memcpy(to, &item, sizeof(item));
        write_bytes(write_bytes(to + sizeof(item), key), value);
        head->length += room;
        if (kind == CHANGE_PUT || kind == CHANGE_APPEND) {
                head->puts++;
                head->put_bytes += key.length + value.length;
        }
}

void change_put(Change **change, unsigned table, Bytes key, Bytes value)
{
        add(change, CHANGE_PUT, table, key, value);
}

void change_append(Change **change, unsigned table, Bytes key, Bytes value)
{
        add(change, CHANGE_APPEND, table, key, value);
}

void change_delete(Change **change, unsigned table, Bytes key)
{
        add(change, CHANGE_DELETE, table, key, (Bytes){});
}

void change_delete_before(Change **change, unsigned table, Bytes key)
{
        add(change, CHANGE_DELETE_BEFORE, table, key, (Bytes){});
}

static int apply_item(StoreTxn *txn, const ChangeItem *item, Bytes key, Bytes value)
{
        size_t n;
        int r;

        switch ((ChangeKind)item->kind) {
        case CHANGE_PUT:
                return store_put(txn, item->table, key, value);
        case CHANGE_APPEND:
                return store_append(txn, item->table, key, value);
        case CHANGE_DELETE:
                r = store_delete(txn, item->table, key);
                return r < 0 ? r : 0;
        case CHANGE_DELETE_BEFORE:
                return store_delete_before(txn, item->table, key, SIZE_MAX, &n);
        }
        return -EINVAL;
}

int change_apply(const Change *change, StoreTxn *txn)
{
        const uint8_t *at = change->bytes, *end = at + change->head.length;
        int r = 0;

        while (at < end && r == 0) {
                ChangeItem item;
                Bytes key, value;

                memcpy(&item, at, sizeof(item));
                key = (Bytes){at + sizeof(item), item.key_length};
                value = (Bytes){key.data + key.length, item.value_length};
                r = apply_item(txn, &item, key, value);
                at = value.data + value.length;
        }
        return r;
}
