/* SPDX-License-Identifier: Apache-2.0 */
/* test-session-retained.c: the retained messages that a new subscription brings. */
#include "session-fixture.h"

/* Retains a message of the topic; with size 0 clears it. */
static Message *retain(Fixture *fixture, const char *topic, uint8_t qos, size_t size)
{
        Message *message = fixture_message(fixture, topic, qos, size);

        message->retain = true;
        g_assert_cmpint(retained_set(fixture->retained, message), ==, 0);
        return message;
}

static void retain_many(Fixture *fixture, unsigned n, uint8_t qos)
{
        for (unsigned i = 0; i < n; i++) {
                g_autofree char *topic = g_strdup_printf("t/%u", i);

                message_unref(retain(fixture, topic, qos, 4));
        }
}

static void subscribe(Fixture *fixture, const char *filter, uint8_t qos, uint32_t identifier)
{
        RetainedCursor *cursor;
        bool existed;

        g_assert_cmpint(session_subscribe(fixture->session, bytes_from_string(filter), qos,
                                          identifier, &existed),
                        ==, 0);
        g_assert_cmpint(retained_cursor_new(fixture->retained, bytes_from_string(filter), &cursor),
                        ==, 0);
        g_assert_cmpint(session_want_retained(fixture->session, cursor, qos, identifier), ==, 0);
        g_assert_true(session_has_pending(fixture->session));
}

/* How many packets the session sends; each is acknowledged if `acknowledge`. All are retained ones
 * at QoS `qos`. */
static unsigned receive(Fixture *fixture, unsigned max, uint8_t qos, bool acknowledge)
{
        unsigned n = 0;
        Delivery delivery;
        int r;

        while (n < max && (r = session_dequeue(fixture->session, fixture->now, &delivery)) != 0) {
                if (r == -EAGAIN)
                        continue;
                g_assert_cmpint(r, ==, 1);
                g_assert_true(delivery.retain);
                g_assert_cmpuint(delivery.qos, ==, qos);
                if (acknowledge && qos == 1)
                        g_assert_cmpint(session_puback(fixture->session, delivery.packet_id), ==,
                                        0);
                n++;
        }
        return n;
}

static void test_qos_is_the_lower_one(void)
{
        for (uint8_t published = 0; published <= 2; published++) {
                for (uint8_t granted = 0; granted <= 2; granted++) {
                        g_autofree char *expected = NULL;
                        uint8_t qos = MIN(published, granted);
                        Fixture fixture;

                        fixture_init(&fixture, (SessionLimits){0});
                        message_unref(retain(&fixture, "t", published, 4));
                        subscribe(&fixture, "t", granted, 7);
                        expected = g_strdup_printf("t.%u%sr[7]", qos, qos ? "#1" : "");
                        assert_drains(&fixture, expected);
                        assert_drains(&fixture, "");
                        fixture_done(&fixture);
                }
        }
}

/* Neither the queue limit nor its size stands in the way (Mosquitto's #2196). */
static void test_more_than_the_queue_may_hold(void)
{
        static const uint8_t qos[] = {0, 1};

        for (size_t i = 0; i < G_N_ELEMENTS(qos); i++) {
                Fixture fixture;

                fixture_init(&fixture, (SessionLimits){.max_queued_messages = 10,
                                                       .max_queued_bytes = 100,
                                                       .max_inflight_messages = 5});
                retain_many(&fixture, 5000, 1);
                subscribe(&fixture, "#", qos[i], 0);
                g_assert_cmpuint(receive(&fixture, UINT_MAX, qos[i], true), ==, 5000);
                g_assert_false(session_has_pending(fixture.session));
                g_assert_cmpuint(sessions_counters(fixture.sessions)->dropped, ==, 0);
                fixture_done(&fixture);
        }
}

static void test_window_paces_them(void)
{
        Fixture fixture;

        fixture_init(&fixture, (SessionLimits){.max_inflight_messages = 5});
        retain_many(&fixture, 50, 1);
        subscribe(&fixture, "t/+", 1, 0);
        g_assert_cmpuint(receive(&fixture, UINT_MAX, 1, false), ==, 5);
        /* Not to be asked again before there is an acknowledgement: no worker spins for it. */
        g_assert_false(session_has_pending(fixture.session));
        g_assert_cmpuint(sessions_counters(fixture.sessions)->queued, ==, 5);
        g_assert_cmpint(session_puback(fixture.session, 2), ==, 0);
        g_assert_true(session_has_pending(fixture.session));
        g_assert_cmpuint(receive(&fixture, UINT_MAX, 1, false), ==, 1);
        fixture_done(&fixture);
}

static void test_go_on_after_a_reconnection(void)
{
        unsigned n;
        Fixture fixture;

        fixture_init(&fixture, (SessionLimits){0});
        retain_many(&fixture, 300, 1);
        subscribe(&fixture, "#", 1, 0);
        n = receive(&fixture, 100, 1, true);
        for (unsigned i = 0; i < 3; i++) {
                fixture_detach(&fixture, fixture.session);
                g_assert_false(session_has_pending(fixture.session));
                fixture_attach(&fixture, fixture.session, 10);
                g_assert_true(session_has_pending(fixture.session));
                n += receive(&fixture, 50, 1, true);
        }
        n += receive(&fixture, UINT_MAX, 1, true);
        g_assert_cmpuint(n, ==, 300);
        fixture_done(&fixture);
}

static void test_stop_with_the_subscription(void)
{
        Fixture fixture;

        fixture_init(&fixture, (SessionLimits){0});
        retain_many(&fixture, 300, 0);
        subscribe(&fixture, "#", 0, 0);
        subscribe(&fixture, "t/1", 0, 0);
        g_assert_cmpuint(receive(&fixture, 5, 0, false), ==, 5);
        g_assert_cmpint(session_unsubscribe(fixture.session, BYTES_LITERAL("#")), ==, 0);
        g_assert_cmpuint(receive(&fixture, UINT_MAX, 0, false), <=, 1);
        g_assert_false(session_has_pending(fixture.session));
        fixture_done(&fixture);
}

/* The same filter again: all of them again [MQTT-3.8.4-4], but not twice over. */
static void test_begin_anew_with_the_same_filter(void)
{
        Fixture fixture;

        fixture_init(&fixture, (SessionLimits){0});
        retain_many(&fixture, 100, 0);
        for (unsigned i = 0; i < 100; i++)
                subscribe(&fixture, "#", 0, 0);
        g_assert_cmpuint(receive(&fixture, 50, 0, false), ==, 50);
        subscribe(&fixture, "#", 0, 0);
        g_assert_cmpuint(receive(&fixture, UINT_MAX, 0, false), ==, 100);
        fixture_done(&fixture);
}

static void test_subscriptions_take_turns(void)
{
        Fixture fixture;
        unsigned n = 0;
        Delivery delivery;

        fixture_init(&fixture, (SessionLimits){0});
        retain_many(&fixture, 5000, 0);
        message_unref(retain(&fixture, "other", 0, 4));
        subscribe(&fixture, "t/#", 0, 0);
        subscribe(&fixture, "other", 0, 0);
        /* The small one need not wait until the large one is done. */
        do {
                int r = session_dequeue(fixture.session, fixture.now, &delivery);

                g_assert_true(r == 1 || r == -EAGAIN);
                n += r == 1;
        } while (n == 0 || !bytes_equal(message_topic(delivery.message), BYTES_LITERAL("other")));
        g_assert_cmpuint(n, <, 100);
        g_assert_cmpuint(n + receive(&fixture, UINT_MAX, 0, false), ==, 5001);
        fixture_done(&fixture);
}

static void test_live_ones_come_first(void)
{
        Fixture fixture;

        fixture_init(&fixture, (SessionLimits){.max_inflight_messages = 1});
        assert_offers(&fixture, "a.1 b.1", "a.1#1 queued");
        message_unref(retain(&fixture, "t", 1, 4));
        message_unref(retain(&fixture, "u", 0, 4));
        subscribe(&fixture, "t", 1, 0);
        subscribe(&fixture, "u", 1, 0);
        assert_offers(&fixture, "c.0", "c.0");
        g_assert_cmpint(session_puback(fixture.session, 1), ==, 0);
        {
                g_autofree char *got = drain(&fixture, fixture.session);

                g_assert_true(g_str_has_prefix(got, "b.1#2"));
        }
        fixture_done(&fixture);
}

/* Small retained messages do not slip past a large one that waits for max_inflight_bytes: it would
 * never go. */
static void test_do_not_pass_a_large_one(void)
{
        Fixture fixture;

        fixture_init(&fixture, (SessionLimits){.max_inflight_bytes = 30});
        assert_offers(&fixture, "a.1", "a.1#1");
        {
                g_autofree char *large = offer_sized(&fixture, fixture.session, "b", 1, 100);

                g_assert_cmpstr(large, ==, "queued");
        }
        message_unref(retain(&fixture, "t", 1, 4));
        subscribe(&fixture, "t", 1, 0);
        assert_drains(&fixture, "");
        g_assert_cmpint(session_puback(fixture.session, 1), ==, 0);
        assert_drains(&fixture, "b.1#2");
        g_assert_cmpint(session_puback(fixture.session, 2), ==, 0);
        assert_drains(&fixture, "t.1#3r");
        fixture_done(&fixture);
}

/* A newer message passes the one that was fetched and waits for the window: the client must not get
 * the older one last. */
static void test_never_older_than_what_passed(void)
{
        static const size_t sizes[] = {9, 0};

        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
                Fixture fixture;
                Message *newer;
                Delivery delivery;
                Offer offer = {.qos = 0, .writable = true};

                fixture_init(&fixture, (SessionLimits){.max_inflight_messages = 1});
                message_unref(retain(&fixture, "t/a", 1, 4));
                message_unref(retain(&fixture, "t/b", 1, 4));
                subscribe(&fixture, "#", 1, 0);
                /* The first is in flight, the second one fetched. */
                g_assert_cmpuint(receive(&fixture, UINT_MAX, 1, false), ==, 1);

                newer = offer.message = retain(&fixture, "t/a", 1, sizes[i]);
                g_assert_cmpint(session_offer(fixture.session, &offer, fixture.now, &delivery), ==,
                                OFFER_SEND);
                message_unref(newer);
                newer = offer.message = retain(&fixture, "t/b", 1, sizes[i]);
                g_assert_cmpint(session_offer(fixture.session, &offer, fixture.now, &delivery), ==,
                                OFFER_SEND);
                message_unref(newer);

                g_assert_cmpint(session_puback(fixture.session, 1), ==, 0);
                if (sizes[i] == 0) {
                        assert_drains(&fixture, "");
                } else {
                        g_assert_cmpint(session_dequeue(fixture.session, fixture.now, &delivery),
                                        ==, 1);
                        g_assert_cmpuint(delivery.message->payload_length, ==, sizes[i]);
                }
                fixture_done(&fixture);
        }
}

static void test_expired_ones_are_passed_over(void)
{
        Fixture fixture;

        fixture_init(&fixture, (SessionLimits){.max_inflight_messages = 1});
        fixture.message_expiry = 5;
        retain_many(&fixture, 20, 1);
        subscribe(&fixture, "#", 1, 0);
        g_assert_cmpuint(receive(&fixture, UINT_MAX, 1, false), ==, 1);
        /* Some are fetched, some are not. */
        fixture.now += 5000;
        g_assert_cmpint(session_puback(fixture.session, 1), ==, 0);
        g_assert_cmpuint(receive(&fixture, UINT_MAX, 1, false), ==, 0);
        g_assert_false(session_has_pending(fixture.session));
        fixture_done(&fixture);
}

/* A session that ends in the middle leaves nothing behind: the sanitizer sees to it. */
static void test_end_in_the_middle(void)
{
        Fixture fixture;

        fixture_init(&fixture, (SessionLimits){0});
        retain_many(&fixture, 100, 1);
        subscribe(&fixture, "#", 1, 0);
        subscribe(&fixture, "t/+", 0, 0);
        receive(&fixture, 1, 0, false);
        fixture_done(&fixture);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/session/retained/qos-is-the-lower-one", test_qos_is_the_lower_one);
        g_test_add_func("/broker/session/retained/more-than-the-queue-may-hold",
                        test_more_than_the_queue_may_hold);
        g_test_add_func("/broker/session/retained/window-paces-them", test_window_paces_them);
        g_test_add_func("/broker/session/retained/go-on-after-a-reconnection",
                        test_go_on_after_a_reconnection);
        g_test_add_func("/broker/session/retained/stop-with-the-subscription",
                        test_stop_with_the_subscription);
        g_test_add_func("/broker/session/retained/begin-anew-with-the-same-filter",
                        test_begin_anew_with_the_same_filter);
        g_test_add_func("/broker/session/retained/subscriptions-take-turns",
                        test_subscriptions_take_turns);
        g_test_add_func("/broker/session/retained/live-ones-come-first", test_live_ones_come_first);
        g_test_add_func("/broker/session/retained/do-not-pass-a-large-one",
                        test_do_not_pass_a_large_one);
        g_test_add_func("/broker/session/retained/never-older-than-what-passed",
                        test_never_older_than_what_passed);
        g_test_add_func("/broker/session/retained/expired-ones-are-passed-over",
                        test_expired_ones_are_passed_over);
        g_test_add_func("/broker/session/retained/end-in-the-middle", test_end_in_the_middle);
        return g_test_run();
}
