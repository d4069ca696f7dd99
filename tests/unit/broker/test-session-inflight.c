/* SPDX-License-Identifier: Apache-2.0 */
/* test-session-inflight.c: the window, what a new connection repeats, and acknowledgements. */
#include "session-fixture.h"

static const SessionsCounters *counters(const Fixture *fixture)
{
        return sessions_counters(fixture->sessions);
}

static void reconnect(Fixture *fixture, uint16_t receive_maximum)
{
        fixture_detach(fixture, fixture->session);
        fixture_attach(fixture, fixture->session, receive_maximum);
}

/* --- the window --- */

static void window_is_the_lower_one(Fixture *fixture)
{
        static const struct {
                uint16_t ours, theirs;
                unsigned sent;
        } cases[] = {{2, 5, 2}, {5, 2, 2}, {0, 3, 3}, {1, 65535, 1}, {20, 20, 20}};

        SessionLimits limits = fixture->limits;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                g_autofree char *name = g_strdup_printf("c%zu", i);
                Session *session = fixture_open(fixture, name);
                unsigned sent = 0;

                limits.max_inflight_messages = cases[i].ours;
                sessions_set_limits(fixture->sessions, &limits, fixture->now);
                fixture_attach(fixture, session, cases[i].theirs);
                for (unsigned n = 0; n < 30; n++) {
                        g_autofree char *result = offer_all(fixture, session, "a.1");

                        sent += !g_str_equal(result, "queued");
                }
                g_assert_cmpuint(sent, ==, cases[i].sent);
                g_assert_cmpuint(session_n_inflight(session), ==, cases[i].sent);
                g_assert_cmpuint(session_n_queued(session), ==, 30 - cases[i].sent);
        }
}

static void window_opens_by_any_acknowledgement(Fixture *fixture)
{
        Session *session = fixture->session;

        assert_offers(fixture, "a.1 b.2 c.1 d.2 e.1 f.1", "a.1#1 b.2#2 c.1#3 queued queued queued");
        g_assert_false(session_has_pending(session));
        g_assert_cmpint(session_puback(session, 3), ==, 0);
        g_assert_true(session_has_pending(session));
        assert_drains(fixture, "d.2#4");
        /* PUBREC alone does not open it [MQTT-4.9.0-2]. */
        g_assert_cmpint(session_pubrec(session, 2, REASON_SUCCESS), ==, 0);
        assert_drains(fixture, "");
        g_assert_cmpint(session_pubcomp(session, 2), ==, 0);
        assert_drains(fixture, "e.1#6"); /* 5 would share its place in the table with 1 */
        /* A PUBREC that refuses does. */
        g_assert_cmpint(session_pubrec(session, 4, REASON_QUOTA_EXCEEDED), ==, 0);
        assert_drains(fixture, "f.1#7");
}

static void window_of_bytes_lets_one_through(Fixture *fixture)
{
        Session *session = fixture->session;

        /* 11 bytes each, and room for 25; then one that is larger than all of it. */
        assert_offers(fixture, "a.1 b.1 c.1", "a.1#1 b.1#2 queued");
        g_assert_cmpint(session_puback(session, 1), ==, 0);
        assert_drains(fixture, "c.1#3");
        g_assert_cmpint(session_puback(session, 2), ==, 0);
        g_assert_cmpint(session_puback(session, 3), ==, 0);
        {
                g_autofree char *large = offer_sized(fixture, session, "d", 1, 1000);
                g_autofree char *next = offer_sized(fixture, session, "e", 1, 1);

                g_assert_cmpstr(large, ==, "d.1#4");
                g_assert_cmpstr(next, ==, "queued");
        }
        g_assert_cmpint(session_puback(session, 4), ==, 0);
        assert_drains(fixture, "e.1#5");
}

static void window_with_reverse_acknowledgements(Fixture *fixture)
{
        Session *session = fixture->session;
        unsigned sent = 0;

        /* 200,000 messages in windows of 100, acknowledged from the last to the first. */
        for (unsigned round = 0; round < 2000; round++) {
                uint16_t ids[100];

                for (unsigned i = 0; i < 100; i++) {
                        _cleanup_(message_unrefp) Message *message =
                                fixture_message(fixture, "a", 2, 1);
                        Offer offer = {.message = message, .qos = 1 + i % 2, .writable = true};
                        Delivery delivery;

                        g_assert_cmpint(session_offer(session, &offer, fixture->now, &delivery), ==,
                                        OFFER_SEND);
                        sent++;
                        g_assert_cmpuint(delivery.packet_id, ==, (sent - 1) % 65535 + 1);
                        ids[i] = delivery.packet_id;
                }
                g_assert_false(session_has_pending(session));
                for (unsigned i = 100; i-- > 0;) {
                        if (i % 2 == 0) {
                                g_assert_cmpint(session_puback(session, ids[i]), ==, 0);
                                continue;
                        }
                        g_assert_cmpint(session_pubrec(session, ids[i], 0), ==, 0);
                        g_assert_cmpint(session_pubcomp(session, ids[i]), ==, 0);
                }
                g_assert_cmpuint(session_n_inflight(session), ==, 0);
        }
        g_assert_cmpuint(counters(fixture)->queued_bytes, ==, 0);
}

static void window_of_65535(Fixture *fixture)
{
        Session *session = fixture->session;

        for (unsigned i = 1; i <= 65535; i++) {
                g_autofree char *got = offer_all(fixture, session, "a.1");
                g_autofree char *expected = g_strdup_printf("a.1#%u", i);

                g_assert_cmpstr(got, ==, expected);
        }
        assert_offers(fixture, "b.1 c.1", "queued queued");
        g_assert_cmpuint(counters(fixture)->queued, ==, 65537);
        g_assert_cmpint(session_puback(session, 40000), ==, 0);
        assert_drains(fixture, "b.1#40000");
        for (unsigned i = 65535; i >= 1; i--)
                g_assert_cmpint(session_puback(session, (uint16_t)i), ==, 0);
        assert_drains(fixture, "c.1#40001");
}

/* The other direction has nothing to do with it: a QoS 2 exchange from the client goes on. */
static void window_does_not_block_the_other_direction(Fixture *fixture)
{
        Session *session = fixture->session;

        assert_offers(fixture, "a.2 b.2", "a.2#1 queued");
        g_assert_cmpint(session_publish_received(session, 1), ==, 0);
        g_assert_cmpint(session_publish_released(session, 1), ==, 0);
        g_assert_cmpint(session_publish_received(session, 1), ==, 0);
}

/* --- resuming --- */

static void resume_repeats_in_order(Fixture *fixture)
{
        Session *session = fixture->session;

        assert_offers(fixture, "a.1 b.2 c.2 d.1 e.2", "a.1#1 b.2#2 c.2#3 d.1#4 e.2#5");
        g_assert_cmpint(session_pubrec(session, 3, 0), ==, 0);
        g_assert_cmpint(session_puback(session, 1), ==, 0);
        fixture_detach(fixture, session);
        assert_offers(fixture, "f.1 g.2", "queued queued");
        g_assert_false(session_has_pending(session));
        fixture_attach(fixture, session, 10);
        /* Nothing new goes out before the old. */
        assert_offers(fixture, "h.1", "queued");
        assert_drains(fixture, "b.2#2! rel#3 d.1#4! e.2#5! f.1#6 g.2#7 h.1#8");
        /* And again, all of it. */
        reconnect(fixture, 10);
        assert_drains(fixture, "b.2#2! rel#3 d.1#4! e.2#5! f.1#6! g.2#7! h.1#8!");
        g_assert_cmpint(session_pubcomp(session, 3), ==, 0);
        g_assert_cmpint(session_pubcomp(session, 3), ==, REASON_PACKET_IDENTIFIER_NOT_FOUND);
}

/* The client announces less than is in flight: repetitions wait for the window too. */
static void resume_is_paced_by_the_window(Fixture *fixture)
{
        Session *session = fixture->session;

        assert_offers(fixture, "a.1 b.2 c.1 d.2 e.1", "a.1#1 b.2#2 c.1#3 d.2#4 e.1#5");
        g_assert_cmpint(session_pubrec(session, 2, 0), ==, 0);
        reconnect(fixture, 2);
        /* PUBREL needs no window [MQTT-4.9.0-3]. */
        assert_drains(fixture, "a.1#1! rel#2 c.1#3!");
        assert_offers(fixture, "f.1 g.0", "queued g.0");
        assert_drains(fixture, "");
        g_assert_cmpint(session_puback(session, 3), ==, 0);
        assert_drains(fixture, "d.2#4!");
        g_assert_cmpint(session_puback(session, 1), ==, 0);
        assert_drains(fixture, "e.1#5!");
        g_assert_cmpint(session_pubcomp(session, 2), ==, 0);
        assert_drains(fixture, "");
        g_assert_cmpint(session_puback(session, 5), ==, 0);
        assert_drains(fixture, "f.1#6");
}

static void resume_with_an_early_acknowledgement(Fixture *fixture)
{
        Session *session = fixture->session;

        assert_offers(fixture, "a.1 b.2 c.1", "a.1#1 b.2#2 c.1#3");
        reconnect(fixture, 1);
        /* The client answers what it got on the earlier connection. */
        g_assert_cmpint(session_puback(session, 1), ==, 0);
        g_assert_cmpint(session_pubrec(session, 2, 0), ==, 0);
        assert_drains(fixture, "rel#2 c.1#3!");
        g_assert_cmpint(session_pubcomp(session, 2), ==, 0);
        g_assert_cmpint(session_puback(session, 3), ==, 0);
        g_assert_cmpuint(session_n_inflight(session), ==, 0);
        g_assert_false(session_has_pending(session));
}

/* Each reconnection could bring released exchanges on top of each other: they count. */
static void released_exchanges_are_bounded(Fixture *fixture)
{
        Session *session = fixture->session;

        assert_offers(fixture, "a.2 b.2 c.2", "a.2#1 b.2#2 queued");
        g_assert_cmpint(session_pubrec(session, 1, 0), ==, 0);
        g_assert_cmpint(session_pubrec(session, 2, 0), ==, 0);
        reconnect(fixture, 10);
        assert_drains(fixture, "rel#1 rel#2");
        g_assert_cmpuint(session_n_inflight(session), ==, 2);
        g_assert_cmpint(session_pubcomp(session, 1), ==, 0);
        assert_drains(fixture, "c.2#3");
}

static void takeover_keeps_queue(Fixture *fixture)
{
        assert_offers(fixture, "a.1 b.1 c.1", "a.1#1 queued queued");
        /* Another connection takes the session while the first is still there. */
        fixture_attach(fixture, fixture->session, 10);
        g_assert_cmpuint(counters(fixture)->away, ==, 0);
        assert_drains(fixture, "a.1#1!");
        g_assert_cmpint(session_puback(fixture->session, 1), ==, 0);
        assert_drains(fixture, "b.1#2");
}

/* --- acknowledgements that do not fit --- */

static void acknowledgements_that_do_not_fit(Fixture *fixture)
{
        Session *session = fixture->session;

        assert_offers(fixture, "a.1 b.2", "a.1#1 b.2#2");
        g_assert_cmpint(session_puback(session, 0), ==, REASON_PACKET_IDENTIFIER_NOT_FOUND);
        g_assert_cmpint(session_puback(session, 3), ==, REASON_PACKET_IDENTIFIER_NOT_FOUND);
        g_assert_cmpint(session_pubrec(session, 65535, 0), ==, REASON_PACKET_IDENTIFIER_NOT_FOUND);
        g_assert_cmpint(session_pubcomp(session, 5), ==, REASON_PACKET_IDENTIFIER_NOT_FOUND);
        g_assert_cmpint(session_pubrec(session, 1, 0), ==, REASON_PROTOCOL_ERROR);
        g_assert_cmpint(session_pubcomp(session, 1), ==, REASON_PROTOCOL_ERROR);
        g_assert_cmpint(session_puback(session, 2), ==, REASON_PROTOCOL_ERROR);
        g_assert_cmpint(session_pubcomp(session, 2), ==, REASON_PROTOCOL_ERROR);
        g_assert_cmpuint(session_n_inflight(session), ==, 2);
        /* A second PUBREC is answered like the first. */
        g_assert_cmpint(session_pubrec(session, 2, 0), ==, 0);
        g_assert_cmpint(session_pubrec(session, 2, 0), ==, 0);
        /* "No matching subscribers" is a success: the exchange goes on. */
        g_assert_cmpint(session_pubrec(session, 2, REASON_NO_MATCHING_SUBSCRIBERS), ==, 0);
        g_assert_cmpint(session_pubcomp(session, 2), ==, 0);
        g_assert_cmpint(session_puback(session, 1), ==, 0);
        g_assert_cmpint(session_puback(session, 1), ==, REASON_PACKET_IDENTIFIER_NOT_FOUND);
}

static const Case cases[] = {
        {"window-is-the-lower-one", window_is_the_lower_one, {0}},
        {"window-opens-by-any-acknowledgement",
         window_opens_by_any_acknowledgement,
         {.max_inflight_messages = 3}},
        {"window-of-bytes-lets-one-through",
         window_of_bytes_lets_one_through,
         {.max_inflight_bytes = 25}},
        {"window-with-reverse-acknowledgements", window_with_reverse_acknowledgements, {0}},
        {"window-of-65535", window_of_65535, {0}},
        {"window-does-not-block-the-other-direction",
         window_does_not_block_the_other_direction,
         {.max_inflight_messages = 1, .receive_maximum = 1}},
        {"resume-repeats-in-order", resume_repeats_in_order, {0}},
        {"resume-is-paced-by-the-window", resume_is_paced_by_the_window, {0}},
        {"resume-with-an-early-acknowledgement", resume_with_an_early_acknowledgement, {0}},
        {"released-exchanges-are-bounded",
         released_exchanges_are_bounded,
         {.max_inflight_messages = 2}},
        {"takeover-keeps-queue", takeover_keeps_queue, {.max_inflight_messages = 1}},
        {"acknowledgements-that-do-not-fit", acknowledgements_that_do_not_fit, {0}},
};

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        fixture_add_cases("/broker/session/", cases, G_N_ELEMENTS(cases));
        return g_test_run();
}
