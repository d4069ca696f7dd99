/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The keys of the tables of the store (persist-format.h).
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>

#include "util/bytes.h"

#define PERSIST_KEY_SIZE 511U

typedef struct PersistKey {
        size_t length;
        uint8_t bytes[PERSIST_KEY_SIZE];
} PersistKey;

static inline Bytes persist_key_bytes(const PersistKey *key)
{
        return (Bytes){key->bytes, key->length};
}

PersistKey persist_key_u64(uint64_t number);
PersistKey persist_key_u32(uint32_t number);
/* A client identifier or a topic name. An empty one has a key too. */
PersistKey persist_key_text(Bytes text);
PersistKey persist_key_subscription(uint32_t session, Bytes filter);
/* Where a record of another table is set aside. */
PersistKey persist_key_damaged(unsigned table, Bytes key);

/* The number in a key. 0 or -EBADMSG. */
int persist_key_read_u64(Bytes key, uint64_t *ret_number);
