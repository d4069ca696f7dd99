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

PersistKey persist_key_message(uint64_t message);
PersistKey persist_key_done(uint64_t message, uint32_t session);
PersistKey persist_key_session(uint32_t session);
/* Of `flight` and of `received`. */
PersistKey persist_key_packet(uint32_t session, uint16_t packet_id);
/* A topic name. An empty text has a key too. */
PersistKey persist_key_text(Bytes text);
PersistKey persist_key_subscription(uint32_t session, Bytes filter);
/* Where a record of another table is set aside. */
PersistKey persist_key_damaged(unsigned table, Bytes key);

/* What is in a key. 0 or -EBADMSG. */
int persist_key_read_message(Bytes key, uint64_t *ret_message);
int persist_key_read_done(Bytes key, uint64_t *ret_message, uint32_t *ret_session);
int persist_key_read_packet(Bytes key, uint32_t *ret_session, uint16_t *ret_packet_id);
