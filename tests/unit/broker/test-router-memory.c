/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Router, route cache and retained store without memory: each allocation fails once, in turn; what
 * was asked for is then refused, and nothing else changes.
 */

#include <errno.h>
#include <glib.h>

#include "broker/retained.h"
#include "broker/route-cache.h"
#include "broker/router.h"
#include "tests/unit/failing-memory.h"
#include "util/macro.h"

#define SESSIONS 40U

/* Filter number i of session s; every fifth session shares. */
static TopicFilter filter_of(unsigned session, unsigned i)
{
        static const char *const filters[] = {"a/b/c/d", "a/+/c/d", "#", "x/y", "a/b/c/e"};

        return (TopicFilter){
                .group = session % 5 == 4 ? BYTES_LITERAL("g") : (Bytes){0},
                .filter = bytes_from_string(filters[i]),
        };
}

static SessionId session_of(unsigned i)
{
        return session_id_make(i % 2, 1, i);
}

/* Each returns how many calls were refused. */
static unsigned subscribe_all(Router *router)
{
        unsigned n_refused = 0, n_made = 0;

        for (unsigned i = 0; i < SESSIONS * 5; i++) {
                TopicFilter filter = filter_of(i / 5, i % 5);
                int r = router_subscribe(router, session_of(i / 5), &filter, 1, i);

                g_assert_true(r == 0 || r == -ENOMEM);
                n_refused += r < 0;
                n_made += r == 0;
                g_assert_cmpuint(router_count(router), ==, n_made);
        }
        return n_refused;
}

static unsigned match_all(RouteCache *cache)
{
        unsigned n_refused = 0;

        for (unsigned i = 0; i < 100; i++) {
                char topic[] = "a/b/c/00";
                const Route *route;
                int r;

                topic[6] = (char)('0' + i / 10);
                topic[7] = (char)('0' + i % 10);
                r = route_cache_match(cache, bytes_from_string(i ? topic : "a/b/c/d"), &route);
                g_assert_true(r == 0 || r == -ENOMEM);
                n_refused += r < 0;
        }
        return n_refused;
}

static void unsubscribe_all(Router *router, RouteCache *cache)
{
        const Route *route;

        for (unsigned i = 0; i < SESSIONS * 5; i++) {
                TopicFilter filter = filter_of(i / 5, i % 5);

                router_unsubscribe(router, session_of(i / 5), &filter);
        }
        g_assert_cmpuint(router_count(router), ==, 0);
        g_assert_cmpuint(router_count_shared(router), ==, 0);
        if (route_cache_match(cache, BYTES_LITERAL("a/b/c/d"), &route) == 0)
                g_assert_cmpuint(route->workers + route->n_takers + route->n_groups, ==, 0);
}

static unsigned run_router(void)
{
        _cleanup_(router_freep) Router *router = NULL;
        _cleanup_(route_cache_freep) RouteCache *cache = NULL;
        unsigned n_refused;

        if (router_new(2, &router) < 0 || route_cache_new(router, 0, true, &cache) < 0)
                return 1;
        n_refused = subscribe_all(router) + match_all(cache);
        unsubscribe_all(router, cache);
        return n_refused;
}

static unsigned run_retained(void)
{
        _cleanup_(retained_freep) Retained *retained = NULL;
        unsigned n_refused = 0, n_kept = 0;

        if (retained_new(&retained) < 0)
                return 1;
        for (unsigned i = 0; i < 120; i++) {
                char topic[] = "a/0/00";
                MessageParts parts = {.topic = bytes_from_string(topic),
                                      .payload = BYTES_LITERAL("x"),
                                      .expires = 5};
                _cleanup_(message_unrefp) Message *message = NULL;

                topic[2] = (char)('0' + i % 7);
                topic[4] = (char)('0' + i / 10);
                topic[5] = (char)('0' + i % 10);
                if (message_new(&parts, &message) < 0 || retained_set(retained, message) < 0)
                        n_refused++;
                else
                        n_kept++;
                g_assert_cmpuint(retained_count(retained), ==, n_kept);
        }
        g_assert_cmpuint(retained_expire(retained, 9000, 1000), ==, n_kept);
        g_assert_cmpuint(retained_bytes(retained), ==, 0);
        return n_refused;
}

/* The caches grow and tables shrink by best effort: not each failure refuses something. */
static void test_each_allocation_fails(gconstpointer data)
{
        unsigned (*run)(void) = (unsigned (*)(void))data;
        unsigned n_refusing = 0;
        bool has_failed = true;

        for (unsigned k = 0; has_failed; k++) {
                unsigned n_refused;

                g_assert_cmpuint(k, <, 10000);
                failing_memory_begin(k);
                n_refused = run();
                has_failed = failing_memory_end();
                g_assert_cmpuint(n_refused, <=, 1);
                n_refusing += n_refused;
        }
        g_assert_cmpuint(n_refusing, >, 100);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_data_func("/broker/router-memory/each-allocation-fails/router",
                             (gconstpointer)run_router, test_each_allocation_fails);
        g_test_add_data_func("/broker/router-memory/each-allocation-fails/retained",
                             (gconstpointer)run_retained, test_each_allocation_fails);
        return g_test_run();
}
