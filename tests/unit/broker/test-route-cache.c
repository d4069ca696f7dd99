/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's memory of topic name -> who takes it. */

#include <glib.h>
#include <malloc.h>

#include "broker/route-cache.h"
#include "broker/route-versions.h"
#include "broker/router.h"
#include "util/macro.h"

typedef struct Fixture {
        Router *router;
        RouteCache *cache;
} Fixture;

static void fixture_init(Fixture *fixture, gconstpointer data)
{
        g_assert_cmpint(router_new(2, &fixture->router), ==, 0);
        g_assert_cmpint(route_cache_new(fixture->router, 0, GPOINTER_TO_INT(data), &fixture->cache),
                        ==, 0);
}

static void fixture_done(Fixture *fixture, gconstpointer data)
{
        route_cache_free(fixture->cache);
        router_free(fixture->router);
}

static void subscribe(Fixture *fixture, SessionId session, const char *text,
                      SubscriptionOptions options, uint32_t identifier)
{
        TopicFilter filter = {.filter = bytes_from_string(text)};

        g_assert_cmpint(router_subscribe(fixture->router, session, &filter, options, identifier),
                        ==, 0);
}

static void unsubscribe(Fixture *fixture, SessionId session, const char *text)
{
        TopicFilter filter = {.filter = bytes_from_string(text)};

        router_unsubscribe(fixture->router, session, &filter);
}

static const Route *match(Fixture *fixture, const char *topic)
{
        const Route *route;

        g_assert_cmpint(route_cache_match(fixture->cache, bytes_from_string(topic), &route), ==, 0);
        return route;
}

static SessionId own(unsigned i)
{
        return session_id_make(0, 1, i);
}

static SessionId foreign(unsigned i)
{
        return session_id_make(1, 1, i);
}

static void test_nobody(Fixture *fixture, gconstpointer data)
{
        const Route *route = match(fixture, "a");

        g_assert_cmpuint(route->workers, ==, 0);
        g_assert_cmpuint(route->n_takers, ==, 0);
        g_assert_cmpuint(route->n_groups, ==, 0);
}

static void test_same_route_until_a_change(Fixture *fixture, gconstpointer data)
{
        const Route *route;

        subscribe(fixture, own(1), "a/b", 0, 0);
        match(fixture, "a/b"); /* the first time it only passes */
        route = match(fixture, "a/b");
        g_assert_true(match(fixture, "a/b") == route);
        subscribe(fixture, own(1), "a/c", 0, 0); /* of no concern */
        subscribe(fixture, own(1), "a/b", 0, 0); /* no change */
        g_assert_true(match(fixture, "a/b") == route);
        subscribe(fixture, own(1), "a/b", 1, 0);
        g_assert_cmpuint(match(fixture, "a/b")->takers[0].options, ==, 1);
        subscribe(fixture, own(1), "a/b", 1, 5);
        g_assert_cmpuint(match(fixture, "a/b")->takers[0].n_identifiers, ==, 1);
        g_assert_cmpuint(match(fixture, "a/b")->takers[0].identifiers[0], ==, 5);
        unsubscribe(fixture, own(1), "a/b");
        g_assert_cmpuint(match(fixture, "a/b")->n_takers, ==, 0);
}

/* Filters of each form that match invalidate the route. */
static void test_every_form_invalidates(Fixture *fixture, gconstpointer data)
{
        static const char *const filters[] = {"a/b/c/d/e/f", "a/b/c/d/e/#", "a/b/c/d/#",  "a/b/c/#",
                                              "a/#",         "#",           "+/#",        "a/+/#",
                                              "a/b/c/d/e/+", "+/b/c/d/e/f", "a/b/+/d/e/f"};

        for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
                g_assert_cmpuint(match(fixture, "a/b/c/d/e/f")->n_takers, ==, 0);
                subscribe(fixture, own(1), filters[i], 0, 0);
                g_assert_cmpuint(match(fixture, "a/b/c/d/e/f")->n_takers, ==, 1);
                unsubscribe(fixture, own(1), filters[i]);
        }
}

static void test_borrowed_route_survives_changes(Fixture *fixture, gconstpointer data)
{
        TopicFilter shared = {BYTES_LITERAL("g"), BYTES_LITERAL("a"), false};
        const Route *route;
        ShareMember member;

        subscribe(fixture, own(1), "a", 0, 9);
        g_assert_cmpint(router_subscribe(fixture->router, own(1), &shared, 0, 0), ==, 0);
        route = match(fixture, "a");
        unsubscribe(fixture, own(1), "a");
        router_unsubscribe(fixture->router, own(1), &shared);
        g_assert_cmpuint(route->n_takers, ==, 1);
        g_assert_true(route->takers[0].session == own(1));
        g_assert_cmpuint(route->takers[0].identifiers[0], ==, 9);
        g_assert_cmpuint(route->n_groups, ==, 1);
        g_assert_false(share_group_pick(route->groups[0], 0, SESSION_ID_NONE, &member));
}

static void test_other_workers_are_bits(Fixture *fixture, gconstpointer data)
{
        subscribe(fixture, foreign(1), "a", 0, 0);
        g_assert_cmpuint(match(fixture, "a")->workers, ==, 2);
        g_assert_cmpuint(match(fixture, "a")->n_takers, ==, 0);
        subscribe(fixture, own(1), "a", 0, 0);
        g_assert_cmpuint(match(fixture, "a")->workers, ==, 3);
        g_assert_cmpuint(match(fixture, "a")->n_takers, ==, 1);
        unsubscribe(fixture, foreign(1), "a");
        g_assert_cmpuint(match(fixture, "a")->workers, ==, 1);
}

typedef struct MergeCase {
        const char *name;
        SubscriptionOptions options[2];
        SubscriptionOptions merged;
} MergeCase;

#define NL  SUBSCRIPTION_NO_LOCAL
#define RAP SUBSCRIPTION_RETAIN_AS_PUBLISHED

static const MergeCase merge_cases[] = {
        {"highest-qos", {1, 2}, 2},
        {"highest-qos-first", {2, 0}, 2},
        {"no-local-of-both", {NL, NL | 1}, NL | 1},
        {"no-local-of-one", {NL, 1}, 1},
        {"retain-as-published-of-one", {RAP, 1}, RAP | 1},
        {"retain-handling-is-not-kept", {0x10 | 1, 0x20}, 1},
};

static void test_merge(gconstpointer data)
{
        const MergeCase *test = data;
        Fixture fixture;
        const Route *route;

        fixture_init(&fixture, GINT_TO_POINTER(true));
        subscribe(&fixture, own(2), "a/#", 0, 0);
        subscribe(&fixture, own(1), "a/+", test->options[0], 11);
        subscribe(&fixture, own(1), "a/b", test->options[1], 22);
        subscribe(&fixture, own(1), "#", 0x04, 0);
        unsubscribe(&fixture, own(1), "#");
        route = match(&fixture, "a/b");
        g_assert_cmpuint(route->n_takers, ==, 2);
        for (size_t i = 0; i < 2; i++) {
                const RouteTaker *taker = &route->takers[i];

                if (taker->session == own(2)) {
                        g_assert_cmpuint(taker->n_identifiers, ==, 0);
                        continue;
                }
                g_assert_cmpuint(taker->options, ==, test->merged);
                g_assert_cmpuint(taker->n_identifiers, ==, 2);
                g_assert_cmpuint(taker->identifiers[0] + taker->identifiers[1], ==, 33);
        }
        fixture_done(&fixture, NULL);
}

/* More topics than places, several times: each answer is right, whatever had to go. */
static void test_scan_of_many_topics(Fixture *fixture, gconstpointer data)
{
        subscribe(fixture, own(1), "t/+/x", 0, 0);
        for (unsigned i = 0; i < 40000; i++) {
                g_autofree char *topic = g_strdup_printf("t/%u/%c", i % 20000, i % 2 ? 'x' : 'y');

                g_assert_cmpuint(match(fixture, topic)->n_takers, ==, i % 2);
        }
}

/* Some routes that are asked for again and again stay while others are asked for once. */
static void test_scan_leaves_hot_topics(Fixture *fixture, gconstpointer data)
{
        const Route *routes[8] = {NULL};
        unsigned n_misses = 0;

        for (unsigned i = 0; i < 100000; i++) {
                g_autofree char *topic = g_strdup_printf("t/%u", i);

                match(fixture, topic);
                for (unsigned j = 0; j < ARRAY_SIZE(routes) && i % 100 == 0; j++) {
                        g_autofree char *hot = g_strdup_printf("hot/%u", j);
                        const Route *route = match(fixture, hot);

                        n_misses += route != routes[j];
                        routes[j] = route;
                }
        }
        /* Each twice: at first it only passes. */
        g_assert_cmpuint(n_misses, <=, 2 * ARRAY_SIZE(routes));
}

/* Routes of 60,000 takers (1.4 MB each): far more of them than the cache may keep. */
static void test_large_routes(Fixture *fixture, gconstpointer data)
{
        enum { N = 60000 };

        for (unsigned i = 0; i < N; i++)
                subscribe(fixture, own(i), "big/+", 0, 0);
        for (unsigned i = 0; i < 150; i++) {
                g_autofree char *topic = g_strdup_printf("big/%u", i);
                const Route *route = match(fixture, topic);

                g_assert_cmpuint(route->n_takers, ==, N);
                g_assert_true(route->takers[N - 1].session == own(N - 1));
        }
        g_assert_cmpuint(mallinfo2().uordblks + mallinfo2().hblkhd, <, 100U << 20);
}

static RouteVersions *versions_new(void)
{
        return g_new0(RouteVersions, 1);
}

static void test_versions_spare_other_devices(void)
{
        g_autofree RouteVersions *versions = versions_new();
        unsigned n_stale = 0;

        for (unsigned i = 0; i < 100; i++) {
                g_autofree char *topic = g_strdup_printf("site/devices/%u/state", i);
                g_autofree char *filter = g_strdup_printf("site/devices/%u/command", i + 1);
                RouteStamp stamp = route_versions_stamp(versions, bytes_from_string(topic));

                route_versions_bump(versions, bytes_from_string(filter));
                n_stale += !route_versions_is_current(versions, &stamp);
        }
        g_assert_cmpuint(n_stale, <=, 3); /* those that share a counter by chance */
}

/* As long as the route is the same one. */
static void test_notes(Fixture *fixture, gconstpointer data)
{
        subscribe(fixture, own(1), "a", 0, 0);
        subscribe(fixture, own(2), "a", 0, 0);
        g_assert_null(route_cache_note(fixture->cache, BYTES_LITERAL("a")));
        match(fixture, "a");
        g_assert_null(route_cache_note(fixture->cache, BYTES_LITERAL("a")));
        match(fixture, "b");
        match(fixture, "b");
        g_assert_cmpuint(match(fixture, "a")->note, ==, 0);
        *route_cache_note(fixture->cache, BYTES_LITERAL("a")) = 7;
        *route_cache_note(fixture->cache, BYTES_LITERAL("b")) = 8;
        g_assert_cmpuint(match(fixture, "a")->takers[1].note, ==, 0);
        match(fixture, "a")->takers[1].note = 9;
        g_assert_cmpuint(match(fixture, "b")->note, ==, 8);
        g_assert_cmpuint(match(fixture, "a")->note, ==, 7);
        g_assert_cmpuint(match(fixture, "a")->takers[0].note, ==, 0);
        g_assert_cmpuint(match(fixture, "a")->takers[1].note, ==, 9);
        unsubscribe(fixture, own(1), "a");
        g_assert_cmpuint(match(fixture, "a")->note, ==, 0);
        g_assert_cmpuint(match(fixture, "a")->takers[0].note, ==, 0);
        match(fixture, "a")->takers[0].note = 9;
        route_cache_clear_notes(fixture->cache);
        g_assert_cmpuint(match(fixture, "a")->takers[0].note, ==, 0);
        g_assert_cmpuint(match(fixture, "b")->note, ==, 0);
}

/* What was found last is not looked for again, but may be gone. */
static void test_last_one_is_forgotten(Fixture *fixture, gconstpointer data)
{
        subscribe(fixture, own(1), "a", 0, 0);
        match(fixture, "a");
        match(fixture, "a");
        g_assert_nonnull(route_cache_note(fixture->cache, BYTES_LITERAL("a")));
        route_cache_set_merge(fixture->cache, !GPOINTER_TO_INT(data));
        g_assert_null(route_cache_note(fixture->cache, BYTES_LITERAL("a")));
        g_assert_cmpuint(match(fixture, "a")->n_takers, ==, 1);
}

#define ADD(name, merge, function)                                                                 \
        g_test_add("/broker/route-cache/" name, Fixture, GINT_TO_POINTER(merge), fixture_init,     \
                   function, fixture_done)

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        ADD("nobody", false, test_nobody);
        ADD("same-route-until-a-change", false, test_same_route_until_a_change);
        ADD("every-form-invalidates", false, test_every_form_invalidates);
        ADD("borrowed-route-survives-changes", false, test_borrowed_route_survives_changes);
        ADD("other-workers-are-bits", true, test_other_workers_are_bits);
        for (size_t i = 0; i < ARRAY_SIZE(merge_cases); i++) {
                g_autofree char *name =
                        g_strdup_printf("/broker/route-cache/merge/%s", merge_cases[i].name);

                g_test_add_data_func(name, &merge_cases[i], test_merge);
        }
        ADD("scan-of-many-topics", false, test_scan_of_many_topics);
        ADD("scan-leaves-hot-topics", false, test_scan_leaves_hot_topics);
        ADD("large-routes", false, test_large_routes);
        ADD("notes", false, test_notes);
        ADD("last-one-is-forgotten", false, test_last_one_is_forgotten);
        g_test_add_func("/broker/route-cache/versions-spare-other-devices",
                        test_versions_spare_other_devices);
        return g_test_run();
}
