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
        [PERSIST_META] = "meta",         [PERSIST_LOG] = "log",
        [PERSIST_DONE] = "done",         [PERSIST_FLIGHT] = "flight",
        [PERSIST_RECEIVED] = "received", [PERSIST_RETAINED] = "retained",
        [PERSIST_SESSION] = "session",   [PERSIST_SUBSCRIPTION] = "subscription",
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

static void add_u16(PersistKey *key, uint16_t number)
{
        number = htobe16(number);
        add(key, &number, sizeof(number));
}

static void add_u32(PersistKey *key, uint32_t number)
{
        number = htobe32(number);
        add(key, &number, sizeof(number));
}

PersistKey persist_key_message(uint64_t message)
{
        PersistKey key = {.length = 0};

        message = htobe64(message);
        add(&key, &message, sizeof(message));
        return key;
}

PersistKey persist_key_done(uint64_t message, uint32_t session)
{
        PersistKey key = persist_key_message(message);

        add_u32(&key, session);
        return key;
}

PersistKey persist_key_session(uint32_t session)
{
        PersistKey key = {.length = 0};

        add_u32(&key, session);
        return key;
}

PersistKey persist_key_packet(uint32_t session, uint16_t packet_id)
{
        PersistKey key = persist_key_session(session);

        add_u16(&key, packet_id);
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
        PersistKey key = persist_key_session(session);

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

int persist_key_read_message(Bytes key, uint64_t *ret_message)
{
        uint64_t message;

        if (key.length != sizeof(message))
                return -EBADMSG;
        memcpy(&message, key.data, sizeof(message));
        *ret_message = be64toh(message);
        return 0;
}

int persist_key_read_done(Bytes key, uint64_t *ret_message, uint32_t *ret_session)
{
        uint32_t session;
        int r;

        if (key.length != sizeof(*ret_message) + sizeof(session))
                return -EBADMSG;
        r = persist_key_read_message((Bytes){key.data, sizeof(*ret_message)}, ret_message);
        if (r < 0)
                return r;
        memcpy(&session, key.data + sizeof(*ret_message), sizeof(session));
        *ret_session = be32toh(session);
        return 0;
}

int persist_key_read_packet(Bytes key, uint32_t *ret_session, uint16_t *ret_packet_id)
{
        uint32_t session;
        uint16_t packet_id;

        if (key.length != sizeof(session) + sizeof(packet_id))
                return -EBADMSG;
        memcpy(&session, key.data, sizeof(session));
        memcpy(&packet_id, key.data + sizeof(session), sizeof(packet_id));
        if (packet_id == 0)
                return -EBADMSG;
        *ret_session = be32toh(session);
        *ret_packet_id = be16toh(packet_id);
        return 0;
}
