/* SPDX-License-Identifier: Apache-2.0 */
/* change-item.c: a header of eight bytes, and two strings of bytes. */
#include "store/change-item.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "store/types.h"

typedef struct ItemHeader {
        uint8_t kind, table;
        uint16_t key_length;
        uint32_t value_length;
} ItemHeader;

size_t change_item_size(const ChangeItem *item)
{
        return sizeof(ItemHeader) + item->key.length + item->value.length;
}

int change_item_check(const ChangeItem *item)
{
        if ((unsigned)item->kind >= CHANGE_KINDS || item->table >= STORE_TABLES_MAX ||
            item->key.length == 0 || item->key.length > STORE_KEY_MAX)
                return -EINVAL;
        if (item->kind >= CHANGE_DELETE)
                return item->value.length == 0 ? 0 : -EINVAL;
        return item->value.length <= CHANGE_VALUE_MAX ? 0 : -EINVAL;
}

static uint8_t *write_bytes(uint8_t *to, Bytes bytes)
{
        if (bytes.length > 0)
                memcpy(to, bytes.data, bytes.length);
        return to + bytes.length;
}

void change_item_write(const ChangeItem *item, uint8_t *to)
{
        ItemHeader header = {(uint8_t)item->kind, (uint8_t)item->table,
                             htole16((uint16_t)item->key.length),
                             htole32((uint32_t)item->value.length)};

        memcpy(to, &header, sizeof(header));
        write_bytes(write_bytes(to + sizeof(header), item->key), item->value);
}

int change_item_read(Bytes *bytes, ChangeItem *ret_item)
{
        ItemHeader header;
        ChangeItem item;
        size_t left;

        if (bytes->length == 0)
                return 0;
        if (bytes->length < sizeof(header))
                return -EBADMSG;
        memcpy(&header, bytes->data, sizeof(header));
        left = bytes->length - sizeof(header);
        item = (ChangeItem){.kind = header.kind, .table = header.table};
        item.key = (Bytes){bytes->data + sizeof(header), le16toh(header.key_length)};
        if (item.key.length > left)
                return -EBADMSG;
        item.value = (Bytes){item.key.data + item.key.length, le32toh(header.value_length)};
        if (item.value.length > left - item.key.length || change_item_check(&item) < 0)
                return -EBADMSG;
        *bytes = (Bytes){item.value.data + item.value.length,
                         left - item.key.length - item.value.length};
        *ret_item = item;
        return 1;
}

int change_item_apply(const ChangeItem *item, StoreTxn *txn)
{
        size_t n;
        int r;

        switch (item->kind) {
        case CHANGE_PUT:
                return store_put(txn, item->table, item->key, item->value);
        case CHANGE_APPEND:
                return store_append(txn, item->table, item->key, item->value);
        case CHANGE_DELETE:
                r = store_delete(txn, item->table, item->key);
                return r < 0 ? r : 0;
        case CHANGE_DELETE_BEFORE:
                return store_delete_before(txn, item->table, item->key, SIZE_MAX, &n);
        default:
                return -EINVAL;
        }
}
