/* SPDX-License-Identifier: Apache-2.0 */
/* test-store-record.c: records of all tables, there and back, and in the wrong place. */

#include <errno.h>
#include <glib.h>

#include "transfer/store-record.h"

#define BYTES(_text) BYTES_LITERAL(_text)

static StoreRecord example(unsigned table)
{
        StoreRecord record = {.table = table};

        switch (table) {
        case PERSIST_LOG:
        case PERSIST_RETAINED:
                record.message = (PersistMessage){
                        .number = 64, .topic = BYTES("t"), .payload = BYTES("p"), .flags = 1};
                break;
        case PERSIST_SESSION:
                record.session = (PersistSessionHead){.number = 7, .client_id = BYTES("c")};
                break;
        case PERSIST_SUBSCRIPTION:
                record.subscription = (PersistFilter){.session = 7, .text = BYTES("t/#")};
                break;
        case PERSIST_FLIGHT:
                record.flight = (PersistFlight){.session = 7, .packet_id = 1, .qos = 2};
                break;
        case PERSIST_DONE:
                record.done.message = 64;
                record.done.session = 7;
                break;
        case PERSIST_RECEIVED:
                record.received.session = 7;
                record.received.packet_id = 9;
                break;
        default:
                record.raw.key = BYTES("key");
                record.raw.value = BYTES("value");
        }
        return record;
}

static void a_record_is_read_as_it_was_written(void)
{
        for (unsigned table = 0; table < PERSIST_TABLES; table++) {
                StoreRecord record = example(table), again;
                Buffer first = {}, second = {};
                PersistKey key, other;

                g_assert_cmpint(store_record_write(&record, &first, &key), ==, 0);
                g_assert_cmpint(store_record_read(table, persist_key_bytes(&key),
                                                  buffer_bytes(&first), &again),
                                ==, 0);
                g_assert_cmpuint(again.table, ==, table);
                g_assert_cmpint(store_record_write(&again, &second, &other), ==, 0);
                g_assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
                g_assert_true(bytes_equal(persist_key_bytes(&key), persist_key_bytes(&other)));
                store_record_done(&again);
                buffer_done(&first);
                buffer_done(&second);
        }
}

static void one_in_the_wrong_place_is_none(void)
{
        for (unsigned table = 0; table < PERSIST_TABLES; table++) {
                StoreRecord record = example(table), again = {.table = 99};
                bool is_raw = table == PERSIST_META || table == PERSIST_DAMAGED;
                Buffer value = {};
                PersistKey key;

                g_assert_cmpint(store_record_write(&record, &value, &key), ==, 0);
                key.bytes[key.length - 1] ^= 1;
                g_assert_cmpint(store_record_read(table, persist_key_bytes(&key),
                                                  buffer_bytes(&value), &again),
                                ==, is_raw ? 0 : -EBADMSG);
                g_assert_cmpuint(again.table, ==, is_raw ? table : 99);
                buffer_done(&value);
        }
}

static void takers_that_cannot_be_are_not_written(void)
{
        static const uint8_t half[] = {1, 0, 0, 0, 1};
        StoreRecord record = example(PERSIST_LOG);
        Buffer value = {};
        PersistKey key;

        record.message.takers = record_reader((Bytes){half, sizeof(half)});
        g_assert_cmpint(store_record_write(&record, &value, &key), ==, -EBADMSG);
        g_assert_cmpuint(buffer_length(&value), ==, 0);
        buffer_done(&value);
}

static void the_store_s_own_is_known(void)
{
        g_assert_true(store_record_is_own(PERSIST_META, BYTES(".format")));
        g_assert_false(store_record_is_own(PERSIST_META, BYTES("format")));
        g_assert_false(store_record_is_own(PERSIST_RETAINED, BYTES(".format")));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/transfer/store-record/a-record-is-read-as-it-was-written",
                        a_record_is_read_as_it_was_written);
        g_test_add_func("/transfer/store-record/one-in-the-wrong-place-is-none",
                        one_in_the_wrong_place_is_none);
        g_test_add_func("/transfer/store-record/takers-that-cannot-be-are-not-written",
                        takers_that_cannot_be_are_not_written);
        g_test_add_func("/transfer/store-record/the-store-s-own-is-known",
                        the_store_s_own_is_known);
        return g_test_run();
}
