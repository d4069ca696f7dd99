/* SPDX-License-Identifier: Apache-2.0 */
/* change.c: a list of things to do, one behind the other in memory. */
#include "store/change.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "util/macro.h"

/* For the headers of a few items. */
#define CHANGE_SPARE 32U

Change *change_new(bool may_refuse, size_t room)
{
        size_t capacity = room + CHANGE_SPARE;
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

static void add(Change **change, ChangeKind kind, unsigned table, Bytes key, Bytes value)
{
        ChangeItem item = {kind, table, key, value};
        size_t room = change_item_size(&item);
        ChangeHead *head = &(*change)->head;
        int r = head->error;

        if (r == 0)
                r = change_item_check(&item);
        if (r == 0 && head->length + room > CHANGE_MAX)
                r = -EINVAL;
        if (r == 0)
                r = make_room(change, room);
        head = &(*change)->head; /* it may have moved */
        head->error = r;
        if (r < 0)
                return;
        change_item_write(&item, (*change)->bytes + head->length);
        head->length += room;
        if (kind < CHANGE_DELETE) {
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

int change_apply(const Change *change, StoreTxn *txn)
{
        Bytes items = change_items(change);
        ChangeItem item;
        int r = 0;

        while (r == 0 && change_item_read(&items, &item) > 0)
                r = change_item_apply(&item, txn);
        return r;
}
