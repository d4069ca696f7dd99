/* SPDX-License-Identifier: Apache-2.0 */
/* test-persist.c: what the workers write, applied in lanes whose order among each other is
 * whatever it happens to be. */

#include "persist-fixture.h"

#define LANES 2U

typedef struct Stage {
        Store *store;
        Takers *takers;
        PersistNumbers numbers;
        Persist *persist[LANES];
        uint64_t lane[LANES]; /* number of the last change */
} Stage;

static void stage_init(Stage *stage)
{
        *stage = (Stage){.store = open_store()};
        persist_numbers_init(&stage->numbers, 0, 0);
        g_assert_cmpint(takers_new(&stage->takers), ==, 0);
        for (unsigned i = 0; i < LANES; i++) {
                PersistParts parts = {&stage->numbers, stage->takers, i, false};

                g_assert_cmpint(persist_new(&parts, &stage->persist[i]), ==, 0);
                persist_set_clock(stage->persist[i], 5000, 1000);
        }
}

static void stage_done(Stage *stage)
{
        for (unsigned i = 0; i < LANES; i++)
                persist_free(stage->persist[i]);
        g_assert_cmpuint(takers_count(stage->takers), ==, 0);
        takers_free(stage->takers);
        store_free(stage->store);
}

/* Ends the turn of a worker. */
static Change *take(Stage *stage, unsigned i)
{
        Change *change = NULL;

        g_assert_cmpint(persist_take(stage->persist[i], &change), ==, 0);
        if (change)
                persist_submitted(stage->persist[i], ++stage->lane[i]);
        return change;
}

/* Writes it, and tells the worker. */
static void flush(Stage *stage, unsigned i)
{
        Change *change = take(stage, i);

        if (change)
                apply_change(stage->store, change);
        persist_durable(stage->persist[i], stage->lane[i]);
}

static Message *make(uint64_t number)
{
        Message *message;

        g_assert_cmpint(message_new(&(MessageParts){.topic = BYTES_LITERAL("t"),
                                                    .payload = BYTES_LITERAL("x"),
                                                    .number = number,
                                                    .expires = MESSAGE_NEVER_EXPIRES,
                                                    .qos = 2},
                                    &message),
                        ==, 0);
        g_assert_cmpuint(message_number(message), ==, number);
        return message;
}

/* Worker 0 publishes for the sessions 1 to n: the number. */
static uint64_t publish(Stage *stage, uint32_t n)
{
        uint64_t number = persist_number(stage->persist[0]);
        _cleanup_(message_unrefp) Message *message = make(number);
        PersistTakerList takers = {};

        for (uint32_t session = 1; session <= n; session++)
                g_assert_cmpint(persist_taker_list_add(
                                        &takers, &(PersistTaker){.session = session, .flags = 2}),
                                ==, 0);
        persist_publication(stage->persist[0],
                            &(PersistPublication){.message = message, .takers = &takers}, NULL);
        persist_taker_list_done(&takers);
        return number;
}

static void confirm(Stage *stage)
{
        for (unsigned i = 0; i < LANES; i++)
                persist_confirm(stage->persist[i], 0, persist_drawn(stage->persist[0]));
}

static void test_numbers_rise(void)
{
        Stage stage;
        uint64_t a, b;

        stage_init(&stage);
        a = persist_number(stage.persist[1]);
        b = persist_number(stage.persist[0]);
        g_assert_cmpuint(b, >, a);
        g_assert_cmpuint(persist_worker_of(a), ==, 1);
        g_assert_cmpuint(persist_drawn(stage.persist[1]), ==, a);
        g_assert_cmpuint(persist_session_number(stage.persist[0]), ==, 1);
        g_assert_cmpuint(persist_session_number(stage.persist[1]), ==, 2);
        persist_numbers_raise(&stage.numbers, 0, 9);
        g_assert_cmpuint(persist_number(stage.persist[0]), >, b);
        g_assert_cmpuint(persist_session_number(stage.persist[0]), ==, 10);
        persist_numbers_raise(&stage.numbers, UINT64_C(1) << 40, 0);
        g_assert_cmpuint(persist_number(stage.persist[0]), >, UINT64_C(1) << 40);
        g_assert_cmpuint(persist_session_number(stage.persist[0]), ==, 11);
        stage_done(&stage);
}

static void test_nothing_to_write(void)
{
        Stage stage;

        stage_init(&stage);
        g_assert_null(take(&stage, 0));
        stage_done(&stage);
}

/* The deletion waits for the record, which another lane brings. */
static void test_done_waits_for_the_record(void)
{
        Stage stage;
        uint64_t number;
        Change *record;

        stage_init(&stage);
        number = publish(&stage, 1);
        record = take(&stage, 0);
        persist_done(stage.persist[1], number, 1);
        flush(&stage, 1);
        apply_change(stage.store, record);
        assert_store(stage.store, "log:2");
        confirm(&stage);
        flush(&stage, 1);
        assert_store(stage.store, "");
        stage_done(&stage);
}

/* Of three the last one deletes, whatever the order of the lanes. */
static void test_last_taker_deletes(void)
{
        for (unsigned order = 0; order < 2; order++) {
                Change *changes[LANES];
                Stage stage;
                uint64_t number;

                stage_init(&stage);
                number = publish(&stage, 3);
                flush(&stage, 0);
                confirm(&stage);
                persist_done(stage.persist[0], number, 1);
                flush(&stage, 0);
                assert_store(stage.store, "log:2 done:2:1");
                persist_done(stage.persist[0], number, 2);
                persist_done(stage.persist[1], number, 3);
                changes[0] = take(&stage, 0);
                changes[1] = take(&stage, 1);
                apply_change(stage.store, changes[order]);
                apply_change(stage.store, changes[!order]);
                assert_store(stage.store, "log:2 done:2:1 done:2:2 done:2:3");
                persist_durable(stage.persist[order], stage.lane[order]);
                persist_durable(stage.persist[!order], stage.lane[!order]);
                flush(&stage, order);
                flush(&stage, !order);
                assert_store(stage.store, "");
                stage_done(&stage);
        }
}

/* With all others settled no key of one's own is needed. */
static void test_last_taker_of_settled_others(void)
{
        Stage stage;
        uint64_t number;

        stage_init(&stage);
        number = publish(&stage, 2);
        flush(&stage, 0);
        confirm(&stage);
        persist_done(stage.persist[1], number, 2);
        flush(&stage, 1);
        assert_store(stage.store, "log:2 done:2:2");
        persist_done(stage.persist[0], number, 1);
        flush(&stage, 0);
        assert_store(stage.store, "");
        stage_done(&stage);
}

/* One that had waited is ready when its record and its flight are on the disk. */
static void test_held(void)
{
        for (unsigned order = 0; order < 2; order++) {
                PersistReady held = {.session = session_id_make(1, 1, 1), .packet_id = 5}, ready;
                Persist *persist;
                Stage stage;

                stage_init(&stage);
                persist = stage.persist[1];
                held.message = publish(&stage, 1);
                persist_sent(persist, &(PersistFlight){.message = held.message,
                                                       .session = 1,
                                                       .packet_id = 5,
                                                       .qos = 2});
                g_assert_true(persist_hold(persist, &held, true));
                for (unsigned i = 0; i < 2; i++) {
                        g_assert_false(persist_next_ready(persist, &ready));
                        flush(&stage, i ^ order);
                        if ((i ^ order) == 0)
                                confirm(&stage);
                }
                g_assert_true(persist_next_ready(persist, &ready));
                g_assert_cmpuint(ready.message, ==, held.message);
                g_assert_cmpuint(ready.packet_id, ==, 5);
                g_assert_false(persist_next_ready(persist, &ready));
                assert_store(stage.store, "log:2 flight:1:5");
                /* PUBREC, PUBCOMP */
                persist_released(persist, 1, 5);
                persist_done(persist, held.message, 1);
                flush(&stage, 1);
                assert_store(stage.store, "flight:1:5");
                persist_landed(persist, 1, 5);
                flush(&stage, 1);
                assert_store(stage.store, "");
                stage_done(&stage);
        }
}

/* What was stored before it was made needs no confirmation; nothing is held when durability is
 * relaxed. */
static void test_not_held(void)
{
        PersistReady held = {.packet_id = 5};
        Stage stage;
        Persist *relaxed;

        stage_init(&stage);
        held.message = persist_number(stage.persist[0]);
        g_assert_true(persist_hold(stage.persist[1], &held, false));
        g_assert_cmpint(
                persist_new(&(PersistParts){&stage.numbers, stage.takers, 1, true}, &relaxed), ==,
                0);
        g_assert_true(persist_is_confirmed(relaxed, held.message));
        g_assert_false(persist_hold(relaxed, &held, true));
        persist_free(relaxed);
        stage_done(&stage);
}

static void test_received(void)
{
        Stage stage;
        _cleanup_(message_unrefp) Message *message = make(0);

        stage_init(&stage);
        persist_publication(
                stage.persist[0],
                &(PersistPublication){.message = message, .publisher = 3, .received = 9}, NULL);
        flush(&stage, 0);
        assert_store(stage.store, "received:3:9");
        persist_freed(stage.persist[0], 3, 9);
        flush(&stage, 0);
        assert_store(stage.store, "");
        stage_done(&stage);
}

/* From one member of a group to another, in one change. */
static void test_replaced(void)
{
        PersistTakerList takers = {};
        _cleanup_(message_unrefp) Message *message = NULL;
        Stage stage;
        uint64_t before;

        stage_init(&stage);
        before = publish(&stage, 1);
        flush(&stage, 0);
        confirm(&stage);
        message = make(persist_number(stage.persist[1]));
        g_assert_cmpint(persist_taker_list_add(&takers, &(PersistTaker){.session = 2, .flags = 1}),
                        ==, 0);
        persist_publication(stage.persist[1],
                            &(PersistPublication){.message = message,
                                                  .takers = &takers,
                                                  .replaces = before,
                                                  .replaced_session = 1},
                            NULL);
        flush(&stage, 1);
        assert_store(stage.store, "log:3");
        persist_taker_list_done(&takers);
        stage_done(&stage);
}

/* The record of a session keeps the will until its publication is in the same change. */
static void test_will(void)
{
        for (unsigned ends = 0; ends < 2; ends++) {
                _cleanup_(message_unrefp) Message *will = make(0);
                PersistSessionHead head = {.number = 4, .client_id = BYTES_LITERAL("c")};
                SessionId id = session_id_make(0, 1, 1);
                Persist *persist;
                Stage stage;

                stage_init(&stage);
                persist = stage.persist[0];
                head.will = will;
                persist_write_session(persist, &head);
                flush(&stage, 0);
                persist_will_taken(persist, 4, id);
                head.will = NULL;
                if (ends)
                        persist_forget_session(persist, 4);
                else
                        persist_write_session(persist, &head);
                g_assert_null(take(&stage, 0));
                assert_store(stage.store, "session");
                persist_publication(persist, &(PersistPublication){.message = will, .will_of = 4},
                                    NULL);
                g_assert_cmpuint(persist_next_touched(persist), ==, ends ? SESSION_ID_NONE : id);
                flush(&stage, 0);
                assert_store(stage.store, ends ? "" : "session");
                stage_done(&stage);
        }
}

/* Boot time becomes that of the calendar. */
static void test_times(void)
{
        _cleanup_(persist_image_freep) PersistImage *image = NULL;
        Stage stage;

        stage_init(&stage);
        persist_write_session(
                stage.persist[0],
                &(PersistSessionHead){.number = 1, .end = 8001, .will_due = MSEC_INFINITY});
        flush(&stage, 0);
        image = replay(stage.store);
        g_assert_cmpuint(persist_image_session(image, 1)->head.end, ==, 1004);
        g_assert_cmpuint(persist_image_session(image, 1)->head.will_due, ==, PERSIST_NEVER);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/persist/numbers-rise", test_numbers_rise);
        g_test_add_func("/broker/persist/nothing-to-write", test_nothing_to_write);
        g_test_add_func("/broker/persist/done-waits-for-the-record",
                        test_done_waits_for_the_record);
        g_test_add_func("/broker/persist/last-taker-deletes", test_last_taker_deletes);
        g_test_add_func("/broker/persist/last-taker-of-settled-others",
                        test_last_taker_of_settled_others);
        g_test_add_func("/broker/persist/held", test_held);
        g_test_add_func("/broker/persist/not-held", test_not_held);
        g_test_add_func("/broker/persist/received", test_received);
        g_test_add_func("/broker/persist/replaced", test_replaced);
        g_test_add_func("/broker/persist/will", test_will);
        g_test_add_func("/broker/persist/times", test_times);
        return g_test_run();
}
