/* SPDX-License-Identifier: Apache-2.0 */
/* test-session.c: what a client gets, what waits for it and what it never gets. */
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

/* --- QoS 0 --- */

static void qos0_is_sent_at_once(Fixture *fixture)
{
        assert_offers(fixture, "a.0 b.0", "a.0 b.0");
        assert_drains(fixture, "");
        g_assert_cmpuint(counters(fixture)->queued, ==, 0);
}

static void qos0_passes_a_closed_window(Fixture *fixture)
{
        assert_offers(fixture, "a.1 b.1 c.0", "a.1#1 queued c.0");
        g_assert_cmpint(session_puback(fixture->session, 1), ==, 0);
        assert_drains(fixture, "b.1#2");
}

static void qos0_is_dropped_when_not_writable(Fixture *fixture)
{
        _cleanup_(message_unrefp) Message *message = fixture_message(fixture, "a", 0, 1);
        Offer offer = {.message = message};
        Delivery delivery;

        g_assert_cmpint(session_offer(fixture->session, &offer, fixture->now, &delivery), ==,
                        OFFER_DROPPED);
        g_assert_cmpuint(counters(fixture)->dropped, ==, 1);
        g_assert_cmpuint(session_n_queued(fixture->session), ==, 0);
}

static void qos0_is_dropped_while_away(Fixture *fixture)
{
        fixture_detach(fixture, fixture->session);
        assert_offers(fixture, "a.0 b.1", "dropped queued");
        g_assert_cmpuint(counters(fixture)->dropped, ==, 1);
        fixture_attach(fixture, fixture->session, 10);
        assert_drains(fixture, "b.1#1");
}

static void qos0_is_kept_while_away(Fixture *fixture)
{
        fixture_detach(fixture, fixture->session);
        assert_offers(fixture, "a.0 b.1 c.0", "queued queued queued");
        g_assert_cmpuint(counters(fixture)->queued, ==, 3);
        fixture_attach(fixture, fixture->session, 10);
        /* A newcomer does not overtake those that wait; then all is as it was. */
        assert_offers(fixture, "d.0", "queued");
        assert_drains(fixture, "a.0 b.1#1 c.0 d.0");
        assert_offers(fixture, "e.0", "e.0");
        g_assert_cmpuint(counters(fixture)->queued, ==, 1);
}

/* What was lent for the last delivery is not held any longer than to the next call. */
static void qos0_delivery_is_borrowed(Fixture *fixture)
{
        Message *message = fixture_message(fixture, "a", 0, 1);
        Offer offer = {.message = message};
        Delivery delivery;

        fixture_detach(fixture, fixture->session);
        g_assert_cmpint(session_offer(fixture->session, &offer, fixture->now, &delivery), ==,
                        OFFER_QUEUED);
        fixture_attach(fixture, fixture->session, 10);
        g_assert_cmpuint(message->references, ==, 2);
        g_assert_cmpint(session_dequeue(fixture->session, fixture->now, &delivery), ==, 1);
        g_assert_true(delivery.message == message);
        g_assert_cmpuint(message->references, ==, 2);
        g_assert_cmpint(session_dequeue(fixture->session, fixture->now, &delivery), ==, 0);
        g_assert_cmpuint(message->references, ==, 1);
        message_unref(message);
}

/* --- messages from the client --- */

static void received_exactly_once(Fixture *fixture)
{
        Session *session = fixture->session;

        g_assert_cmpint(session_publish_received(session, 7), ==, 0);
        g_assert_cmpint(session_publish_received(session, 7), ==, 1);
        reconnect(fixture, 10);
        g_assert_cmpint(session_publish_received(session, 7), ==, 1);
        g_assert_cmpint(session_publish_released(session, 7), ==, 0);
        g_assert_cmpint(session_publish_released(session, 7), ==,
                        REASON_PACKET_IDENTIFIER_NOT_FOUND);
        g_assert_cmpint(session_publish_received(session, 7), ==, 0);
}

static void received_at_most_receive_maximum(Fixture *fixture)
{
        Session *session = fixture->session;

        g_assert_cmpint(session_publish_received(session, 1), ==, 0);
        g_assert_cmpint(session_publish_received(session, 2), ==, 0);
        g_assert_cmpint(session_publish_received(session, 3), ==, REASON_RECEIVE_MAXIMUM_EXCEEDED);
        g_assert_cmpint(session_publish_received(session, 2), ==, 1);
        g_assert_cmpint(session_publish_released(session, 1), ==, 0);
        g_assert_cmpint(session_publish_received(session, 3), ==, 0);
}

/* --- the queue --- */

static void queue_newest_is_dropped(Fixture *fixture)
{
        assert_offers(fixture, "a.1 b.1 c.2 d.1", "a.1#1 queued queued dropped");
        g_assert_cmpuint(counters(fixture)->dropped, ==, 1);
        /* QoS 0 that can be sent at once does not meet the limit. */
        assert_offers(fixture, "e.0", "e.0");
        g_assert_cmpint(session_puback(fixture->session, 1), ==, 0);
        assert_drains(fixture, "b.1#2");
}

static void queue_oldest_is_dropped(Fixture *fixture)
{
        assert_offers(fixture, "a.1 b.1 c.2 d.1", "a.1#1 queued queued queued");
        g_assert_cmpuint(counters(fixture)->dropped, ==, 1);
        g_assert_cmpuint(counters(fixture)->queued, ==, 3);
        g_assert_cmpuint(counters(fixture)->queued_bytes, ==, 33);
        g_assert_cmpint(session_puback(fixture->session, 1), ==, 0);
        assert_drains(fixture, "c.2#2");
}

static void queue_without_limit(Fixture *fixture)
{
        fixture_detach(fixture, fixture->session);
        for (unsigned i = 0; i < 5000; i++)
                assert_offers(fixture, "a.1", "queued");
        g_assert_cmpuint(session_n_queued(fixture->session), ==, 5000);
        g_assert_cmpuint(session_queued_bytes(fixture->session), ==, 55000);
        g_assert_cmpuint(counters(fixture)->dropped, ==, 0);
}

static void queue_of_expired_ones_takes_newcomers(Fixture *fixture)
{
        fixture_detach(fixture, fixture->session);
        assert_offers(fixture, "a.1", "queued");
        fixture->message_expiry = 5;
        assert_offers(fixture, "b.1 c.1", "queued dropped");
        fixture->now += 5000;
        fixture->message_expiry = 0;
        assert_offers(fixture, "d.1 e.1", "queued dropped");
        g_assert_cmpuint(counters(fixture)->expired_messages, ==, 1);
        g_assert_cmpuint(counters(fixture)->queued, ==, 2);
        fixture_attach(fixture, fixture->session, 10);
        assert_drains(fixture, "a.1#1 d.1#2");
}

static void limits_change_while_it_is_full(Fixture *fixture)
{
        SessionLimits wider, narrower;

        fixture_detach(fixture, fixture->session);
        assert_offers(fixture, "a.1 b.1 c.1", "queued queued dropped");
        wider = narrower = fixture->limits;
        wider.max_queued_messages = 3;
        narrower.max_queued_messages = 1;
        sessions_set_limits(fixture->sessions, &wider, fixture->now);
        assert_offers(fixture, "d.1 e.1", "queued dropped");
        sessions_set_limits(fixture->sessions, &narrower, fixture->now);
        assert_offers(fixture, "f.1", "dropped");
        fixture_attach(fixture, fixture->session, 10);
        /* What waits already stays. */
        assert_drains(fixture, "a.1#1 b.1#2 d.1#3");
}

/* --- expiry of messages --- */

static void expired_ones_are_passed_over(Fixture *fixture)
{
        fixture->message_expiry = 10;
        assert_offers(fixture, "a.1 b.1 c.2", "a.1#1 queued queued");
        fixture->message_expiry = 0;
        assert_offers(fixture, "d.1", "queued");
        fixture->now += 10000;
        g_assert_cmpint(session_puback(fixture->session, 1), ==, 0);
        assert_drains(fixture, "d.1#2");
        g_assert_cmpuint(counters(fixture)->expired_messages, ==, 2);
        g_assert_cmpuint(counters(fixture)->queued, ==, 1);
}

static void expired_in_flight_is_repeated(Fixture *fixture)
{
        fixture->message_expiry = 10;
        assert_offers(fixture, "a.1 b.2", "a.1#1 b.2#2");
        fixture->now += 20000;
        reconnect(fixture, 10);
        assert_drains(fixture, "a.1#1! b.2#2!");
}

static void expired_before_it_is_offered(Fixture *fixture)
{
        _cleanup_(message_unrefp) Message *message = NULL;
        Offer offer = {.writable = true};
        Delivery delivery;

        fixture->message_expiry = 1;
        message = offer.message = fixture_message(fixture, "a", 0, 1);
        fixture->now += 1000;
        for (offer.qos = 0; offer.qos <= 2; offer.qos++)
                g_assert_cmpint(session_offer(fixture->session, &offer, fixture->now, &delivery),
                                ==, OFFER_DROPPED);
        g_assert_cmpuint(counters(fixture)->expired_messages, ==, 3);
}

/* However many there are, one call does not look at all of them. */
static void expired_ones_in_slices(Fixture *fixture)
{
        unsigned calls = 0;
        Delivery delivery;

        fixture_detach(fixture, fixture->session);
        fixture->message_expiry = 1;
        for (unsigned i = 0; i < 10000; i++)
                assert_offers(fixture, "a.1", "queued");
        fixture->now += 1000;
        fixture_attach(fixture, fixture->session, 10);
        while (session_dequeue(fixture->session, fixture->now, &delivery) == -EAGAIN) {
                g_assert_true(session_has_pending(fixture->session));
                calls++;
        }
        g_assert_cmpuint(calls, >, 100);
        g_assert_cmpuint(session_n_queued(fixture->session), ==, 0);
}

/* --- what is the taker's own --- */

static void identifiers_survive_the_queue(Fixture *fixture)
{
        static const uint32_t identifiers[] = {7, MQTT_VARINT_MAX, 1};

        for (uint16_t n = 0; n <= 3; n++) {
                _cleanup_(message_unrefp) Message *message = fixture_message(fixture, "a", 1, 1);
                Offer offer = {.message = message,
                               .qos = 1,
                               .retain = n % 2,
                               .identifiers = identifiers,
                               .n_identifiers = n};
                Delivery delivery;

                g_assert_cmpint(session_offer(fixture->session, &offer, fixture->now, &delivery),
                                ==, OFFER_QUEUED);
        }
        assert_drains(fixture, "a.1#1 a.1#2r[7] a.1#3[7][268435455] a.1#4r[7][268435455][1]");
        reconnect(fixture, 10);
        assert_drains(fixture, "a.1#1! a.1#2!r[7] a.1#3![7][268435455] a.1#4!r[7][268435455][1]");
}

static void close_releases_everything(Fixture *fixture)
{
        Session *session = fixture->session;

        assert_offers(fixture, "a.1 b.2 c.2 d.1", "a.1#1 b.2#2 c.2#3 queued");
        g_assert_cmpint(session_pubrec(session, 3, 0), ==, 0);
        g_assert_cmpint(session_publish_received(session, 1), ==, 0);
        session_set_will(session, fixture_message(fixture, "w", 1, 5), 10);
        session_set_will(session, fixture_message(fixture, "x", 1, 5), 10);
        fixture_detach(fixture, session);
        assert_offers(fixture, "e.0", "queued");
        g_assert_cmpuint(counters(fixture)->queued, ==, 4);
        /* The counters and the sanitizer see the rest at the end. */
}

static const Case cases[] = {
        {"qos0-is-sent-at-once", qos0_is_sent_at_once, {0}},
        {"qos0-passes-a-closed-window",
         qos0_passes_a_closed_window,
         {.max_inflight_messages = 1, .max_queued_messages = 1}},
        {"qos0-is-dropped-when-not-writable", qos0_is_dropped_when_not_writable, {0}},
        {"qos0-is-dropped-while-away", qos0_is_dropped_while_away, {0}},
        {"qos0-is-kept-while-away", qos0_is_kept_while_away, {.queue_qos0 = true}},
        {"qos0-delivery-is-borrowed", qos0_delivery_is_borrowed, {.queue_qos0 = true}},
        {"received-exactly-once", received_exactly_once, {.receive_maximum = 10}},
        {"received-at-most-receive-maximum",
         received_at_most_receive_maximum,
         {.receive_maximum = 2}},
        {"queue-newest-is-dropped",
         queue_newest_is_dropped,
         {.max_inflight_messages = 1, .max_queued_messages = 2}},
        {"queue-oldest-is-dropped",
         queue_oldest_is_dropped,
         {.max_inflight_messages = 1, .max_queued_messages = 2, .drop_oldest = true}},
        {"queue-without-limit", queue_without_limit, {0}},
        {"queue-of-expired-ones-takes-newcomers",
         queue_of_expired_ones_takes_newcomers,
         {.max_queued_messages = 2}},
        {"limits-change-while-it-is-full",
         limits_change_while_it_is_full,
         {.max_queued_messages = 2}},
        {"expired-ones-are-passed-over",
         expired_ones_are_passed_over,
         {.max_inflight_messages = 1}},
        {"expired-in-flight-is-repeated", expired_in_flight_is_repeated, {0}},
        {"expired-before-it-is-offered", expired_before_it_is_offered, {0}},
        {"expired-ones-in-slices", expired_ones_in_slices, {0}},
        {"identifiers-survive-the-queue", identifiers_survive_the_queue, {0}},
        {"close-releases-everything",
         close_releases_everything,
         {.max_inflight_messages = 3, .queue_qos0 = true}},
};

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        fixture_add_cases("/broker/session/", cases, G_N_ELEMENTS(cases));
        return g_test_run();
}
