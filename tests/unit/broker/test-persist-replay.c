/* SPDX-License-Identifier: Apache-2.0 */
/* test-persist-replay.c: bytes of the tables and back, and what they say together, damaged or left
 * over as they may be. */

#include "persist-fixture.h"

static void put(StoreTxn *txn, unsigned table, PersistKey key, Buffer *value)
{
        g_assert_cmpint(store_put(txn, table, persist_key_bytes(&key), buffer_bytes(value)), ==, 0);
        buffer_done(value);
}

static void put_check(StoreTxn *txn, unsigned table, PersistKey key)
{
        uint8_t check[PERSIST_CHECK_SIZE];

        persist_check_put(persist_key_bytes(&key), check);
        g_assert_cmpint(
                store_put(txn, table, persist_key_bytes(&key), (Bytes){check, sizeof(check)}), ==,
                0);
}

static void put_session(StoreTxn *txn, uint32_t number)
{
        Buffer buffer = {};

        g_assert_cmpint(
                persist_session_put(&buffer, &(PersistSessionHead){.number = number,
                                                                   .client_id = BYTES_LITERAL("me"),
                                                                   .end = PERSIST_NEVER}),
                ==, 0);
        put(txn, PERSIST_SESSION, persist_key_session(number), &buffer);
}

typedef struct FlightCase {
        uint32_t session;
        uint16_t id;
        uint64_t message, order;
} FlightCase;

static void put_flight(StoreTxn *txn, FlightCase flight)
{
        Buffer buffer = {};

        g_assert_cmpint(persist_flight_put(&buffer, &(PersistFlight){flight.message, flight.order,
                                                                     flight.session, flight.id, 2}),
                        ==, 0);
        put(txn, PERSIST_FLIGHT, persist_key_packet(flight.session, flight.id), &buffer);
}

/* Takers as "session.id", at QoS 2. */
static void put_message(StoreTxn *txn, uint64_t number, const char *takers)
{
        g_auto(GStrv) words = g_strsplit(takers, " ", -1);
        Buffer buffer = {};
        RecordWriter record =
                persist_message_begin(&buffer, &(PersistMessage){.number = number,
                                                                 .expires = PERSIST_NEVER,
                                                                 .topic = BYTES_LITERAL("t"),
                                                                 .payload = BYTES_LITERAL("x")});

        for (char **word = words; *word && **word; word++)
                persist_taker_put(&record,
                                  &(PersistTaker){
                                          .session = (uint32_t)g_ascii_strtoull(*word, NULL, 10),
                                          .flags = 2,
                                          .packet_id = (uint16_t)g_ascii_strtoull(
                                                  strchr(*word, '.') + 1, NULL, 10),
                                  });
        g_assert_cmpint(record_end(&record), ==, 0);
        put(txn, PERSIST_LOG, persist_key_message(number), &buffer);
}

/* What a session is owed: "4#7 rel#8 w5" is message 4 in flight as 7, PUBREL for 8, 5 waits. */
static char *print_session(const PersistImage *image, uint32_t number)
{
        const PersistSession *session = persist_image_session(image, number);
        GString *text = g_string_new(NULL);

        for (size_t i = 0; session && i < session->n_inflight; i++) {
                const PersistExchange *exchange = &session->inflight[i];

                if (exchange->message)
                        g_string_append_printf(text, " %" G_GUINT64_FORMAT "#%u", exchange->message,
                                               exchange->packet_id);
                else
                        g_string_append_printf(text, " rel#%u", exchange->packet_id);
        }
        for (size_t i = 0; session && i < session->n_waiting; i++)
                g_string_append_printf(text, " w%" G_GUINT64_FORMAT, session->waiting[i].message);
        if (text->len > 0)
                g_string_erase(text, 0, 1);
        return g_string_free(text, FALSE);
}

#define assert_session(image, number, expected)                                                    \
        do {                                                                                       \
                g_autofree char *got_ = print_session(image, number);                              \
                g_assert_cmpstr(got_, ==, expected);                                               \
        } while (0)

/* --- bytes --- */

static void test_message_round_trip(void)
{
        static const uint8_t identifiers[] = {1, 0, 0, 0, 2, 0, 0, 0};
        PersistMessage message = {.number = 7,
                                  .received = 100,
                                  .expires = 200,
                                  .topic = BYTES_LITERAL("a/b"),
                                  .properties = BYTES_LITERAL("props"),
                                  .payload = BYTES_LITERAL("payload"),
                                  .author = {.username = BYTES_LITERAL("u"),
                                             .client_id = BYTES_LITERAL("c")},
                                  .flags = 2 | PERSIST_MESSAGE_RETAIN | PERSIST_MESSAGE_AUTHOR |
                                           PERSIST_MESSAGE_NAMED},
                       back;
        PersistTakerList list = {}, more = {};
        Buffer buffer = {};
        RecordWriter record;
        PersistTaker taker;

        g_assert_cmpint(persist_taker_list_add(&list, &(PersistTaker){.session = 3, .flags = 1}),
                        ==, 0);
        g_assert_cmpint(persist_taker_list_add(&more, &(PersistTaker){4, 2 | PERSIST_TAKER_RETAIN,
                                                                      99, 2, identifiers, NULL,
                                                                      BYTES_LITERAL("$share/g/#")}),
                        ==, 0);
        g_assert_cmpint(persist_taker_list_join(&list, &more), ==, 0);
        g_assert_cmpuint(list.count, ==, 2);
        record = persist_message_begin(&buffer, &message);
        record_put(&record, buffer_head(&list.bytes), buffer_length(&list.bytes));
        g_assert_cmpint(record_end(&record), ==, 0);
        g_assert_cmpint(persist_message_get(buffer_bytes(&buffer), &back), ==, 0);
        g_assert_cmpuint(back.number, ==, 7);
        g_assert_cmpuint(back.received, ==, 100);
        g_assert_cmpuint(back.expires, ==, 200);
        g_assert_true(bytes_equal(back.topic, message.topic));
        g_assert_true(bytes_equal(back.properties, message.properties));
        g_assert_true(bytes_equal(back.payload, message.payload));
        g_assert_true(bytes_equal(back.author.username, message.author.username));
        g_assert_true(bytes_equal(back.author.client_id, message.author.client_id));
        g_assert_cmpuint(back.author.listener.length, ==, 0);
        g_assert_cmpuint(back.flags, ==, message.flags);
        g_assert_cmpint(persist_taker_next(&back.takers, &taker), ==, 1);
        g_assert_cmpuint(taker.session, ==, 3);
        g_assert_cmpuint(taker.flags, ==, 1);
        g_assert_cmpuint(taker.packet_id, ==, 0);
        g_assert_cmpint(persist_taker_next(&back.takers, &taker), ==, 1);
        g_assert_cmpuint(taker.session, ==, 4);
        g_assert_cmpuint(taker.packet_id, ==, 99);
        g_assert_cmpuint(taker.n_identifiers, ==, 2);
        g_assert_cmpmem(taker.identifiers, 8, identifiers, 8);
        g_assert_true(bytes_equal(taker.group, BYTES_LITERAL("$share/g/#")));
        g_assert_cmpint(persist_taker_next(&back.takers, &taker), ==, 0);
        buffer_done(&buffer);
        persist_taker_list_done(&list);
        persist_taker_list_done(&more);
}

static void test_session_round_trip(void)
{
        _cleanup_(message_unrefp) Message *will = NULL;
        Buffer buffer = {}, again = {};
        PersistSessionHead head = {.number = 5,
                                   .client_id = BYTES_LITERAL("me"),
                                   .expiry = 60,
                                   .will_delay = 5,
                                   .end = PERSIST_NEVER,
                                   .will_due = 77,
                                   .last_id = 4},
                           back;

        g_assert_cmpint(message_new(&(MessageParts){.topic = BYTES_LITERAL("w"),
                                                    .payload = BYTES_LITERAL("gone"),
                                                    .expires = 9},
                                    &will),
                        ==, 0);
        head.will = will;
        g_assert_cmpint(persist_session_put(&buffer, &head), ==, 0);
        g_assert_cmpint(persist_session_get(buffer_bytes(&buffer), &back), ==, 0);
        g_assert_cmpuint(back.number, ==, 5);
        g_assert_true(bytes_equal(back.client_id, head.client_id));
        g_assert_cmpuint(back.expiry, ==, 60);
        g_assert_cmpuint(back.end, ==, PERSIST_NEVER);
        g_assert_cmpuint(back.last_id, ==, 4);
        g_assert_cmpuint(back.owner.length, ==, 0);
        g_assert_cmpuint(back.will->expires, ==, 9);
        g_assert_true(bytes_equal(message_payload(back.will), message_payload(will)));
        g_assert_cmpint(persist_session_put(&again, &back), ==, 0);
        g_assert_true(bytes_equal(buffer_bytes(&buffer), buffer_bytes(&again)));
        message_unref(back.will);
        buffer_done(&buffer);
        buffer_done(&again);
}

/* Behind a will or none. */
static void test_owner_round_trip(void)
{
        _cleanup_(message_unrefp) Message *will = NULL;

        g_assert_cmpint(
                message_new(&(MessageParts){.topic = BYTES_LITERAL("w"), .expires = 9}, &will), ==,
                0);
        for (unsigned i = 0; i < 2; i++) {
                const PersistSessionHead head = {.number = 5,
                                                 .client_id = BYTES_LITERAL("me"),
                                                 .will = i ? will : NULL,
                                                 .owner = BYTES_LITERAL("ada")};
                PersistSessionHead back;
                Buffer buffer = {};

                g_assert_cmpint(persist_session_put(&buffer, &head), ==, 0);
                g_assert_cmpint(persist_session_get(buffer_bytes(&buffer), &back), ==, 0);
                g_assert_true(bytes_equal(back.owner, head.owner));
                g_assert_cmpint(back.will != NULL, ==, i == 1);
                message_unref(back.will);
                buffer_done(&buffer);
        }
}

static void test_keys(void)
{
        uint8_t a[1000], b[1000];
        PersistKey ka, kb, ks;
        uint64_t message;
        uint32_t session;
        uint16_t packet_id;

        memset(a, 'x', sizeof(a));
        memset(b, 'x', sizeof(b));
        b[999] = 'y';
        ka = persist_key_text((Bytes){a, sizeof(a)});
        kb = persist_key_text((Bytes){b, sizeof(b)});
        ks = persist_key_subscription(1, (Bytes){a, sizeof(a)});
        g_assert_cmpuint(ka.length, ==, 1 + PERSIST_KEY_TEXT + 16);
        g_assert_false(bytes_equal(persist_key_bytes(&ka), persist_key_bytes(&kb)));
        g_assert_cmpuint(ks.length, <=, STORE_KEY_MAX);
        ka = persist_key_text((Bytes){});
        g_assert_cmpuint(ka.length, ==, 1);
        g_assert_true(persist_key_message(255).bytes[7] == 255 &&
                      persist_key_message(256).bytes[6] == 1);
        ka = persist_key_done(3, 4);
        g_assert_cmpint(persist_key_read_done(persist_key_bytes(&ka), &message, &session), ==, 0);
        g_assert_true(message == 3 && session == 4);
        kb = persist_key_packet(5, 6);
        g_assert_cmpint(persist_key_read_packet(persist_key_bytes(&kb), &session, &packet_id), ==,
                        0);
        g_assert_true(session == 5 && packet_id == 6);
        g_assert_cmpint(persist_key_read_packet(persist_key_bytes(&ka), &session, &packet_id), <,
                        0);
}

/* --- what they say together --- */

static void test_owed(void)
{
        _cleanup_(persist_image_freep) PersistImage *image = NULL;
        Store *store = open_store();
        StoreTxn *txn = begin_write(store);

        put_session(txn, 1);
        put_session(txn, 2);
        put_message(txn, 33, "1.4 2.0");
        put_message(txn, 65, "1.0 2.0");
        put_message(txn, 97, "1.0 2.0");
        put_message(txn, 130, "1.9");
        put_flight(txn, (FlightCase){1, 5, 97, 128}); /* it had waited */
        put_flight(txn, (FlightCase){2, 8, 0, 70});
        put_flight(txn, (FlightCase){2, 3, 97, 60});
        put_check(txn, PERSIST_DONE, persist_key_done(65, 2));
        put_check(txn, PERSIST_RECEIVED, persist_key_packet(2, 11));
        g_assert_cmpint(store_commit(txn), ==, 0);
        image = replay(store);
        assert_session(image, 1, "33#4 97#5 130#9 w65");
        assert_session(image, 2, "97#3 rel#8 w33");
        g_assert_true(packet_ids_contains(&persist_image_session(image, 2)->received, 11));
        g_assert_cmpuint(image->last_message, ==, 130);
        g_assert_cmpuint(image->last_session, ==, 2);
        g_assert_cmpuint(image->n_messages, ==, 4);
        g_assert_cmpuint(image->damaged.count, ==, 0);
        g_assert_cmpuint(image->leftover.count, ==, 0);
        store_free(store);
}

/* An identifier that was given twice belongs to the newer; what was older, and is owed, waits. */
static void test_same_identifier(void)
{
        _cleanup_(persist_image_freep) PersistImage *image = NULL;
        Store *store = open_store();
        StoreTxn *txn = begin_write(store);

        put_session(txn, 1);
        put_session(txn, 2);
        put_message(txn, 33, "1.4");
        put_message(txn, 65, "1.0");
        put_message(txn, 98, "1.4 2.7");
        put_flight(txn, (FlightCase){2, 7, 0, 40});
        g_assert_cmpint(store_commit(txn), ==, 0);
        image = replay(store);
        assert_session(image, 1, "98#4 w33 w65");
        assert_session(image, 2, "98#7");
        g_assert_cmpuint(image->leftover.count, ==, 1);
        tidy(store, image);
        assert_store(store, "log:1 log:2 log:3 session session");
        store_free(store);
}

/* A key that was not written any more: what came behind it at once waits behind it. Of another
 * worker it is not known what came first. */
static void test_order_of_what_was_in_flight(void)
{
        _cleanup_(persist_image_freep) PersistImage *image = NULL;
        Store *store = open_store();
        StoreTxn *txn = begin_write(store);

        put_session(txn, 1);
        put_message(txn, 32, "1.4");
        put_message(txn, 64, "1.0");
        put_message(txn, 96, "1.5");
        put_message(txn, 97, "1.6");
        put_message(txn, 128, "1.0");
        put_message(txn, 160, "1.8");
        g_assert_cmpint(store_commit(txn), ==, 0);
        image = replay(store);
        assert_session(image, 1, "32#4 97#6 w64 w96 w128 w160");
        g_assert_cmpuint(image->leftover.count, ==, 0);
        store_free(store);
}

/* What only a crash between two commits leaves behind is deleted, and counts in the numbers. */
static void test_leftovers(void)
{
        _cleanup_(persist_image_freep) PersistImage *image = NULL;
        Store *store = open_store();
        StoreTxn *txn = begin_write(store);

        put_session(txn, 1);
        put_message(txn, 33, "1.0 7.0");               /* 7 is gone */
        put_message(txn, 65, "7.0 9.0");               /* as both here */
        put_message(txn, 97, "1.0");                   /* done with */
        put_flight(txn, (FlightCase){1, 5, 40, 1000}); /* of no message */
        put_flight(txn, (FlightCase){8, 5, 33, 50});
        put_check(txn, PERSIST_DONE, persist_key_done(97, 1));
        put_check(txn, PERSIST_DONE, persist_key_done(65, 9));
        put_check(txn, PERSIST_DONE, persist_key_done(20, 1));
        put_check(txn, PERSIST_DONE, persist_key_done(2000, 1));
        put_check(txn, PERSIST_RECEIVED, persist_key_packet(50, 11));
        g_assert_cmpint(store_commit(txn), ==, 0);
        image = replay(store);
        assert_session(image, 1, "w33");
        g_assert_cmpuint(image->last_message, ==, 2000);
        g_assert_cmpuint(image->last_session, ==, 50);
        g_assert_cmpuint(image->damaged.count, ==, 0);
        tidy(store, image);
        assert_store(store, "log:1 session");
        store_free(store);
}

/* --- damage --- */

/* Two sessions, and a message for both, for each number. */
static void fill(Store *store, unsigned n)
{
        StoreTxn *txn = begin_write(store);

        put_session(txn, 1);
        put_session(txn, 2);
        for (uint64_t i = 1; i <= n; i++)
                put_message(txn, i, "1.0 2.0");
        g_assert_cmpint(store_commit(txn), ==, 0);
}

/* Each bit of each byte: it is found, it costs that message, and it is set aside. */
static void test_flipped_bits(void)
{
        Store *store = open_store();
        PersistKey key = persist_key_message(2),
                   aside = persist_key_damaged(PERSIST_LOG, persist_key_bytes(&key));
        size_t length = 1;

        fill(store, 3);
        for (size_t bit = 0; bit < length * 8; bit++) {
                _cleanup_(persist_image_freep) PersistImage *image = NULL;
                StoreTxn *txn = begin_write(store);
                uint8_t copy[200];
                Bytes value;

                g_assert_cmpint(store_get(txn, PERSIST_LOG, persist_key_bytes(&key), &value), ==,
                                1);
                length = value.length;
                memcpy(copy, value.data, length);
                copy[bit / 8] ^= (uint8_t)(1U << bit % 8);
                g_assert_cmpint(
                        store_put(txn, PERSIST_LOG, persist_key_bytes(&key), (Bytes){copy, length}),
                        ==, 0);
                g_assert_cmpint(persist_replay(txn, &image), ==, 0);
                g_assert_cmpuint(image->damaged.count, ==, 1);
                g_assert_cmpuint(image->leftover.count, ==, 0);
                assert_session(image, 1, "w1 w3");
                assert_session(image, 2, "w1 w3");
                g_assert_cmpint(persist_set_aside(txn, image), ==, 0);
                g_assert_cmpint(store_get(txn, PERSIST_LOG, persist_key_bytes(&key), &value), ==,
                                0);
                g_assert_cmpint(store_get(txn, PERSIST_DAMAGED, persist_key_bytes(&aside), &value),
                                ==, 1);
                g_assert_cmpmem(value.data, value.length, copy, length);
                store_abort(txn);
        }
        g_assert_cmpuint(length, >, 50);
        store_free(store);
}

/* A value that is sound, under a key that is not its own. */
static void test_misplaced(void)
{
        _cleanup_(persist_image_freep) PersistImage *image = NULL;
        PersistKey key = persist_key_message(2), other = persist_key_message(9),
                   done = persist_key_done(1, 1), other_done = persist_key_done(1, 2);
        Store *store = open_store();
        StoreTxn *txn;
        uint8_t copy[200];
        Bytes value;

        fill(store, 3);
        txn = begin_write(store);
        g_assert_cmpint(store_get(txn, PERSIST_LOG, persist_key_bytes(&key), &value), ==, 1);
        memcpy(copy, value.data, value.length);
        g_assert_cmpint(
                store_put(txn, PERSIST_LOG, persist_key_bytes(&other), (Bytes){copy, value.length}),
                ==, 0);
        persist_check_put(persist_key_bytes(&done), copy);
        g_assert_cmpint(store_put(txn, PERSIST_DONE, persist_key_bytes(&other_done),
                                  (Bytes){copy, PERSIST_CHECK_SIZE}),
                        ==, 0);
        g_assert_cmpint(persist_replay(txn, &image), ==, 0);
        g_assert_cmpuint(image->damaged.count, ==, 2);
        assert_session(image, 1, "w1 w2 w3");
        assert_session(image, 2, "w1 w2 w3");
        store_abort(txn);
        store_free(store);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/persist-replay/message-round-trip", test_message_round_trip);
        g_test_add_func("/broker/persist-replay/session-round-trip", test_session_round_trip);
        g_test_add_func("/broker/persist-replay/owner-round-trip", test_owner_round_trip);
        g_test_add_func("/broker/persist-replay/keys", test_keys);
        g_test_add_func("/broker/persist-replay/owed", test_owed);
        g_test_add_func("/broker/persist-replay/same-identifier", test_same_identifier);
        g_test_add_func("/broker/persist-replay/order-of-what-was-in-flight",
                        test_order_of_what_was_in_flight);
        g_test_add_func("/broker/persist-replay/leftovers", test_leftovers);
        g_test_add_func("/broker/persist-replay/flipped-bits", test_flipped_bits);
        g_test_add_func("/broker/persist-replay/misplaced", test_misplaced);
        return g_test_run();
}
