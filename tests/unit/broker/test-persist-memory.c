/* SPDX-License-Identifier: Apache-2.0 */
/* test-persist-memory.c: what is stored, and made again of it, with each allocation failing once:
 * an error that is told, and nothing is left behind. */
#include "persist-stage.h"
#include "tests/unit/failing-memory.h"

static const uint32_t identifiers[] = {1, 2, 3};

static void offer_shared(Stage *stage, Session *session, PersistTakerList *takers, Message *message)
{
        Offer offer = {.message = message,
                       .identifiers = identifiers,
                       .n_identifiers = ARRAY_SIZE(identifiers),
                       .qos = 1,
                       .writable = true};
        TopicFilter filter;
        Delivery delivery = {};

        (void)topic_filter_parse(BYTES_LITERAL("$share/g/a"), &filter);
        if (router_hold_group(stage->fixture.router, &filter, &offer.group) < 0)
                return;
        if (session_offer(session, &offer, FIXTURE_EPOCH, &delivery) >= 0)
                (void)session_list_taker(session, &offer, &delivery, takers);
        router_release_group(stage->fixture.router, offer.group);
}

/* Everything that a session can bring, none of which may be taken for granted. */
static void live(Stage *stage)
{
        PersistTakerList takers = {};
        RetainedCursor *cursor;
        Message *message = NULL, *will = NULL;
        Session *session = NULL;
        Delivery delivery;
        bool existed;

        if (sessions_open(stage->fixture.sessions, BYTES_LITERAL("other"), &session) < 0)
                return;
        session_attach(
                session,
                &(SessionAttach){.connection = stage, .expiry_interval = 60, .receive_maximum = 5});
        sessions_attached(stage->fixture.sessions, session);
        (void)message_new(&(MessageParts){.topic = BYTES_LITERAL("w"),
                                          .expires = MESSAGE_NEVER_EXPIRES,
                                          .qos = 1},
                          &will);
        session_set_will(session, will, 5);
        (void)session_subscribe(session, BYTES_LITERAL("r"), 2, 0, &existed);
        if (retained_cursor_new(stage->fixture.retained, BYTES_LITERAL("r"), &cursor) == 0)
                (void)session_want_retained(session, cursor, 2, 0);
        (void)session_subscribe(session, BYTES_LITERAL("$share/g/a"), 1, 0, &existed);
        if (message_new(&(MessageParts){.topic = BYTES_LITERAL("a"),
                                        .payload = BYTES_LITERAL("payload"),
                                        .expires = MESSAGE_NEVER_EXPIRES,
                                        .number = persist_number(stage->persist),
                                        .qos = 1},
                        &message) == 0) {
                Offer offer = {.message = message, .qos = 1};

                offer_shared(stage, session, &takers, message);
                if (session_offer(stage->fixture.session, &offer, FIXTURE_EPOCH, &delivery) >= 0)
                        (void)session_list_taker(stage->fixture.session, &offer, &delivery,
                                                 &takers);
                persist_publication(stage->persist,
                                    &(PersistPublication){.message = message, .takers = &takers},
                                    NULL);
        }
        for (unsigned i = 0; i < 3; i++)
                (void)session_dequeue(session, FIXTURE_EPOCH, &delivery);
        (void)session_publish_received(session, 3);
        persist_received(stage->persist, session_number(session), 3);
        persist_taker_list_done(&takers);
        message_unref(message);
}

static void keep_one(Stage *stage)
{
        _cleanup_(message_unrefp) Message *message = NULL;

        message = fixture_message(&stage->fixture, "r", 2, 10);
        message->retain = true;
        g_assert_cmpint(retained_set(stage->fixture.retained, message), ==, 0);
}

/* --- facts --- */

/* 0, or what is told in the end. */
static int end_turn(Stage *stage)
{
        Change *change = NULL;
        int r = sessions_take_change(stage->fixture.sessions, &change);

        if (r == 0 && change) {
                r = change->head.error;
                persist_submitted(stage->persist, ++stage->change);
        }
        change_free(change);
        return r;
}

static void test_facts(void)
{
        unsigned n = 0, n_told = 0;
        bool has_failed;

        do {
                Stage stage;
                int r;

                stage_init(&stage);
                keep_one(&stage);
                failing_memory_begin(n++);
                live(&stage);
                r = end_turn(&stage);
                has_failed = failing_memory_end();
                g_assert_true(r == 0 || (has_failed && r == -ENOMEM));
                n_told += r < 0;
                persist_durable(stage.persist, stage.change);
                persist_confirm(stage.persist, 0, persist_drawn(stage.persist));
                while (sessions_take_confirmed(stage.fixture.sessions))
                        ;
                (void)end_turn(&stage);
                stage_done(&stage);
        } while (has_failed);
        g_test_message("%u allocations, %u told", n - 1, n_told);
        g_assert_cmpuint(n_told, >=, 3);
}

/* --- and back --- */

static int make_again(Stage *stage, bool only_takers)
{
        _cleanup_(persist_image_freep) PersistImage *image = NULL;
        _cleanup_(store_abortp) StoreTxn *txn = NULL;
        PersistTarget target = {.router = stage->fixture.router,
                                .retained = stage->fixture.retained,
                                .takers = stage->takers,
                                .sessions_of = only_worker,
                                .data = stage,
                                .clock = {FIXTURE_EPOCH, stage->realtime}};
        int r = store_begin_read(stage->store, &txn);

        if (r == 0)
                r = persist_replay(txn, &image);
        if (r == 0)
                r = only_takers ? persist_load_takers(txn, image, stage->takers)
                                : persist_load(txn, image, &target, &stage->loaded);
        return r;
}

static void test_load(gconstpointer only_takers)
{
        unsigned n = 0;
        Stage stage;
        int r;

        stage_init(&stage);
        keep_one(&stage);
        live(&stage);
        flush(&stage);
        stage_leave(&stage);
        do {
                stage_begin(&stage);
                failing_memory_begin(n++);
                r = make_again(&stage, only_takers != NULL);
                g_assert_cmpint(r, ==, failing_memory_end() ? -ENOMEM : 0);
                if (r == 0 && !only_takers)
                        g_assert_cmpuint(stage.loaded.sessions, ==, 2);
                if (r == 0)
                        g_assert_cmpuint(takers_count(stage.takers), ==, 1);
                stage_leave(&stage);
        } while (r < 0);
        g_test_message("%u allocations", n - 1);
        g_assert_cmpuint(n - 1, >, 10);
        store_free(stage.store);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/persist-memory/facts", test_facts);
        g_test_add_data_func("/broker/persist-memory/load", NULL, test_load);
        g_test_add_data_func("/broker/persist-memory/load-takers", "", test_load);
        return g_test_run();
}
