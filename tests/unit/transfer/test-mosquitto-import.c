/* SPDX-License-Identifier: Apache-2.0 */
/* test-mosquitto-import.c: what the sessions of a broker send that starts with what was taken over.
 */

#include "../broker/session-fixture.h"
#include "broker/persist-load.h"
#include "transfer/mosquitto-import.h"

#define NOW UINT64_C(1700000000)

/* --- a file of version 4: fields one behind the other --- */

static void put_u16(GByteArray *to, uint16_t value)
{
        value = GUINT16_TO_BE(value);
        g_byte_array_append(to, (const guint8 *)&value, sizeof(value));
}

static void put_u32(GByteArray *to, uint32_t value)
{
        value = GUINT32_TO_BE(value);
        g_byte_array_append(to, (const guint8 *)&value, sizeof(value));
}

static void put_u64(GByteArray *to, uint64_t value)
{
        value = GUINT64_TO_LE(value);
        g_byte_array_append(to, (const guint8 *)&value, sizeof(value));
}

static void put_u8(GByteArray *to, uint8_t value)
{
        g_byte_array_append(to, &value, sizeof(value));
}

static void put_text(GByteArray *to, const char *text)
{
        put_u16(to, (uint16_t)strlen(text));
        g_byte_array_append(to, (const guint8 *)text, (guint)strlen(text));
}

/* Nobody reads the lengths of this version. */
static void begin_chunk(GByteArray *to, MosquittoChunkType type)
{
        put_u16(to, (uint16_t)type);
        put_u32(to, 0);
}

static GByteArray *begin_file(void)
{
        GByteArray *file = g_byte_array_new();

        g_byte_array_append(file, (const guint8 *)"\0\xB5\0mosquitto db\0\0\0\0", 19);
        put_u32(file, 4);
        begin_chunk(file, MOSQUITTO_CONFIG);
        put_u8(file, 1);
        put_u8(file, 8);
        put_u64(file, 100);
        return file;
}

static void put_message(GByteArray *to, uint64_t number, const char *topic, uint8_t qos)
{
        begin_chunk(to, MOSQUITTO_MESSAGE);
        put_u64(to, number);
        put_text(to, "source");
        put_text(to, "");
        put_u16(to, 1883);
        put_u32(to, 0);
        put_text(to, topic);
        put_u8(to, qos);
        put_u8(to, 0);
        put_u32(to, 1);
        put_u8(to, 'x');
}

static void put_client(GByteArray *to, const char *client_id, uint16_t last_id)
{
        begin_chunk(to, MOSQUITTO_CLIENT);
        put_text(to, client_id);
        put_u16(to, last_id);
        put_u64(to, 0);
}

static void put_delivery(GByteArray *to, uint64_t number, uint16_t packet_id, uint8_t qos,
                         MosquittoState state)
{
        begin_chunk(to, MOSQUITTO_DELIVERY);
        put_text(to, "old");
        put_u64(to, number);
        put_u16(to, packet_id);
        put_u8(to, qos);
        put_u8(to, 0);
        put_u8(to, state != MOSQUITTO_WAIT_PUBREL); /* direction */
        put_u8(to, (uint8_t)state);
        put_u8(to, 0);
}

static void put_subscription(GByteArray *to, const char *filter, uint8_t qos)
{
        begin_chunk(to, MOSQUITTO_SUBSCRIPTION);
        put_text(to, "old");
        put_text(to, filter);
        put_u8(to, qos);
}

/* --- a broker --- */

static Store *import_all(const GByteArray *file)
{
        static const StoreOptions options = {
                .tables = persist_tables, .n_tables = PERSIST_TABLES, .format = PERSIST_FORMAT};
        _cleanup_(mosquitto_import_freep) MosquittoImport *import = NULL;
        _cleanup_(store_draft_freep) StoreDraft *draft = NULL;
        Store *store;
        uint32_t version;
        int r;

        g_assert_cmpint(mosquitto_import_new((Bytes){file->data, file->len},
                                             &(MosquittoTimes){NOW, NOW}, &import, &version),
                        ==, 0);
        while ((r = mosquitto_import_read(import, false)) > 0)
                ;
        g_assert_cmpint(r, ==, 0);
        g_assert_cmpint(store_open_memory(&options, &store), ==, 0);
        g_assert_cmpint(store_draft_new(store, &options, &draft), ==, 0);
        while ((r = mosquitto_import_write(import, draft)) > 0)
                ;
        g_assert_cmpint(r, ==, 0);
        g_assert_cmpint(store_draft_take(draft), ==, 0);
        return store;
}

static Sessions *sessions_for(void *data, Bytes client_id)
{
        return ((Fixture *)data)->sessions;
}

static PersistLoaded start(Fixture *fixture, Store *store, Takers *takers)
{
        _cleanup_(persist_image_freep) PersistImage *image = NULL;
        PersistTarget target = {.router = fixture->router,
                                .retained = fixture->retained,
                                .takers = takers,
                                .sessions_of = sessions_for,
                                .data = fixture,
                                .clock = {fixture->now, NOW}};
        PersistLoaded loaded;
        StoreTxn *txn;

        g_assert_cmpint(store_begin_read(store, &txn), ==, 0);
        g_assert_cmpint(persist_replay(txn, &image), ==, 0);
        g_assert_cmpint(persist_load(txn, image, &target, &loaded), ==, 0);
        g_assert_cmpuint(image->damaged.count + image->leftover.count, ==, 0);
        store_abort(txn);
        return loaded;
}

/* What the session "old" sends when its client is back. */
static void assert_goes_on(const GByteArray *file, const char *expected)
{
        Fixture fixture;
        Session *session;
        Takers *takers;
        Store *store = import_all(file);
        PersistLoaded loaded;

        fixture_init(&fixture, (SessionLimits){.max_inflight_messages = 20});
        g_assert_cmpint(takers_new(&takers), ==, 0);
        loaded = start(&fixture, store, takers);
        g_assert_cmpuint(loaded.sessions, ==, 1);
        session = sessions_find(fixture.sessions, BYTES_LITERAL("old"));
        g_assert_nonnull(session);
        fixture_attach(&fixture, session, 65535);
        {
                g_autofree char *sent = drain(&fixture, session);

                g_assert_cmpstr(sent, ==, expected);
        }
        fixture_done(&fixture);
        takers_free(takers);
        store_free(store);
}

static void what_was_in_flight_goes_on_in_its_order(void)
{
        g_autoptr(GByteArray) file = begin_file();

        for (uint64_t number = 1; number <= 6; number++)
                put_message(file, number,
                            (const char *[]){"a", "b", "c", "d", "e", "f"}[number - 1], 2);
        put_client(file, "old", 500);
        put_delivery(file, 1, 9, 2, MOSQUITTO_WAIT_PUBCOMP);
        put_delivery(file, 2, 6, 1, MOSQUITTO_WAIT_PUBACK);
        put_delivery(file, 3, 7, 2, MOSQUITTO_WAIT_PUBCOMP);
        put_delivery(file, 4, 2, 2, MOSQUITTO_SEND_PUBREL);
        put_delivery(file, 5, 500, 2, MOSQUITTO_WAIT_PUBREC);
        put_delivery(file, 6, 0, 1, MOSQUITTO_QUEUED);
        assert_goes_on(file, "rel#9 b.1#6! rel#7 rel#2 e.2#500! f.1#501");
}

static void a_queue_of_any_order_is_sent_in_it(void)
{
        g_autoptr(GByteArray) file = begin_file();

        for (uint64_t number = 1; number <= 4; number++)
                put_message(file, number, (const char *[]){"a", "b", "c", "d"}[number - 1], 1);
        put_client(file, "old", 0);
        for (size_t i = 0; i < 6; i++)
                put_delivery(file, (const uint64_t[]){3, 4, 1, 2, 4, 4}[i], 0, 1, MOSQUITTO_QUEUED);
        assert_goes_on(file, "c.1#1 d.1#2 a.1#3 b.1#4 d.1#5 d.1#6");
}

/* Mosquitto would have passed it on at PUBREL. */
static void what_came_at_qos_2_is_sent_to_subscribers(void)
{
        g_autoptr(GByteArray) file = begin_file();

        put_message(file, 1, "t/1", 2);
        put_client(file, "old", 0);
        put_delivery(file, 1, 77, 2, MOSQUITTO_WAIT_PUBREL);
        put_subscription(file, "t/+", 1);
        assert_goes_on(file, "t/1.1#1");
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/transfer/mosquitto-import/what-was-in-flight-goes-on-in-its-order",
                        what_was_in_flight_goes_on_in_its_order);
        g_test_add_func("/transfer/mosquitto-import/a-queue-of-any-order-is-sent-in-it",
                        a_queue_of_any_order_is_sent_in_it);
        g_test_add_func("/transfer/mosquitto-import/what-came-at-qos-2-is-sent-to-subscribers",
                        what_came_at_qos_2_is_sent_to_subscribers);
        return g_test_run();
}
