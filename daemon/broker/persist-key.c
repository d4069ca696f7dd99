/* SPDX-License-Identifier: Apache-2.0 */
/* persist-key.c: keys in the order of what they mean. */
#include "broker/persist-key.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "broker/persist-format.h"
#include "util/macro.h"
#include "util/siphash.h"

const char *const persist_tables[PERSIST_TABLES] = {
        [PERSIST_META] = "meta",
        [PERSIST_LOG] = "log",
        [PERSIST_ACK] = "ack",
        [PERSIST_RETAINED] = "retained",
        [PERSIST_SESSION] = "session",
        [PERSIST_CLIENT] = "client",
        [PERSIST_SUBSCRIPTION] = "subscription",
        [PERSIST_DAMAGED] = "damaged",
};

static void add(PersistKey *key, const void *data, size_t n)
{
        n = MIN(n, sizeof(key->bytes) - key->length);
        if (n > 0)
                memcpy(key->bytes + key->length, data, n);
        key->length += n;
}

/* One key for all stores: what is written today is looked for tomorrow. To find two texts of one
 * hash takes 2^64 tries, and what is there is compared in full. */
static void add_hash(PersistKey *key, Bytes text)
{
        for (uint8_t i = 0; i < 2; i++) {
                const HashKey fixed = {{i}};
                uint64_t hash = htobe64(siphash13(text.data, text.length, &fixed));

                add(key, &hash, sizeof(hash));
        }
}

static void add_text(PersistKey *key, Bytes text)
{
        add(key, text.data, MIN(text.length, (size_t)PERSIST_KEY_TEXT));
        if (text.length > PERSIST_KEY_TEXT)
                add_hash(key, text);
}

PersistKey persist_key_u64(uint64_t number)
{
        PersistKey key = {.length = 0};

        number = htobe64(number);
        add(&key, &number, sizeof(number));
        return key;
}

PersistKey persist_key_u32(uint32_t number)
{
        PersistKey key = {.length = 0};

        number = htobe32(number);
        add(&key, &number, sizeof(number));
        return key;
}

/* A store takes no empty key: each has one byte before the text. */
PersistKey persist_key_text(Bytes text)
{
        PersistKey key = {.length = 0};

        add(&key, "=", 1);
        add_text(&key, text);
        return key;
}

PersistKey persist_key_subscription(uint32_t session, Bytes filter)
{
        PersistKey key = persist_key_u32(session);

        add_text(&key, filter);
        return key;
}

PersistKey persist_key_damaged(unsigned table, Bytes key)
{
        PersistKey result = {.length = 0};

        add(&result, &(uint8_t){(uint8_t)table}, 1);
        add(&result, key.data, key.length);
        return result;
}

int persist_key_read_u64(Bytes key, uint64_t *ret_number)
{
        uint64_t number;

        if (key.length != sizeof(number))
                return -EBADMSG;
        memcpy(&number, key.data, sizeof(number));
        *ret_number = be64toh(number);
        return 0;
}
