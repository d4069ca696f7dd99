/* SPDX-License-Identifier: Apache-2.0 */
/* The router against a model: a plain list of subscriptions and topic_matches(). */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "broker/route-cache.h"
#include "broker/router.h"
#include "broker/topic-tree.h"
#include "util/macro.h"

#define WORKERS 3U

typedef struct ModelSubscription {
        SessionId session;
        char filter[32];
        char group[4];
        SubscriptionOptions options;
        uint32_t identifier;
} ModelSubscription;

typedef struct Model {
        GRand *rand;
        GArray *subscriptions;
        Router *router;
        RouteCache *caches[WORKERS];
        bool merge;
} Model;

static unsigned draw(Model *model, unsigned n)
{
        return (unsigned)g_rand_int_range(model->rand, 0, (gint32)n);
}

/* One to four levels of few words, so that much matches. */
static void draw_text(Model *model, char *text, bool wildcards)
{
        static const char *const words[] = {"a", "b", "", "$x", "+", "#"};
        unsigned n = 1 + draw(model, 4);

        do {
                text[0] = 0;
                for (unsigned i = 0; i < n; i++) {
                        const char *word = words[draw(model, wildcards ? 6 : 4)];

                        if (i > 0)
                                strcat(text, "/");
                        strcat(text, word);
                        if (word[0] == '#')
                                break;
                }
        } while (text[0] == 0);
}

static SessionId draw_session(Model *model)
{
        unsigned i = draw(model, 24);

        return session_id_make(i % WORKERS, 1, i);
}

static TopicFilter filter_of(const ModelSubscription *subscription)
{
        return (TopicFilter){
                .group = bytes_from_string(subscription->group),
                .filter = bytes_from_string(subscription->filter),
        };
}

static void model_subscribe(Model *model)
{
        ModelSubscription new = {
                .session = draw_session(model),
                .options = (uint8_t)(draw(model, 3) | (draw(model, 4) << 2)),
                .identifier = draw(model, 2) * (1 + draw(model, 1000)),
        };
        TopicFilter filter;

        draw_text(model, new.filter, true);
        if (draw(model, 5) == 0) {
                new.group[0] = draw(model, 2) ? 'g' : 'h';
                new.options &= (uint8_t)~SUBSCRIPTION_NO_LOCAL;
        }
        filter = filter_of(&new);
        g_assert_cmpint(
                router_subscribe(model->router, new.session, &filter, new.options, new.identifier),
                ==, 0);
        for (unsigned i = 0; i < model->subscriptions->len; i++) {
                ModelSubscription *old = &g_array_index(model->subscriptions, ModelSubscription, i);

                if (old->session == new.session && strcmp(old->filter, new.filter) == 0 &&
                    strcmp(old->group, new.group) == 0) {
                        *old = new;
                        return;
                }
        }
        g_array_append_val(model->subscriptions, new);
}

static void model_unsubscribe(Model *model)
{
        ModelSubscription *old;
        TopicFilter filter;
        unsigned i;

        if (model->subscriptions->len == 0)
                return;
        i = draw(model, model->subscriptions->len);
        old = &g_array_index(model->subscriptions, ModelSubscription, i);
        filter = filter_of(old);
        router_unsubscribe(model->router, old->session, &filter);
        /* A second time, and for one who has none: nothing happens. */
        router_unsubscribe(model->router, old->session, &filter);
        g_array_remove_index_fast(model->subscriptions, i);
}

/* What of the route says of one subscription or session: for comparison in any order. */
static char *describe(SessionId session, SubscriptionOptions options, GArray *identifiers)
{
        GString *text = g_string_new(NULL);

        g_string_printf(text, "%u qos%u%s%s", session_id_slot(session), subscription_qos(options),
                        options & SUBSCRIPTION_NO_LOCAL ? " nl" : "",
                        options & SUBSCRIPTION_RETAIN_AS_PUBLISHED ? " rap" : "");
        for (unsigned i = 0; i < identifiers->len; i++)
                g_string_append_printf(text, " %u", g_array_index(identifiers, uint32_t, i));
        return g_string_free(text, FALSE);
}

static gint compare_text(gconstpointer a, gconstpointer b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gint compare_number(gconstpointer a, gconstpointer b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return (x > y) - (x < y);
}

static GPtrArray *route_lines(const Route *route)
{
        GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);

        for (size_t i = 0; i < route->n_takers; i++) {
                const RouteTaker *taker = &route->takers[i];
                g_autoptr(GArray) identifiers = g_array_new(FALSE, FALSE, sizeof(uint32_t));

                g_array_append_vals(identifiers, taker->identifiers, taker->n_identifiers);
                g_array_sort(identifiers, compare_number);
                g_ptr_array_add(lines, describe(taker->session, taker->options, identifiers));
        }
        g_ptr_array_sort(lines, compare_text);
        return lines;
}

/* The session's lines: one for all of its subscriptions that match, or one for each. */
static void model_session_lines(Model *model, SessionId session, Bytes topic, GPtrArray *lines)
{
        g_autoptr(GArray) identifiers = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        unsigned qos = 0, rap = 0, no_local = SUBSCRIPTION_NO_LOCAL, n = 0;

        for (unsigned i = 0; i < model->subscriptions->len; i++) {
                ModelSubscription *one = &g_array_index(model->subscriptions, ModelSubscription, i);

                if (one->session != session || one->group[0] ||
                    !topic_matches(bytes_from_string(one->filter), topic))
                        continue;
                if (!model->merge) {
                        qos = rap = n = 0;
                        no_local = SUBSCRIPTION_NO_LOCAL;
                        g_array_set_size(identifiers, 0);
                }
                n++;
                qos = MAX(qos, subscription_qos(one->options));
                rap |= one->options & SUBSCRIPTION_RETAIN_AS_PUBLISHED;
                no_local &= one->options;
                if (one->identifier)
                        g_array_append_val(identifiers, one->identifier);
                g_array_sort(identifiers, compare_number);
                if (!model->merge)
                        g_ptr_array_add(lines, describe(session, (uint8_t)(qos | rap | no_local),
                                                        identifiers));
        }
        if (model->merge && n > 0)
                g_ptr_array_add(lines,
                                describe(session, (uint8_t)(qos | rap | no_local), identifiers));
}

static void model_check(Model *model)
{
        unsigned worker = draw(model, WORKERS);
        g_autoptr(GPtrArray) expected = g_ptr_array_new_with_free_func(g_free), got = NULL;
        g_autoptr(GHashTable) groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        uint32_t workers = 0;
        const Route *route;
        char text[32];
        Bytes topic;

        draw_text(model, text, false);
        topic = bytes_from_string(text);
        for (unsigned i = 0; i < 24; i++)
                if (i % WORKERS == worker)
                        model_session_lines(model, session_id_make(worker, 1, i), topic, expected);
        for (unsigned i = 0; i < model->subscriptions->len; i++) {
                ModelSubscription *one = &g_array_index(model->subscriptions, ModelSubscription, i);

                if (!topic_matches(bytes_from_string(one->filter), topic))
                        continue;
                if (one->group[0])
                        g_hash_table_add(groups, g_strdup_printf("%s %s", one->group, one->filter));
                else
                        workers |= 1U << session_id_worker(one->session);
        }
        g_ptr_array_sort(expected, compare_text);

        g_assert_cmpint(route_cache_match(model->caches[worker], topic, &route), ==, 0);
        g_assert_cmpuint(route->workers, ==, workers);
        g_assert_cmpuint(route->n_groups, ==, g_hash_table_size(groups));
        got = route_lines(route);
        g_assert_cmpuint(got->len, ==, expected->len);
        for (unsigned i = 0; i < got->len; i++)
                g_assert_cmpstr(got->pdata[i], ==, expected->pdata[i]);
}

static void test_model(gconstpointer data)
{
        Model model = {.merge = GPOINTER_TO_INT(data)};

        model.rand = g_rand_new_with_seed(20);
        model.subscriptions = g_array_new(FALSE, FALSE, sizeof(ModelSubscription));
        g_assert_cmpint(router_new(WORKERS, &model.router), ==, 0);
        for (unsigned i = 0; i < WORKERS; i++)
                g_assert_cmpint(route_cache_new(model.router, i, model.merge, &model.caches[i]), ==,
                                0);
        for (unsigned step = 0; step < 8000; step++) {
                /* Fills up first, is nearly empty at the end. */
                if (draw(&model, 8000) > step || model.subscriptions->len == 0)
                        model_subscribe(&model);
                else
                        model_unsubscribe(&model);
                g_assert_cmpuint(router_count(model.router), ==, model.subscriptions->len);
                model_check(&model);
        }
        while (model.subscriptions->len > 0)
                model_unsubscribe(&model);
        model_check(&model);
        g_assert_cmpuint(router_count(model.router), ==, 0);
        g_assert_cmpuint(router_count_shared(model.router), ==, 0);
        for (unsigned i = 0; i < WORKERS; i++)
                route_cache_free(model.caches[i]);
        router_free(model.router);
        g_array_free(model.subscriptions, TRUE);
        g_rand_free(model.rand);
}

static void test_too_deep_is_refused(void)
{
        _cleanup_(router_freep) Router *router = NULL;
        g_autofree char *text = g_strnfill(TOPIC_TREE_DEPTH_MAX, '/');
        TopicFilter filter = {.filter = bytes_from_string(text)};

        g_assert_cmpint(router_new(1, &router), ==, 0);
        g_assert_cmpint(router_subscribe(router, session_id_make(0, 1, 0), &filter, 0, 0), ==,
                        -E2BIG);
        g_assert_cmpuint(router_count(router), ==, 0);
}

/* What lies in the router when it goes, goes with it (the sanitizer looks). */
static void test_free_with_subscriptions(void)
{
        _cleanup_(router_freep) Router *router = NULL;

        g_assert_cmpint(router_new(ROUTER_WORKERS_MAX, &router), ==, 0);
        for (unsigned i = 0; i < 200; i++) {
                TopicFilter filter = {.filter = BYTES_LITERAL("a/+/b"), .has_wildcard = true};

                if (i % 4 == 0)
                        filter.group = BYTES_LITERAL("g");
                g_assert_cmpint(router_subscribe(router,
                                                 session_id_make(i % ROUTER_WORKERS_MAX, 1, i),
                                                 &filter, 1, i),
                                ==, 0);
        }
        g_assert_cmpuint(router_count(router), ==, 200);
        g_assert_cmpuint(router_count_shared(router), ==, 50);
}

/* Replaces, matches and takes out each of very many on one topic: quadratic work would show. */
static void test_many_subscribers_of_one_topic(void)
{
        enum { N = 100000 };
        _cleanup_(router_freep) Router *router = NULL;
        _cleanup_(route_cache_freep) RouteCache *cache = NULL;
        TopicFilter filter = {.filter = BYTES_LITERAL("news/today")};
        const Route *route;

        g_assert_cmpint(router_new(2, &router), ==, 0);
        g_assert_cmpint(route_cache_new(router, 1, true, &cache), ==, 0);
        for (unsigned round = 0; round < 2; round++)
                for (unsigned i = 0; i < N; i++)
                        g_assert_cmpint(router_subscribe(router, session_id_make(i % 2, 1, i),
                                                         &filter, (uint8_t)round, 0),
                                        ==, 0);
        g_assert_cmpuint(router_count(router), ==, N);
        g_assert_cmpint(route_cache_match(cache, filter.filter, &route), ==, 0);
        g_assert_cmpuint(route->n_takers, ==, N / 2);
        g_assert_cmpuint(route->workers, ==, 3);
        g_assert_cmpuint(route->takers[N / 2 - 1].options, ==, 1);
        for (unsigned i = 0; i < N; i++)
                router_unsubscribe(router, session_id_make(i % 2, 1, i), &filter);
        g_assert_cmpuint(router_count(router), ==, 0);
        g_assert_cmpint(route_cache_match(cache, filter.filter, &route), ==, 0);
        g_assert_cmpuint(route->n_takers, ==, 0);
        g_assert_cmpuint(route->workers, ==, 0);
}

/* --- threads --- */

#define THREADS 4U

typedef struct Racer {
        Router *router;
        unsigned worker;
} Racer;

static bool has_taker(const Route *route, SessionId session)
{
        for (size_t i = 0; i < route->n_takers; i++)
                if (route->takers[i].session == session)
                        return true;
        return false;
}

/* Subscribes and leaves, and sees its own subscription exactly while it has it. */
static gpointer race(gpointer data)
{
        Racer *racer = data;
        _cleanup_(route_cache_freep) RouteCache *cache = NULL;
        SessionId session = session_id_make(racer->worker, 1, racer->worker);
        TopicFilter shared = {BYTES_LITERAL("g"), BYTES_LITERAL("a/+/c"), true};
        static const char *const filters[] = {"a/b/c", "a/+/c", "+/b/c", "#", "a/b/#"};

        g_assert_cmpint(route_cache_new(racer->router, racer->worker, true, &cache), ==, 0);
        for (unsigned i = 0; i < 2000; i++) {
                const char *text = filters[(i + racer->worker) % ARRAY_SIZE(filters)];
                TopicFilter filter = {.filter = bytes_from_string(text)};
                const Route *route;
                ShareMember picked;

                g_assert_cmpint(router_subscribe(racer->router, session, &filter, 1, i), ==, 0);
                g_assert_cmpint(router_subscribe(racer->router, session, &shared, 1, i), ==, 0);
                g_assert_cmpint(route_cache_match(cache, BYTES_LITERAL("a/b/c"), &route), ==, 0);
                g_assert_true(has_taker(route, session));
                g_assert_true(route->workers & (1U << racer->worker));
                g_assert_cmpuint(route->n_groups, ==, 1);
                g_assert_true(share_group_pick(route->groups[0], racer->worker, SESSION_ID_NONE,
                                               &picked));
                router_set_connected(racer->router, session, &shared, i % 2);
                router_unsubscribe(racer->router, session, &filter);
                router_unsubscribe(racer->router, session, &shared);
                g_assert_cmpint(route_cache_match(cache, BYTES_LITERAL("a/b/c"), &route), ==, 0);
                g_assert_false(has_taker(route, session));
        }
        return NULL;
}

static void test_threads(void)
{
        _cleanup_(router_freep) Router *router = NULL;
        GThread *threads[THREADS];
        Racer racers[THREADS];

        g_assert_cmpint(router_new(THREADS, &router), ==, 0);
        for (unsigned i = 0; i < THREADS; i++) {
                racers[i] = (Racer){router, i};
                threads[i] = g_thread_new("race", race, &racers[i]);
        }
        for (unsigned i = 0; i < THREADS; i++)
                g_thread_join(threads[i]);
        g_assert_cmpuint(router_count(router), ==, 0);
        g_assert_cmpuint(router_count_shared(router), ==, 0);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_data_func("/broker/router/model/one-taker-per-subscription",
                             GINT_TO_POINTER(false), test_model);
        g_test_add_data_func("/broker/router/model/one-taker-per-session", GINT_TO_POINTER(true),
                             test_model);
        g_test_add_func("/broker/router/too-deep-is-refused", test_too_deep_is_refused);
        g_test_add_func("/broker/router/free-with-subscriptions", test_free_with_subscriptions);
        g_test_add_func("/broker/router/many-subscribers-of-one-topic",
                        test_many_subscribers_of_one_topic);
        g_test_add_func("/broker/router/threads", test_threads);
        return g_test_run();
}
