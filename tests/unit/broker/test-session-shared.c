/* SPDX-License-Identifier: Apache-2.0 */
/* test-session-shared.c: what was not acknowledged goes to another member of the group. */
#include "broker/route-cache.h"
#include "session-fixture.h"

static void subscribe(Session *session, const char *filter)
{
        bool existed;

        g_assert_cmpint(session_subscribe(session, bytes_from_string(filter), 2, 0, &existed), ==,
                        0);
}

/* The group that takes the topic "t", with a reference. */
static ShareGroup *group_of(Fixture *fixture)
{
        _cleanup_(route_cache_freep) RouteCache *cache = NULL;
        const Route *route;

        g_assert_cmpint(route_cache_new(fixture->router, 0, true, &cache), ==, 0);
        g_assert_cmpint(route_cache_match(cache, BYTES_LITERAL("t"), &route), ==, 0);
        g_assert_cmpuint(route->n_groups, ==, 1);
        return share_group_ref(route->groups[0]);
}

static int offer_for(Fixture *fixture, const char *topic, uint8_t qos, ShareGroup *group)
{
        _cleanup_(message_unrefp) Message *message = fixture_message(fixture, topic, qos, 10);
        Offer offer = {.message = message, .qos = qos, .writable = true, .group = group};
        Delivery delivery;

        return session_offer(fixture->session, &offer, fixture->now, &delivery);
}

/* The names of what can be redistributed, in order; all of it is forgotten. */
static char *take_all(Fixture *fixture, const ShareGroup *expected)
{
        GString *text = g_string_new(NULL);
        Message *message;
        ShareGroup *group;

        while (session_take_shared(fixture->session, &message, &group)) {
                g_assert_true(group == expected);
                g_string_append_c(text, (char)message_topic(message).data[0]);
                message_unref(message);
                share_group_unref(group);
        }
        g_assert_false(session_has_shared(fixture->session));
        return g_string_free(text, FALSE);
}

#define assert_takes(fixture, group, expected)                                                     \
        do {                                                                                       \
                g_autofree char *got_ = take_all(fixture, group);                                  \
                g_assert_cmpstr(got_, ==, expected);                                               \
        } while (0)

static void test_redistributes_what_is_not_acknowledged(void)
{
        _cleanup_(share_group_unrefp) ShareGroup *group = NULL;
        Fixture fixture;

        fixture_init(&fixture, (SessionLimits){.max_inflight_messages = 6});
        subscribe(fixture.session, "$share/g/t");
        group = group_of(&fixture);
        g_assert_false(session_has_shared(fixture.session));

        /* In flight: a is acknowledged, b and d can go, c is not shared, e and f have begun. */
        for (const char *c = "abcdef"; *c; c++) {
                char name[2] = {*c};

                g_assert_cmpint(
                        offer_for(&fixture, name, *c > 'd' ? 2 : 1, *c == 'c' ? NULL : group), ==,
                        OFFER_SEND);
        }
        /* Waiting: g and i can go, also at QoS 2, h is not shared. */
        g_assert_cmpint(offer_for(&fixture, "g", 1, group), ==, OFFER_QUEUED);
        g_assert_cmpint(offer_for(&fixture, "h", 1, NULL), ==, OFFER_QUEUED);
        g_assert_cmpint(offer_for(&fixture, "i", 2, group), ==, OFFER_QUEUED);
        g_assert_cmpint(session_puback(fixture.session, 1), ==, 0);
        g_assert_cmpint(session_pubrec(fixture.session, 5, 0), ==, 0);

        fixture_detach(&fixture, fixture.session);
        g_assert_true(session_has_shared(fixture.session));
        assert_takes(&fixture, group, "bdgi");
        g_assert_cmpuint(session_n_inflight(fixture.session), ==, 3);
        g_assert_cmpuint(session_n_queued(fixture.session), ==, 1);
        /* c, f and h; e is an exchange without its message. */
        g_assert_cmpuint(sessions_counters(fixture.sessions)->queued, ==, 3);
        g_assert_cmpuint(sessions_counters(fixture.sessions)->queued_bytes, ==, 33);
        fixture_attach(&fixture, fixture.session, 10);
        {
                g_autofree char *got = drain(&fixture, fixture.session);

                g_assert_true(g_str_has_prefix(got, "c.1#3! rel#5 f.2#6! h.1#"));
        }
        fixture_done(&fixture);
}

static void test_again_after_each_connection(void)
{
        _cleanup_(share_group_unrefp) ShareGroup *group = NULL;
        Fixture fixture;

        fixture_init(&fixture, (SessionLimits){0});
        subscribe(fixture.session, "$share/g/t");
        group = group_of(&fixture);
        for (unsigned i = 0; i < 1000; i++) {
                g_assert_cmpint(offer_for(&fixture, "n", 1, NULL), ==, OFFER_SEND);
                g_assert_cmpint(offer_for(&fixture, "s", 1, group), ==, OFFER_SEND);
                fixture_detach(&fixture, fixture.session);
                g_assert_cmpint(offer_for(&fixture, "t", 2, group), ==, OFFER_QUEUED);
                assert_takes(&fixture, group, "st");
                fixture_attach(&fixture, fixture.session, 65535);
                g_free(drain(&fixture, fixture.session));
        }
        g_assert_cmpuint(session_n_inflight(fixture.session), ==, 1000);
        fixture_done(&fixture);
}

static void test_members_away_are_known_to_the_group(void)
{
        _cleanup_(share_group_unrefp) ShareGroup *group = NULL;
        ShareMember member;
        Fixture fixture;
        Session *other;

        fixture_init(&fixture, (SessionLimits){0});
        other = fixture_open(&fixture, "other");
        subscribe(fixture.session, "$share/g/t");
        subscribe(fixture.session, "$share/g/else");
        subscribe(fixture.session, "t/plain");
        /* Subscribes while it is away, as a session does that is read from the disk. */
        subscribe(other, "$share/g/t");
        group = group_of(&fixture);
        for (unsigned i = 0; i < 4; i++) {
                g_assert_true(share_group_pick(group, 0, SESSION_ID_NONE, &member));
                g_assert_cmpuint(member.session, ==, session_id(fixture.session));
                g_assert_true(member.connected);
        }
        fixture_attach(&fixture, other, 10);
        fixture_detach(&fixture, fixture.session);
        for (unsigned i = 0; i < 4; i++) {
                g_assert_true(share_group_pick(group, 0, SESSION_ID_NONE, &member));
                g_assert_cmpuint(member.session, ==, session_id(other));
        }
        g_assert_cmpuint(router_count_shared(fixture.router), ==, 3);
        sessions_close(fixture.sessions, other);
        g_assert_cmpuint(router_count_shared(fixture.router), ==, 2);
        g_assert_true(share_group_pick(group, 0, SESSION_ID_NONE, &member));
        g_assert_cmpuint(member.session, ==, session_id(fixture.session));
        g_assert_false(member.connected);
        sessions_close(fixture.sessions, fixture.session);
        g_assert_false(share_group_pick(group, 0, SESSION_ID_NONE, &member));
        fixture_done(&fixture);
}

/* A filter and its shared form are two subscriptions, whichever goes first (CVE-2024-8376). */
static void test_shared_and_plain_are_two(void)
{
        static const char *const filters[] = {"t", "$share/g/t"};

        for (unsigned first = 0; first < 2; first++) {
                Fixture fixture;
                bool existed = true;

                fixture_init(&fixture, (SessionLimits){0});
                subscribe(fixture.session, filters[0]);
                subscribe(fixture.session, filters[1]);
                g_assert_cmpuint(session_n_subscriptions(fixture.session), ==, 2);
                g_assert_cmpint(session_subscribe(fixture.session, bytes_from_string(filters[1]), 0,
                                                  0, &existed),
                                ==, 0);
                g_assert_true(existed);
                g_assert_cmpint(
                        session_unsubscribe(fixture.session, bytes_from_string(filters[first])), ==,
                        0);
                g_assert_cmpint(
                        session_unsubscribe(fixture.session, bytes_from_string(filters[first])), ==,
                        REASON_NO_SUBSCRIPTION_EXISTED);
                g_assert_cmpuint(router_count_shared(fixture.router), ==, first == 0);
                g_assert_cmpint(
                        session_unsubscribe(fixture.session, bytes_from_string(filters[!first])),
                        ==, 0);
                g_assert_cmpuint(router_count(fixture.router), ==, 0);
                fixture_done(&fixture);
        }
}

static void test_refuses_a_bad_filter(void)
{
        static const char *const filters[] = {"a/#/b", "a+", "$share/g", "$share//t"};
        bool existed = true;
        Fixture fixture;

        fixture_init(&fixture, (SessionLimits){0});
        for (size_t i = 0; i < G_N_ELEMENTS(filters); i++)
                g_assert_cmpint(session_subscribe(fixture.session, bytes_from_string(filters[i]), 0,
                                                  0, &existed),
                                ==, REASON_TOPIC_FILTER_INVALID);
        g_assert_cmpuint(session_n_subscriptions(fixture.session), ==, 0);
        g_assert_true(existed);
        fixture_done(&fixture);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/session/shared/redistributes-what-is-not-acknowledged",
                        test_redistributes_what_is_not_acknowledged);
        g_test_add_func("/broker/session/shared/again-after-each-connection",
                        test_again_after_each_connection);
        g_test_add_func("/broker/session/shared/members-away-are-known-to-the-group",
                        test_members_away_are_known_to_the_group);
        g_test_add_func("/broker/session/shared/shared-and-plain-are-two",
                        test_shared_and_plain_are_two);
        g_test_add_func("/broker/session/shared/refuses-a-bad-filter", test_refuses_a_bad_filter);
        return g_test_run();
}
