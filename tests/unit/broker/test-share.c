/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of shared subscriptions: whose turn it is. */

#include <glib.h>

#include "broker/route-cache.h"
#include "broker/router.h"
#include "util/macro.h"

typedef struct Fixture {
        Router *router;
        RouteCache *cache;
} Fixture;

static const TopicFilter shared = {
        .group = {(const uint8_t *)"g", 1},
        .filter = {(const uint8_t *)"a/b", 3},
};

static void fixture_init(Fixture *fixture, gconstpointer data)
{
        g_assert_cmpint(router_new(2, &fixture->router), ==, 0);
        g_assert_cmpint(route_cache_new(fixture->router, 0, false, &fixture->cache), ==, 0);
}

static void fixture_done(Fixture *fixture, gconstpointer data)
{
        route_cache_free(fixture->cache);
        router_free(fixture->router);
}

/* Members 0 to n - 1, on both workers; the identifier is the number + 1. */
static SessionId member(unsigned i)
{
        return session_id_make(i % 2, 1, i);
}

static void join(Fixture *fixture, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                g_assert_cmpint(router_subscribe(fixture->router, member(i), &shared, 1, i + 1), ==,
                                0);
}

static ShareGroup *group_of(Fixture *fixture, const char *topic)
{
        const Route *route;

        g_assert_cmpint(route_cache_match(fixture->cache, bytes_from_string(topic), &route), ==, 0);
        g_assert_cmpuint(route->n_takers, ==, 0);
        return route->n_groups == 1 ? route->groups[0] : NULL;
}

/* How often each of n members is picked in `times` picks; the others: never. */
static void pick(ShareGroup *group, SessionId except, unsigned times, unsigned *counts, unsigned n)
{
        for (unsigned i = 0; i < times; i++) {
                ShareMember picked;

                g_assert_true(share_group_pick(group, i % 2, except, &picked));
                g_assert_cmpuint(session_id_slot(picked.session), <, n);
                g_assert_cmpuint(picked.identifier, ==, session_id_slot(picked.session) + 1);
                g_assert_cmpuint(picked.options, ==, 1);
                counts[session_id_slot(picked.session)]++;
        }
}

static void test_round_robin(Fixture *fixture, gconstpointer data)
{
        unsigned counts[4] = {0};

        join(fixture, 4);
        pick(group_of(fixture, "a/b"), SESSION_ID_NONE, 400, counts, 4);
        for (unsigned i = 0; i < 4; i++)
                g_assert_cmpuint(counts[i], ==, 100);
}

static void test_connected_members_first(Fixture *fixture, gconstpointer data)
{
        unsigned counts[4] = {0};
        ShareMember picked;

        join(fixture, 4);
        router_set_connected(fixture->router, member(0), &shared, false);
        router_set_connected(fixture->router, member(3), &shared, false);
        router_set_connected(fixture->router, member(3), &shared, false);
        pick(group_of(fixture, "a/b"), SESSION_ID_NONE, 100, counts, 4);
        g_assert_cmpuint(counts[1], ==, 50);
        g_assert_cmpuint(counts[2], ==, 50);

        router_set_connected(fixture->router, member(1), &shared, false);
        router_set_connected(fixture->router, member(2), &shared, false);
        g_assert_true(share_group_pick(group_of(fixture, "a/b"), 0, SESSION_ID_NONE, &picked));
        g_assert_false(picked.connected);

        router_set_connected(fixture->router, member(0), &shared, true);
        for (unsigned i = 0; i < 10; i++) {
                g_assert_true(
                        share_group_pick(group_of(fixture, "a/b"), 0, SESSION_ID_NONE, &picked));
                g_assert_true(picked.session == member(0) && picked.connected);
        }
}

static void test_except_is_passed_over(Fixture *fixture, gconstpointer data)
{
        unsigned counts[3] = {0};
        ShareMember picked;

        join(fixture, 3);
        pick(group_of(fixture, "a/b"), member(1), 90, counts, 3);
        g_assert_cmpuint(counts[1], ==, 0);
        g_assert_cmpuint(counts[0], >=, 30);
        g_assert_cmpuint(counts[2], >=, 30);

        /* The only connected one is excepted: one that is away gets it. */
        router_set_connected(fixture->router, member(0), &shared, false);
        router_set_connected(fixture->router, member(2), &shared, false);
        g_assert_true(share_group_pick(group_of(fixture, "a/b"), 0, member(1), &picked));
        g_assert_false(picked.connected);

        router_unsubscribe(fixture->router, member(0), &shared);
        router_unsubscribe(fixture->router, member(2), &shared);
        g_assert_false(share_group_pick(group_of(fixture, "a/b"), 0, member(1), &picked));
        g_assert_true(share_group_pick(group_of(fixture, "a/b"), 0, member(0), &picked));
}

static void test_groups_and_plain_are_distinct(Fixture *fixture, gconstpointer data)
{
        TopicFilter plain = {.filter = shared.filter}, other = shared;
        const Route *route;

        other.group = BYTES_LITERAL("h");
        join(fixture, 1);
        g_assert_cmpint(router_subscribe(fixture->router, member(0), &plain, 1, 0), ==, 0);
        g_assert_cmpint(router_subscribe(fixture->router, member(0), &other, 1, 0), ==, 0);
        g_assert_cmpuint(router_count(fixture->router), ==, 3);
        g_assert_cmpuint(router_count_shared(fixture->router), ==, 2);
        g_assert_cmpint(route_cache_match(fixture->cache, BYTES_LITERAL("a/b"), &route), ==, 0);
        g_assert_cmpuint(route->n_takers, ==, 1);
        g_assert_cmpuint(route->n_groups, ==, 2);

        router_unsubscribe(fixture->router, member(0), &plain);
        router_unsubscribe(fixture->router, member(0), &other);
        g_assert_nonnull(group_of(fixture, "a/b"));
        g_assert_cmpuint(router_count_shared(fixture->router), ==, 1);
}

static void test_resubscribe_replaces(Fixture *fixture, gconstpointer data)
{
        ShareMember picked;

        join(fixture, 1);
        router_set_connected(fixture->router, member(0), &shared, false);
        g_assert_cmpint(router_subscribe(fixture->router, member(0), &shared, 2, 77), ==, 0);
        g_assert_cmpuint(router_count(fixture->router), ==, 1);
        g_assert_true(share_group_pick(group_of(fixture, "a/b"), 1, SESSION_ID_NONE, &picked));
        g_assert_cmpuint(picked.options, ==, 2);
        g_assert_cmpuint(picked.identifier, ==, 77);
        g_assert_true(picked.connected);
}

/* Who holds a group may ask it after its last member and even the router have gone. */
static void test_group_outlives_members_and_router(Fixture *fixture, gconstpointer data)
{
        ShareGroup *group, *second;
        ShareMember picked;

        join(fixture, 2);
        group = share_group_ref(group_of(fixture, "a/b"));
        router_unsubscribe(fixture->router, member(0), &shared);
        router_unsubscribe(fixture->router, member(1), &shared);
        g_assert_null(group_of(fixture, "a/b"));
        g_assert_false(share_group_pick(group, 0, SESSION_ID_NONE, &picked));
        share_group_unref(group);

        join(fixture, 2);
        second = share_group_ref(group_of(fixture, "a/b"));
        fixture->cache = route_cache_free(fixture->cache);
        fixture->router = router_free(fixture->router);
        g_assert_false(share_group_pick(second, 0, SESSION_ID_NONE, &picked));
        share_group_unref(second);
}

/* Members come and go and change state; the picks always hit a member of the right kind. */
static void test_churn_in_a_large_group(Fixture *fixture, gconstpointer data)
{
        enum { N = 300 };
        enum { GONE, AWAY, CONNECTED } states[N] = {GONE};
        g_autoptr(GRand) rand = g_rand_new_with_seed(4711);
        unsigned n_connected = 0, n_members = 0;

        for (unsigned step = 0; step < 5000; step++) {
                unsigned i = (unsigned)g_rand_int_range(rand, 0, N);
                unsigned state = (unsigned)g_rand_int_range(rand, GONE, CONNECTED + 1);
                ShareGroup *group;
                ShareMember picked;

                if (state == GONE)
                        router_unsubscribe(fixture->router, member(i), &shared);
                else if (states[i] == GONE || state == CONNECTED)
                        g_assert_cmpint(
                                router_subscribe(fixture->router, member(i), &shared, 1, i + 1), ==,
                                0);
                if (state == AWAY)
                        router_set_connected(fixture->router, member(i), &shared, false);
                n_members += (state != GONE);
                n_members -= (states[i] != GONE);
                n_connected += (state == CONNECTED);
                n_connected -= (states[i] == CONNECTED);
                states[i] = state;

                g_assert_cmpuint(router_count(fixture->router), ==, n_members);
                group = group_of(fixture, "a/b");
                g_assert_true((group != NULL) == (n_members > 0));
                if (!group)
                        continue;
                g_assert_true(share_group_pick(group, 0, SESSION_ID_NONE, &picked));
                g_assert_true(picked.connected == (n_connected > 0));
                g_assert_true(states[session_id_slot(picked.session)] ==
                              (n_connected > 0 ? CONNECTED : AWAY));
        }
}

/* So many ShareNames at one filter that a search through all would show. */
static void test_many_groups_at_one_filter(Fixture *fixture, gconstpointer data)
{
        enum { N = 5000 };

        for (unsigned round = 0; round < 2; round++) {
                for (unsigned i = 0; i < N; i++) {
                        g_autofree char *name = g_strdup_printf("group%u", i);
                        TopicFilter filter = {bytes_from_string(name), shared.filter, false};

                        if (round == 0)
                                g_assert_cmpint(
                                        router_subscribe(fixture->router, member(i), &filter, 0, 0),
                                        ==, 0);
                        else
                                router_unsubscribe(fixture->router, member(i), &filter);
                }
                g_assert_cmpuint(router_count_shared(fixture->router), ==, round == 0 ? N : 0);
        }
}

#define ADD(name, function)                                                                        \
        g_test_add("/broker/share/" name, Fixture, NULL, fixture_init, function, fixture_done)

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        ADD("round-robin", test_round_robin);
        ADD("connected-members-first", test_connected_members_first);
        ADD("except-is-passed-over", test_except_is_passed_over);
        ADD("groups-and-plain-are-distinct", test_groups_and_plain_are_distinct);
        ADD("resubscribe-replaces", test_resubscribe_replaces);
        ADD("group-outlives-members-and-router", test_group_outlives_members_and_router);
        ADD("churn-in-a-large-group", test_churn_in_a_large_group);
        ADD("many-groups-at-one-filter", test_many_groups_at_one_filter);
        return g_test_run();
}
