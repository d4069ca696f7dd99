/* SPDX-License-Identifier: Apache-2.0 */
/* test-sessions.c: finding sessions, and what time brings to them. */
#include "session-fixture.h"

#define NEVER   SESSION_NEVER_EXPIRES
#define NOTHING MSEC_INFINITY

static Session *get(const Fixture *fixture, SessionId id)
{
        return sessions_get(fixture->sessions, id);
}

static Session *find(const Fixture *fixture, const char *client_id)
{
        return sessions_find(fixture->sessions, bytes_from_string(client_id));
}

static void test_found_by_name_and_by_id(void)
{
        Fixture fixture;
        Session *session;
        SessionId id;

        fixture_init(&fixture, (SessionLimits){0});
        session = fixture_open(&fixture, "other");
        id = session_id(session);
        g_assert_true(find(&fixture, "other") == session);
        g_assert_true(find(&fixture, "client") == fixture.session);
        g_assert_null(find(&fixture, "othe"));
        g_assert_true(get(&fixture, id) == session);
        g_assert_null(get(&fixture, SESSION_ID_NONE));
        g_assert_null(
                get(&fixture, session_id_make(1, session_id_generation(id), session_id_slot(id))));
        g_assert_null(get(&fixture, session_id_make(0, 1, 1000000)));
        g_assert_cmpuint(session_id_generation(id), ==, 1);

        /* The next one in the same slot is another one. */
        sessions_close(fixture.sessions, session);
        g_assert_null(find(&fixture, "other"));
        g_assert_null(get(&fixture, id));
        session = fixture_open(&fixture, "third");
        g_assert_cmpuint(session_id_slot(session_id(session)), ==, session_id_slot(id));
        g_assert_cmpuint(session_id_generation(session_id(session)), ==, 2);
        g_assert_null(get(&fixture, id));
        fixture_done(&fixture);
}

static int count_one(Session *session, void *data)
{
        ++*(unsigned *)data;
        return 0;
}

static void test_many(void)
{
        g_autofree SessionId *ids = g_new0(SessionId, 10000);
        unsigned n = 0;
        Fixture fixture;

        fixture_init(&fixture, (SessionLimits){0});
        for (unsigned i = 0; i < 10000; i++) {
                g_autofree char *name = g_strdup_printf("c%u", i);

                ids[i] = session_id(fixture_open(&fixture, name));
        }
        for (unsigned i = 0; i < 10000; i += 2)
                sessions_close(fixture.sessions, get(&fixture, ids[i]));
        for (unsigned i = 0; i < 10000; i++) {
                g_autofree char *name = g_strdup_printf("c%u", i);

                g_assert_true((get(&fixture, ids[i]) != NULL) == (i % 2 == 1));
                g_assert_true(find(&fixture, name) == get(&fixture, ids[i]));
        }
        g_assert_cmpint(sessions_foreach(fixture.sessions, count_one, &n), ==, 0);
        g_assert_cmpuint(n, ==, 5001);
        g_assert_cmpuint(sessions_counters(fixture.sessions)->sessions, ==, 5001);
        fixture_done(&fixture);
}

static void test_client_identifiers_of_any_bytes(void)
{
        static const uint8_t with_nul[] = {'a', 0, 'b'};
        g_autofree uint8_t *longest = g_malloc0(65535);
        Bytes names[] = {{NULL, 0}, {with_nul, 1}, {with_nul, 2}, {with_nul, 3}, {longest, 65535}};
        Fixture fixture;
        Session *session;

        fixture_init(&fixture, (SessionLimits){0});
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_assert_null(sessions_find(fixture.sessions, names[i]));
                g_assert_cmpint(sessions_open(fixture.sessions, names[i], &session), ==, 0);
                g_assert_true(bytes_equal(session_client_id(session), names[i]));
                g_assert_true(sessions_find(fixture.sessions, names[i]) == session);
        }
        fixture_done(&fixture);
}

/* --- what falls due --- */

typedef struct DueCase {
        uint32_t expiry;
        uint64_t retention;
        bool will;
        uint32_t delay;
        msec_t will_at; /* after the detachment, in ms; NOTHING: no event of its own */
        msec_t end_at;
        bool will_with_end;
        bool counts_as_expired;
} DueCase;

static const DueCase due_cases[] = {
        /* Without a will. */
        {0, UINT64_MAX, false, 0, NOTHING, 0, false, false},
        {30, UINT64_MAX, false, 0, NOTHING, 30000, false, true},
        {30, 10, false, 0, NOTHING, 10000, false, true},
        {30, 0, false, 0, NOTHING, 0, false, true},
        {NEVER, UINT64_MAX, false, 0, NOTHING, NOTHING, false, false},
        {NEVER, 3600, false, 0, NOTHING, 3600000, false, true},
        {NEVER - 1, UINT64_MAX, false, 0, NOTHING, (msec_t)(NEVER - 1) * 1000, false, true},
        {NEVER, UINT64_MAX - 1, false, 0, NOTHING, NOTHING, false, false},
        {NEVER, UINT64_MAX / 1000, false, 0, NOTHING, NOTHING, false, false},
        /* The will at its delay or with the end, whichever is first. */
        {30, UINT64_MAX, true, 0, 0, 30000, false, true},
        {30, UINT64_MAX, true, 10, 10000, 30000, false, true},
        {30, UINT64_MAX, true, 30, NOTHING, 30000, true, true},
        {30, UINT64_MAX, true, 31, NOTHING, 30000, true, true},
        {30, 5, true, 10, NOTHING, 5000, true, true},
        /* A delay that is larger than an expiry of 0 (CVE-2019-11778). */
        {0, UINT64_MAX, true, UINT32_MAX, NOTHING, 0, true, false},
        {0, UINT64_MAX, true, 0, NOTHING, 0, true, false},
        {NEVER, UINT64_MAX, true, 0, 0, NOTHING, false, false},
        {NEVER, UINT64_MAX, true, 60, 60000, NOTHING, false, false},
        {NEVER, UINT64_MAX, true, UINT32_MAX, (msec_t)UINT32_MAX * 1000, NOTHING, false, false},
};

static SessionEvent take(Fixture *fixture, Message **ret_will)
{
        Session *session = NULL;
        SessionEvent event = sessions_take_due(fixture->sessions, fixture->now, &session, ret_will);

        if (event != SESSION_EVENT_NONE)
                g_assert_true(session == fixture->session);
        return event;
}

/* Nothing is due until then, and then the event is there, once. */
static void expect(Fixture *fixture, msec_t at, SessionEvent expected, bool with_will)
{
        Message *will = NULL;

        g_assert_cmpuint(sessions_next_due(fixture->sessions), ==, at);
        if (at == NOTHING)
                return;
        if (at > fixture->now) {
                fixture->now = at - 1;
                g_assert_cmpint(take(fixture, &will), ==, SESSION_EVENT_NONE);
        }
        fixture->now = at;
        g_assert_cmpint(take(fixture, &will), ==, expected);
        g_assert_true((will != NULL) == with_will);
        message_unref(will);
}

static msec_t at_time(msec_t after)
{
        return after == NOTHING ? NOTHING : FIXTURE_EPOCH + after;
}

static void run_due_case(const DueCase *c)
{
        Fixture fixture;

        fixture_init(&fixture, (SessionLimits){0});
        fixture.limits.retention = c->retention;
        sessions_set_limits(fixture.sessions, &fixture.limits, fixture.now);
        session_set_expiry(fixture.session, c->expiry);
        if (c->will)
                session_set_will(fixture.session, fixture_message(&fixture, "w", 0, 1), c->delay);
        g_assert_cmpuint(sessions_next_due(fixture.sessions), ==, NOTHING);
        fixture_detach(&fixture, fixture.session);
        g_assert_cmpuint(sessions_counters(fixture.sessions)->away, ==, 1);
        if (c->will_at != NOTHING)
                expect(&fixture, at_time(c->will_at), SESSION_EVENT_WILL, true);
        expect(&fixture, at_time(c->end_at), SESSION_EVENT_EXPIRED, c->will_with_end);
        g_assert_cmpuint(sessions_next_due(fixture.sessions), ==, NOTHING);
        g_assert_cmpuint(sessions_counters(fixture.sessions)->expired, ==, c->counts_as_expired);
        fixture_done(&fixture);
}

static void test_due_table(void)
{
        for (size_t i = 0; i < G_N_ELEMENTS(due_cases); i++) {
                g_test_message("case %zu", i);
                run_due_case(&due_cases[i]);
        }
}

static void test_all_at_once_in_order(void)
{
        static const uint32_t expiries[] = {30, 10, NEVER, 20, 10};
        static const char *const order[] = {"c1", "c4", "c3", "c0"};
        Fixture fixture;
        Session *session;
        Message *will;
        size_t n = 0;

        fixture_init(&fixture, (SessionLimits){0});
        for (size_t i = 0; i < G_N_ELEMENTS(expiries); i++) {
                g_autofree char *name = g_strdup_printf("c%zu", i);

                session = fixture_open(&fixture, name);
                fixture_attach(&fixture, session, 10);
                session_set_expiry(session, expiries[i]);
                sessions_detach(fixture.sessions, session, fixture.now + i);
        }
        fixture.now += 1000000;
        while (sessions_take_due(fixture.sessions, fixture.now, &session, &will)) {
                g_assert_cmpuint(n, <, G_N_ELEMENTS(order));
                g_assert_true(
                        bytes_equal(session_client_id(session), bytes_from_string(order[n++])));
                sessions_close(fixture.sessions, session);
        }
        g_assert_cmpuint(n, ==, G_N_ELEMENTS(order));
        g_assert_cmpuint(sessions_counters(fixture.sessions)->expired, ==, 4);
        fixture_done(&fixture);
}

static void test_resume_discards_a_waiting_will(void)
{
        Fixture fixture;

        fixture_init(&fixture, (SessionLimits){0});
        session_set_expiry(fixture.session, 100);
        session_set_will(fixture.session, fixture_message(&fixture, "w", 0, 1), 10);
        fixture_detach(&fixture, fixture.session);
        g_assert_cmpuint(sessions_next_due(fixture.sessions), ==, fixture.now + 10000);
        fixture.now += 9999;
        fixture_attach(&fixture, fixture.session, 10);
        g_assert_cmpuint(sessions_next_due(fixture.sessions), ==, NOTHING);
        g_assert_null(session_take_will(fixture.session));
        fixture_done(&fixture);
}

/* The new connection's will is not the one that is discarded, whenever it is set. */
static void test_resume_keeps_a_new_will(void)
{
        for (unsigned early = 0; early < 2; early++) {
                Fixture fixture;
                Message *will;

                fixture_init(&fixture, (SessionLimits){0});
                session_set_will(fixture.session, fixture_message(&fixture, "w", 0, 1), 10);
                fixture_detach(&fixture, fixture.session);
                session_attach(fixture.session,
                               &(SessionAttach){.connection = &fixture, .receive_maximum = 1});
                if (early)
                        session_set_will(fixture.session, fixture_message(&fixture, "n", 0, 1), 0);
                sessions_attached(fixture.sessions, fixture.session);
                if (!early)
                        session_set_will(fixture.session, fixture_message(&fixture, "n", 0, 1), 0);
                will = session_take_will(fixture.session);
                g_assert_nonnull(will);
                g_assert_cmpint(message_topic(will).data[0], ==, 'n');
                message_unref(will);
                fixture_done(&fixture);
        }
}

static void test_will_that_was_taken_away(void)
{
        Message *will = NULL;
        Fixture fixture;

        fixture_init(&fixture, (SessionLimits){0});
        session_set_will(fixture.session, fixture_message(&fixture, "w", 0, 1), 10);
        /* DISCONNECT: no will at all. */
        session_set_will(fixture.session, NULL, 0);
        fixture_detach(&fixture, fixture.session);
        g_assert_cmpuint(sessions_next_due(fixture.sessions), ==, NOTHING);
        fixture_attach(&fixture, fixture.session, 10);
        /* Taken after it began to wait. */
        session_set_will(fixture.session, fixture_message(&fixture, "w", 0, 1), 10);
        fixture_detach(&fixture, fixture.session);
        message_unref(session_take_will(fixture.session));
        fixture.now += 10000;
        g_assert_cmpint(take(&fixture, &will), ==, SESSION_EVENT_NONE);
        g_assert_cmpuint(sessions_next_due(fixture.sessions), ==, NOTHING);
        fixture_done(&fixture);
}

static void test_expiry_that_disconnect_changes(void)
{
        Fixture fixture;

        fixture_init(&fixture, (SessionLimits){0});
        session_set_expiry(fixture.session, 5);
        g_assert_cmpuint(session_expiry(fixture.session), ==, 5);
        g_assert_cmpuint(sessions_next_due(fixture.sessions), ==, NOTHING);
        fixture_detach(&fixture, fixture.session);
        expect(&fixture, fixture.now + 5000, SESSION_EVENT_EXPIRED, false);
        fixture_done(&fixture);
}

static void test_counters_of_connections(void)
{
        const SessionsCounters *counters;
        Fixture fixture;
        Session *session;

        fixture_init(&fixture, (SessionLimits){0});
        counters = sessions_counters(fixture.sessions);
        g_assert_cmpuint(counters->sessions, ==, 1);
        g_assert_cmpuint(counters->away, ==, 0);
        session = fixture_open(&fixture, "other");
        g_assert_cmpuint(counters->away, ==, 1);
        fixture_attach(&fixture, session, 1);
        g_assert_true(session_connection(session) == &fixture);
        g_assert_cmpuint(counters->away, ==, 0);
        fixture_detach(&fixture, session);
        g_assert_null(session_connection(session));
        g_assert_cmpuint(counters->away, ==, 1);
        sessions_close(fixture.sessions, session);
        g_assert_cmpuint(counters->away, ==, 0);
        g_assert_cmpuint(counters->sessions, ==, 1);
        fixture_done(&fixture);
}

static void test_free_ends_all(void)
{
        Fixture fixture;
        bool existed;

        fixture_init(&fixture, (SessionLimits){0});
        g_assert_cmpint(session_subscribe(fixture.session, BYTES_LITERAL("a/#"), 0, 0, &existed),
                        ==, 0);
        assert_offers(&fixture, "a.1", "a.1#1");
        sessions_free(fixture.sessions);
        g_assert_cmpuint(router_count(fixture.router), ==, 0);
        g_assert_null(sessions_free(NULL));
        retained_free(fixture.retained);
        router_free(fixture.router);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/sessions/found-by-name-and-by-id", test_found_by_name_and_by_id);
        g_test_add_func("/broker/sessions/many", test_many);
        g_test_add_func("/broker/sessions/client-identifiers-of-any-bytes",
                        test_client_identifiers_of_any_bytes);
        g_test_add_func("/broker/sessions/due-table", test_due_table);
        g_test_add_func("/broker/sessions/all-at-once-in-order", test_all_at_once_in_order);
        g_test_add_func("/broker/sessions/resume-discards-a-waiting-will",
                        test_resume_discards_a_waiting_will);
        g_test_add_func("/broker/sessions/resume-keeps-a-new-will", test_resume_keeps_a_new_will);
        g_test_add_func("/broker/sessions/will-that-was-taken-away", test_will_that_was_taken_away);
        g_test_add_func("/broker/sessions/expiry-that-disconnect-changes",
                        test_expiry_that_disconnect_changes);
        g_test_add_func("/broker/sessions/counters-of-connections", test_counters_of_connections);
        g_test_add_func("/broker/sessions/free-ends-all", test_free_ends_all);
        return g_test_run();
}
