/* SPDX-License-Identifier: Apache-2.0 */

/* The subscriptions of all workers: of a client, to filters, and by whom a message would go. */
#include <errno.h>
#include <glib.h>
#include <stdio.h>

#include "broker/subscription.h"
#include "server/subscription-list.h"
#include "stage-gather.h"
#include "tests/unit/failing-memory.h"

#define MANY 4200U

static Gather *list_of(const Stage *stage, const SubscriptionFilter *filter)
{
        Gather *gather;

        g_assert_cmpint(subscription_list_new(filter, stage->plane->n_shards, &gather), ==, 0);
        return gather;
}

/* Keys as "client:filter ". */
static void expect(Stage *stage, const SubscriptionFilter *filter, const char *keys)
{
        Gather *gather = list_of(stage, filter);
        g_autofree char *shown = NULL;

        stage_gather(stage, gather);
        shown = g_strdelimit(stage_keys(gather), "\n", ':');
        g_assert_cmpstr(shown, ==, keys);
}

static void filters(Stage *stage)
{
        Client *a = stage_join(stage, "a"), *b = stage_join(stage, "b"),
               *c = stage_join(stage, "c");

        client_subscribe(a, "x/1", 0);
        client_subscribe(a, "x/+", 1);
        client_subscribe(b, "y", 2);
        client_subscribe(b, "#", 0);
        client_subscribe(b, "$share/g/x/#", 0);
        expect(stage, &(SubscriptionFilter){}, "a:x/+ a:x/1 b:# b:$share/g/x/# b:y ");
        expect(stage, &(SubscriptionFilter){.client = "a"}, "a:x/+ a:x/1 ");
        expect(stage, &(SubscriptionFilter){.client = "c"}, "");
        expect(stage, &(SubscriptionFilter){.filter = "x/*"}, "a:x/+ a:x/1 ");
        expect(stage, &(SubscriptionFilter){.filter = "$share/g/*"}, "b:$share/g/x/# ");
        expect(stage, &(SubscriptionFilter){.filter = "y"}, "b:y ");
        expect(stage, &(SubscriptionFilter){.topic = "x/1"}, "a:x/+ a:x/1 b:# b:$share/g/x/# ");
        expect(stage, &(SubscriptionFilter){.topic = "x"}, "b:# b:$share/g/x/# ");
        expect(stage, &(SubscriptionFilter){.topic = "$SYS/x"}, "");
        expect(stage, &(SubscriptionFilter){.topic = "x/1", .client = "a", .filter = "*+"},
               "a:x/+ ");
        expect(stage, &(SubscriptionFilter){.max = 2}, "a:x/+ a:x/1 ...");
        expect(stage, &(SubscriptionFilter){.max = 2, .after = "a\nx/1"}, "b:# b:$share/g/x/# ...");
        expect(stage, &(SubscriptionFilter){.max = 2, .after = "b\n$share/g/x/#"}, "b:y ");
        expect(stage, &(SubscriptionFilter){.after = "b\ny"}, "");
        client_free(a);
        client_free(b);
        client_free(c);
}

static void test_filters(void)
{
        stage_with_workers(filters);
}

static void facts(Stage *stage)
{
        Client *client = stage_join_for(stage, "c", 100);
        const SubscriptionFacts *seen;
        Gather *gather;
        Page page;

        client_subscribe(client, "$share/g/t/#",
                         2 | SUBSCRIPTION_RETAIN_AS_PUBLISHED | 1 << SUBSCRIPTION_RETAIN_SHIFT);
        client_subscribe(client, "t", 1 | SUBSCRIPTION_NO_LOCAL);
        client_free(client);
        stage_turn(stage);
        gather = list_of(stage, &(SubscriptionFilter){.topic = "t"});
        stage_gather(stage, gather);
        g_assert_cmpint(session_pages_result(gather, &page), ==, 0);
        g_assert_cmpuint(page.n, ==, 2);
        seen = page.rows[0].row;
        g_assert_cmpstr(seen->client, ==, "c");
        g_assert_cmpstr(seen->filter, ==, "$share/g/t/#");
        g_assert_cmpstr(seen->group, ==, "g");
        g_assert_cmpuint(seen->qos, ==, 2);
        g_assert_cmpuint(seen->retain_handling, ==, 1);
        g_assert_true(seen->retain_as_published && !seen->no_local && !seen->connected);
        seen = page.rows[1].row;
        g_assert_cmpstr(seen->filter, ==, "t");
        g_assert_cmpstr(seen->group, ==, "");
        g_assert_cmpuint(seen->qos, ==, 1);
        g_assert_true(seen->no_local && !seen->retain_as_published);
        gather_free(gather);
}

static void test_facts(void)
{
        stage_with_workers(facts);
}

static bool is_there(Stage *stage, const char *client)
{
        Gather *gather = list_of(stage, &(SubscriptionFilter){.client = client});
        bool there;

        stage_gather(stage, gather);
        there = session_pages_has_one(gather);
        gather_free(gather);
        return there;
}

static void unknown(Stage *stage)
{
        Client *client = stage_join(stage, "c");

        g_assert_true(is_there(stage, "c"));
        g_assert_false(is_there(stage, "C"));
        client_free(client);
}

static void test_unknown(void)
{
        stage_with_workers(unknown);
}

static void test_no_topic(void)
{
        static const char *const topics[] = {"a/+", "#", "a/#", "a+"};

        for (size_t i = 0; i < G_N_ELEMENTS(topics); i++)
                g_assert_cmpint(subscription_list_new(&(SubscriptionFilter){.topic = topics[i]}, 1,
                                                      &(Gather *){NULL}),
                                ==, -EINVAL);
}

/* Whom it lists is whom the message goes to. */
static void who_is_listed_gets_it(Stage *stage)
{
        static const char *const given[] = {"a", "a/b", "a/+", "+/b",  "#",      "a/#",
                                            "+", "+/+", "/",   "a//b", "$SYS/#", "a/b/#"};
        static const char *const topics[] = {"a", "a/b", "/", "a//b", "b", "a/b/c", "/b"};
        Client *clients[G_N_ELEMENTS(given)], *publisher = stage_join(stage, "p");
        char id[8];

        for (size_t i = 0; i < G_N_ELEMENTS(given); i++) {
                snprintf(id, sizeof(id), "c%02zu", i);
                clients[i] = stage_join(stage, id);
                client_subscribe(clients[i], given[i], 0);
        }
        for (size_t t = 0; t < G_N_ELEMENTS(topics); t++) {
                GString *takers = g_string_new(NULL);

                client_publish(publisher, topics[t], BYTES_LITERAL("x"), 0);
                for (size_t i = 0; i < G_N_ELEMENTS(given); i++) {
                        Packet packet;

                        if (client_try(clients[i], &packet))
                                g_string_append_printf(takers, "c%02zu:%s ", i, given[i]);
                }
                g_assert_cmpuint(takers->len, >, 0);
                expect(stage, &(SubscriptionFilter){.topic = topics[t]}, takers->str);
                g_string_free(takers, true);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(given); i++)
                client_free(clients[i]);
        client_free(publisher);
}

static void test_who_is_listed_gets_it(void)
{
        stage_with_workers(who_is_listed_gets_it);
}

/* --- slices --- */

static void subscribe_many(Client *client, unsigned from, unsigned to)
{
        char filter[16];

        for (unsigned i = from; i < to; i++) {
                snprintf(filter, sizeof(filter), "t/%04u", i);
                client_subscribe(client, filter, 0);
        }
}

static size_t count_all(Stage *stage)
{
        char after[64] = "", last[64];
        size_t n = 0;
        Page page;

        do {
                Gather *gather =
                        list_of(stage, &(SubscriptionFilter){.client = "c", .after = after});

                stage_gather(stage, gather);
                g_assert_cmpint(session_pages_result(gather, &page), ==, 0);
                n += page.n;
                snprintf(last, sizeof(last), "%s", page.next);
                snprintf(after, sizeof(after), "%s", last);
                gather_free(gather);
        } while (after[0]);
        return n;
}

/* A client with many does not hold up its worker, and each is on just one page. */
static void test_many_of_one(void)
{
        Client *client;
        Gather *gather;
        Stage stage;

        stage_init(&stage, 1, NULL);
        client = stage_join(&stage, "c");
        subscribe_many(client, 0, MANY);
        gather = list_of(&stage, &(SubscriptionFilter){});
        server_gather(stage.server, gather);
        shard_turn(stage_shard(&stage, 0), 0);
        g_assert_false(stage_has_answer(gather));
        stage_await(&stage, gather);
        gather_free(gather);
        g_assert_cmpuint(count_all(&stage), ==, MANY);
        client_free(client);
        stage_done(&stage);
}

/* Those that were there all the time are on it, though many come meanwhile. */
static void test_more_come_meanwhile(void)
{
        Gather *gather;
        Client *client;
        Stage stage;
        Page page;

        stage_init(&stage, 1, NULL);
        client = stage_join(&stage, "c");
        subscribe_many(client, 0, 4096);
        gather = list_of(&stage, &(SubscriptionFilter){.filter = "t/00*"});
        server_gather(stage.server, gather);
        shard_turn(stage_shard(&stage, 0), 0);
        g_assert_false(stage_has_answer(gather));
        /* The first of these has the table grow. */
        subscribe_many(client, 4096, 4100);
        subscribe_many(client, 4100, MANY);
        stage_await(&stage, gather);
        g_assert_cmpint(session_pages_result(gather, &page), ==, 0);
        g_assert_cmpuint(page.n, ==, 100);
        gather_free(gather);
        client_free(client);
        stage_done(&stage);
}

/* Whatever fails, there is an answer or an error, and nothing is left behind. */
static void test_out_of_memory(void)
{
        bool failed = true;
        Client *client;
        Stage stage;

        stage_init(&stage, 1, NULL);
        client = stage_join(&stage, "c");
        subscribe_many(client, 0, 5);
        for (unsigned n = 0; failed; n++) {
                Gather *gather = NULL;
                Page page;
                int r;

                failing_memory_begin(n);
                r = subscription_list_new(&(SubscriptionFilter){.topic = "t/0001", .max = 1}, 1,
                                          &gather);
                if (r == 0) {
                        server_gather(stage.server, gather);
                        stage_turn(&stage);
                        g_assert_true(stage_has_answer(gather));
                        r = gather_result(gather);
                }
                if (r == 0)
                        r = session_pages_result(gather, &page);
                failed = failing_memory_end();
                g_assert_cmpint(r, ==, failed ? -ENOMEM : 0);
                gather_free(gather);
        }
        client_free(client);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/subscription-list/filters", test_filters);
        g_test_add_func("/server/subscription-list/facts", test_facts);
        g_test_add_func("/server/subscription-list/unknown", test_unknown);
        g_test_add_func("/server/subscription-list/no-topic", test_no_topic);
        g_test_add_func("/server/subscription-list/who-is-listed-gets-it",
                        test_who_is_listed_gets_it);
        g_test_add_func("/server/subscription-list/many-of-one", test_many_of_one);
        g_test_add_func("/server/subscription-list/more-come-meanwhile", test_more_come_meanwhile);
        g_test_add_func("/server/subscription-list/out-of-memory", test_out_of_memory);
        return g_test_run();
}
