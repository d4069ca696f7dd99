/* SPDX-License-Identifier: Apache-2.0 */
/* test-persist-load.c: sessions that are written as they change, and made again of what is there.
 */

#include "mqtt/protocol.h"
#include "persist-stage.h"

/* --- what is held --- */

static void test_qos_2_waits_for_the_disk(void)
{
        Stage stage;

        stage_init(&stage);
        assert_publishes(&stage, "a.1", "a.1#1");
        assert_publishes(&stage, "b.2", "queued#2");
        assert_publishes(&stage, "c.1", "queued#3");
        assert_publishes(&stage, "d.0", "d.0");
        assert_drains(&stage.fixture, "");
        flush(&stage);
        assert_drains(&stage.fixture, "b.2#2 c.1#3");
        assert_publishes(&stage, "e.1", "e.1#4");
        stage_done(&stage);
}

/* A new connection does not get it any earlier, and gets all in its order. */
static void test_held_over_a_reconnect(void)
{
        Stage stage;

        stage_init(&stage);
        assert_publishes(&stage, "a.1", "a.1#1");
        assert_publishes(&stage, "b.2", "queued#2");
        assert_publishes(&stage, "c.2", "queued#3");
        fixture_detach(&stage.fixture, stage.fixture.session);
        assert_publishes(&stage, "d.1", "queued");
        open_client(&stage, "client", 3600);
        assert_drains(&stage.fixture, "a.1#1!");
        assert_publishes(&stage, "e.1", "queued");
        flush(&stage);
        assert_drains(&stage.fixture, "b.2#2 c.2#3 d.1#4 e.1#5");
        assert_store(stage.store, "log:2 log:3 log:4 log:5 log:6 session");
        flush(&stage);
        assert_store(stage.store, "log:2 log:3 log:4 log:5 log:6 flight:1:4 flight:1:5 session");
        stage_done(&stage);
}

/* Nothing of it is stored: nothing is held. */
static void test_a_session_that_does_not_last(void)
{
        Session *session;
        Stage stage;

        stage_init(&stage);
        session = open_client(&stage, "other", 0);
        g_assert_cmpuint(session_number(session), ==, 0);
        {
                g_autofree char *got = publish(&stage, "a.2", &session, 1);

                g_assert_cmpstr(got, ==, "a.2#1");
        }
        flush(&stage);
        assert_store(stage.store, "session");
        stage_done(&stage);
}

/* --- what is stored --- */

static void test_life_of_a_message(void)
{
        Stage stage;
        Session *session;

        stage_init(&stage);
        session = stage.fixture.session;
        assert_publishes(&stage, "a.2", "queued#1");
        flush(&stage);
        assert_drains(&stage.fixture, "a.2#1");
        assert_store(stage.store, "log:2 session");
        g_assert_cmpint(session_pubrec(session, 1, 0), ==, 0);
        flush(&stage);
        assert_store(stage.store, "flight:1:1 session");
        g_assert_cmpint(session_pubcomp(session, 1), ==, 0);
        flush(&stage);
        assert_store(stage.store, "session");
        stage_done(&stage);
}

static void test_all_goes_with_the_session(void)
{
        for (unsigned way = 0; way < 2; way++) {
                Stage stage;
                Session *session;
                bool existed;

                stage_init(&stage);
                session = stage.fixture.session;
                g_assert_cmpint(session_subscribe(session, BYTES_LITERAL("a/#"), 1, 0, &existed),
                                ==, 0);
                assert_publishes(&stage, "a.2", "queued#1");
                assert_publishes(&stage, "b.2", "queued#2");
                flush(&stage);
                assert_drains(&stage.fixture, "a.2#1 b.2#2");
                g_assert_cmpint(session_pubrec(session, 1, 0), ==, 0);
                g_assert_cmpint(session_publish_received(session, 9), ==, 0);
                persist_received(stage.persist, session_number(session), 9);
                fixture_detach(&stage.fixture, session);
                assert_publishes(&stage, "c.1", "queued");
                flush(&stage);
                assert_store(stage.store, "log:3 log:5 flight:1:1 received:1:9 session "
                                          "subscription");
                if (way == 0)
                        sessions_close(stage.fixture.sessions, session);
                else
                        open_client(&stage, "client", 0);
                flush(&stage);
                assert_store(stage.store, "");
                if (way == 1)
                        assert_drains(&stage.fixture, "rel#1 b.2#2! c.1#3");
                stage_done(&stage);
        }
}

static void test_expired_and_dropped_are_done(void)
{
        Stage stage;

        stage_init(&stage);
        fixture_detach(&stage.fixture, stage.fixture.session);
        assert_publishes(&stage, "a.1:10", "queued");
        assert_publishes(&stage, "b.1", "queued");
        flush(&stage);
        stage.fixture.now += 11 * MSEC_PER_SEC;
        open_client(&stage, "client", 3600);
        assert_drains(&stage.fixture, "b.1#1");
        flush(&stage);
        assert_store(stage.store, "log:3 flight:1:1 session");
        stage_done(&stage);
}

/* What was published for all becomes this session's own. */
static void test_retained_for_a_new_subscription(void)
{
        _cleanup_(message_unrefp) Message *message = NULL;
        RetainedCursor *cursor;
        Stage stage;
        bool existed;

        stage_init(&stage);
        message = fixture_message(&stage.fixture, "r", 2, 10);
        message->retain = true;
        g_assert_cmpint(retained_set(stage.fixture.retained, message), ==, 0);
        g_assert_cmpint(
                session_subscribe(stage.fixture.session, BYTES_LITERAL("r"), 2, 5, &existed), ==,
                0);
        g_assert_cmpint(retained_cursor_new(stage.fixture.retained, BYTES_LITERAL("r"), &cursor),
                        ==, 0);
        g_assert_cmpint(session_want_retained(stage.fixture.session, cursor, 2, 5), ==, 0);
        for (unsigned i = 0; i < 3; i++)
                assert_drains(&stage.fixture, "");
        flush(&stage);
        assert_store(stage.store, "log:2 session subscription");
        assert_drains(&stage.fixture, "r.2#1r[5]");
        restart(&stage, 1);
        open_client(&stage, "client", 3600);
        assert_drains(&stage.fixture, "r.2#1!r[5]");
        stage_done(&stage);
}

/* --- a restart --- */

static void test_all_is_there_again(void)
{
        Stage stage;
        Session *session;
        bool existed;

        stage_init(&stage);
        session = stage.fixture.session;
        g_assert_cmpint(session_subscribe(session, BYTES_LITERAL("a/#"), 1, 7, &existed), ==, 0);
        assert_publishes(&stage, "a.1", "a.1#1");
        assert_publishes(&stage, "b.2", "queued#2");
        assert_publishes(&stage, "c.2", "queued#3");
        flush(&stage);
        assert_drains(&stage.fixture, "b.2#2 c.2#3");
        g_assert_cmpint(session_pubrec(session, 2, 0), ==, 0);
        g_assert_cmpint(session_publish_received(session, 9), ==, 0);
        persist_received(stage.persist, session_number(session), 9);
        fixture_detach(&stage.fixture, session);
        assert_publishes(&stage, "d.1", "queued");
        assert_publishes(&stage, "e.1:60", "queued");
        flush(&stage);
        restart(&stage, 100);
        g_assert_cmpuint(stage.loaded.sessions, ==, 1);
        g_assert_cmpuint(stage.loaded.subscriptions, ==, 1);
        g_assert_cmpuint(stage.loaded.expired, ==, 1);
        session = stage.fixture.session;
        g_assert_nonnull(session);
        g_assert_cmpuint(session_number(session), ==, 1);
        g_assert_cmpuint(session_n_subscriptions(session), ==, 1);
        g_assert_cmpuint(session_due(session)->end, ==, FIXTURE_EPOCH + 3500 * MSEC_PER_SEC);
        g_assert_cmpint(session_publish_received(session, 9), ==, 1);
        g_assert_cmpuint(router_count(stage.fixture.router), ==, 1);
        open_client(&stage, "client", 3600);
        assert_drains(&stage.fixture, "a.1#1! c.2#3! rel#2 d.1#4");
        g_assert_cmpint(session_puback(session, 1), ==, 0);
        g_assert_cmpint(session_pubrec(session, 3, 0), ==, 0);
        g_assert_cmpint(session_pubcomp(session, 2), ==, 0);
        g_assert_cmpint(session_pubcomp(session, 3), ==, 0);
        g_assert_cmpint(session_puback(session, 4), ==, 0);
        g_assert_cmpint(session_publish_released(session, 9), ==, 0);
        flush(&stage);
        assert_store(stage.store, "session subscription");
        stage_done(&stage);
}

static size_t sessions_of(const Stage *stage, const char *username)
{
        return owners_sessions(stage->owners, bytes_from_string(username));
}

/* The user of a session is remembered, and who it was last. */
static void test_users_keep_their_sessions(void)
{
        Session *other;
        Stage stage;

        stage_init(&stage);
        g_assert_cmpint(session_own(stage.fixture.session, BYTES_LITERAL("ada"), 1), ==, 0);
        other = open_client(&stage, "other", 3600);
        g_assert_cmpint(session_own(other, BYTES_LITERAL("ada"), 1), ==, REASON_QUOTA_EXCEEDED);
        g_assert_cmpint(session_own(other, BYTES_LITERAL("bob"), 1), ==, 0);
        flush(&stage);
        restart(&stage, 1);
        g_assert_cmpuint(sessions_of(&stage, "ada"), ==, 1);
        g_assert_cmpuint(sessions_of(&stage, "bob"), ==, 1);
        g_assert_cmpint(session_own(stage.fixture.session, BYTES_LITERAL("ada"), 1), ==, 0);
        g_assert_cmpint(session_own(stage.fixture.session, BYTES_LITERAL("bob"), 2), ==, 0);
        flush(&stage);
        restart(&stage, 1);
        g_assert_cmpuint(sessions_of(&stage, "ada"), ==, 0);
        g_assert_cmpuint(sessions_of(&stage, "bob"), ==, 2);
        sessions_close(stage.fixture.sessions, stage.fixture.session);
        flush(&stage);
        restart(&stage, 1);
        g_assert_cmpuint(sessions_of(&stage, "bob"), ==, 1);
        stage_done(&stage);
}

/* What the store has and nobody reads is not sent, and not lost either. */
static void test_a_shelf_that_nobody_reads(void)
{
        Delivery delivery;
        Session *session;
        Stage stage;

        stage_init(&stage);
        fixture_detach(&stage.fixture, stage.fixture.session);
        assert_publishes(&stage, "a.1", "queued");
        flush(&stage);
        stage.shelves = true;
        restart(&stage, 1);
        open_client(&stage, "client", 3600);
        session = stage.fixture.session;
        g_assert_true(session_has_pending(session));
        g_assert_cmpint(session_dequeue(session, FIXTURE_EPOCH, &delivery), ==, -ENODATA);
        flush(&stage);
        stage.shelves = false;
        restart(&stage, 1);
        open_client(&stage, "client", 3600);
        assert_drains(&stage.fixture, "a.1#1");
        stage_done(&stage);
}

/* Who was connected counts as away from the start on, and the store says so. */
static void test_connected_at_the_end(void)
{
        Stage stage;

        stage_init(&stage);
        restart(&stage, 100000);
        g_assert_cmpuint(session_due(stage.fixture.session)->end, ==,
                         FIXTURE_EPOCH + 3600 * MSEC_PER_SEC);
        flush(&stage);
        restart(&stage, 600);
        g_assert_cmpuint(session_due(stage.fixture.session)->end, ==,
                         FIXTURE_EPOCH + 3000 * MSEC_PER_SEC);
        stage_done(&stage);
}

/* Another limit of the settings moves the end, in the store too. */
static void test_a_newer_retention(void)
{
        SessionLimits limits = {.retention = 60};
        Stage stage;

        stage_init(&stage);
        fixture_detach(&stage.fixture, stage.fixture.session);
        flush(&stage);
        sessions_set_limits(stage.fixture.sessions, &limits, FIXTURE_EPOCH);
        flush(&stage);
        restart(&stage, 10);
        g_assert_cmpuint(session_due(stage.fixture.session)->end, ==,
                         FIXTURE_EPOCH + 50 * MSEC_PER_SEC);
        stage_done(&stage);
}

/* Of a broker that stored nothing before: what lasts is stored from now on. */
static void test_a_store_is_new(void)
{
        Session *session;
        Stage stage;
        bool existed;

        stage_init(&stage);
        sessions_close(stage.fixture.sessions, stage.fixture.session);
        flush(&stage);
        sessions_set_persist(stage.fixture.sessions, NULL);
        open_client(&stage, "brief", 0);
        session = open_client(&stage, "client", 3600);
        g_assert_cmpint(session_subscribe(session, BYTES_LITERAL("a"), 1, 0, &existed), ==, 0);
        sessions_set_persist(stage.fixture.sessions, stage.persist);
        flush(&stage);
        assert_store(stage.store, "session subscription");
        restart(&stage, 1);
        g_assert_cmpuint(session_n_subscriptions(stage.fixture.session), ==, 1);
        stage_done(&stage);
}

/* What fell due meanwhile is due at once. */
static void test_wills_and_ends_go_on(void)
{
        Message *will = NULL;
        Session *due;
        Stage stage;

        stage_init(&stage);
        g_assert_cmpint(message_new(&(MessageParts){.topic = BYTES_LITERAL("w"),
                                                    .expires = MESSAGE_NEVER_EXPIRES,
                                                    .qos = 1},
                                    &will),
                        ==, 0);
        session_set_will(stage.fixture.session, will, 600);
        fixture_detach(&stage.fixture, stage.fixture.session);
        flush(&stage);
        restart(&stage, 500);
        g_assert_cmpuint(sessions_next_due(stage.fixture.sessions), ==,
                         FIXTURE_EPOCH + 100 * MSEC_PER_SEC);
        restart(&stage, 500);
        g_assert_cmpint(sessions_take_due(stage.fixture.sessions, FIXTURE_EPOCH, &due, &will), ==,
                        SESSION_EVENT_WILL);
        g_assert_cmpuint(will->qos, ==, 1);
        message_unref(will);
        g_assert_cmpint(sessions_take_due(stage.fixture.sessions, FIXTURE_EPOCH, &due, &will), ==,
                        SESSION_EVENT_NONE);
        restart(&stage, 3000); /* it was not told: the will is still there, and now the end too */
        g_assert_cmpint(sessions_take_due(stage.fixture.sessions, FIXTURE_EPOCH, &due, &will), ==,
                        SESSION_EVENT_EXPIRED);
        g_assert_nonnull(will);
        message_unref(will);
        sessions_close(stage.fixture.sessions, due);
        persist_will_over(stage.persist, 1);
        flush(&stage);
        assert_store(stage.store, "");
        stage_done(&stage);
}

/* Of several takers each is asked, also after two restarts. */
static void test_takers_are_counted_again(void)
{
        for (unsigned with_model = 0; with_model < 2; with_model++) {
                Session *sessions[3];
                static const char *const names[] = {"client", "two", "three"};
                g_autofree char *got = NULL;
                PersistImage *image;
                StoreTxn *txn;
                Stage stage;

                stage_init(&stage);
                for (unsigned i = 0; i < 3; i++)
                        sessions[i] = open_client(&stage, names[i], 3600);
                got = publish(&stage, "a.1", sessions, 3);
                g_assert_cmpstr(got, ==, "a.1#1 a.1#1 a.1#1");
                flush(&stage);
                g_assert_cmpint(session_puback(sessions[0], 1), ==, 0);
                flush(&stage);
                assert_store(stage.store, "log:2 done:2:1 session session session");
                restart(&stage, 1);
                if (!with_model) {
                        takers_remove(stage.takers, 2 << PERSIST_WORKER_BITS);
                        image = replay(stage.store);
                        g_assert_cmpint(store_begin_read(stage.store, &txn), ==, 0);
                        g_assert_cmpint(persist_load_takers(txn, image, stage.takers), ==, 0);
                        store_abort(txn);
                        persist_image_free(image);
                }
                g_assert_cmpuint(takers_count(stage.takers), ==, 1);
                for (unsigned i = 1; i < 3; i++) {
                        sessions[i] = open_client(&stage, names[i], 3600);
                        g_assert_cmpint(session_puback(sessions[i], 1), ==, 0);
                        flush(&stage);
                        flush(&stage);
                        assert_store(stage.store,
                                     i == 1 ? "log:2 done:2:1 done:2:2 session session session"
                                            : "session session session");
                }
                g_assert_cmpuint(takers_count(stage.takers), ==, 0);
                stage_done(&stage);
        }
}

static void test_retained_messages(void)
{
        static const struct {
                const char *topic;
                uint32_t expiry;
        } cases[] = {{"a", 0}, {"b", 50}, {"c", 500}};
        Stage stage;
        Change *change = change_new(false, 0);

        stage_init(&stage);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(message_unrefp) Message *message = NULL;

                stage.fixture.message_expiry = cases[i].expiry;
                message = fixture_message(&stage.fixture, cases[i].topic, 1, 10);
                persist_retained(stage.persist, message, &change);
        }
        persist_retained_delete(BYTES_LITERAL("a"), &change);
        apply_change(stage.store, change);
        restart(&stage, 100);
        g_assert_cmpuint(stage.loaded.retained, ==, 1);
        g_assert_cmpuint(stage.loaded.expired, ==, 1);
        g_assert_cmpuint(retained_count(stage.fixture.retained), ==, 1);
        g_assert_cmpuint(
                retained_expire(stage.fixture.retained, FIXTURE_EPOCH + 400 * MSEC_PER_SEC, 10), ==,
                1);
        assert_store(stage.store, "retained session");
        stage_done(&stage);
}

#define ADD(name, test) g_test_add_func("/broker/persist-load/" name, test)

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        ADD("qos-2-waits-for-the-disk", test_qos_2_waits_for_the_disk);
        ADD("held-over-a-reconnect", test_held_over_a_reconnect);
        ADD("a-session-that-does-not-last", test_a_session_that_does_not_last);
        ADD("life-of-a-message", test_life_of_a_message);
        ADD("all-goes-with-the-session", test_all_goes_with_the_session);
        ADD("expired-and-dropped-are-done", test_expired_and_dropped_are_done);
        ADD("retained-for-a-new-subscription", test_retained_for_a_new_subscription);
        ADD("all-is-there-again", test_all_is_there_again);
        ADD("users-keep-their-sessions", test_users_keep_their_sessions);
        ADD("a-shelf-that-nobody-reads", test_a_shelf_that_nobody_reads);
        ADD("connected-at-the-end", test_connected_at_the_end);
        ADD("a-newer-retention", test_a_newer_retention);
        ADD("a-store-is-new", test_a_store_is_new);
        ADD("wills-and-ends-go-on", test_wills_and_ends_go_on);
        ADD("takers-are-counted-again", test_takers_are_counted_again);
        ADD("retained-messages", test_retained_messages);
        return g_test_run();
}
