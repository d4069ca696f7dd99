/* SPDX-License-Identifier: Apache-2.0 */

/* The clients of all workers in order, page by page, and what becomes of a question. */
#include <errno.h>
#include <glib.h>
#include <stdio.h>

#include "server/client-kick.h"
#include "server/client-list.h"
#include "stage-gather.h"
#include "tests/unit/failing-memory.h"

#define MANY 600U

static Gather *ask(const Stage *stage, const ClientFilter *filter)
{
        Gather *gather;

        g_assert_cmpint(client_list_new(filter, stage->plane->n_shards, &gather), ==, 0);
        server_gather(stage->server, gather);
        return gather;
}

/* The answer as words. */
static char *take(Stage *stage, Gather *gather)
{
        stage_await(stage, gather);
        return stage_keys(gather);
}

static void assert_list(Stage *stage, const ClientFilter *filter, const char *expected)
{
        g_autofree char *shown = take(stage, ask(stage, filter));

        g_assert_cmpstr(shown, ==, expected);
}

static void pages(Stage *stage)
{
        static const char *const ids[] = {"e", "b", "d", "a", "c"};
        Client *clients[5];

        assert_list(stage, &(ClientFilter){}, "");
        for (size_t i = 0; i < 5; i++)
                clients[i] = stage_join(stage, ids[i]);
        assert_list(stage, &(ClientFilter){}, "a b c d e ");
        assert_list(stage, &(ClientFilter){.max = 5}, "a b c d e ");
        assert_list(stage, &(ClientFilter){.max = 2}, "a b ...");
        assert_list(stage, &(ClientFilter){.max = 2, .after = "b"}, "c d ...");
        assert_list(stage, &(ClientFilter){.max = 2, .after = "d"}, "e ");
        assert_list(stage, &(ClientFilter){.max = 1, .after = "bb"}, "c ...");
        assert_list(stage, &(ClientFilter){.after = "e"}, "");
        for (size_t i = 0; i < 5; i++)
                client_free(clients[i]);
}

/* What one client says and hears, to the byte. */
static void traffic(Stage *stage)
{
        Client *from = stage_join(stage, "from"), *to = stage_join(stage, "to");
        const ClientFacts *facts;
        Gather *gather;
        Page page;

        client_subscribe(to, "t", 0);
        for (unsigned i = 0; i < 3; i++) {
                client_publish(from, "t", BYTES_LITERAL("hello"), 0);
                client_take_publish(to, "t", BYTES_LITERAL("hello"));
        }
        gather = ask(stage, &(ClientFilter){});
        stage_await(stage, gather);
        g_assert_cmpint(session_pages_result(gather, &page), ==, 0);
        g_assert_cmpuint(page.n, ==, 2);
        facts = page.rows[0].row;
        g_assert_cmpuint(facts->messages_received, ==, 3);
        g_assert_cmpuint(facts->messages_sent, ==, 0);
        g_assert_cmpuint(facts->bytes_received, >, 3 * 11);
        facts = page.rows[1].row;
        g_assert_cmpuint(facts->messages_received, ==, 0);
        g_assert_cmpuint(facts->messages_sent, ==, 3);
        g_assert_cmpuint(facts->bytes_sent, >, 3 * 11);
        gather_free(gather);
        client_free(from);
        client_free(to);
}

static void test_traffic(void)
{
        stage_with_workers(traffic);
}

static void test_pages(void)
{
        stage_with_workers(pages);
}

static void filters(Stage *stage)
{
        Client *one = stage_join(stage, "sensor1"), *two = stage_join(stage, "sensor2"),
               *three = stage_join(stage, "other");

        assert_list(stage, &(ClientFilter){.client = "sensor*"}, "sensor1 sensor2 ");
        assert_list(stage, &(ClientFilter){.client = "sensor"}, "");
        assert_list(stage, &(ClientFilter){.client = "*r", .listener = "nobody's"}, "");
        assert_list(stage, &(ClientFilter){.client = "*r", .listener = stage->endpoint->name},
                    "other ");
        assert_list(stage, &(ClientFilter){.user = "eve"}, "");
        assert_list(stage, &(ClientFilter){.address = "192.0.2.0/24"}, "");
        g_assert_cmpint(client_list_new(&(ClientFilter){.address = "x"}, 1, &(Gather *){NULL}), ==,
                        -EINVAL);
        client_free(one);
        client_free(two);
        client_free(three);
}

static void test_filters(void)
{
        stage_with_workers(filters);
}

/* Noncharacters are no text for a bus: nobody hides behind them. */
static void foreign(Stage *stage)
{
        Client *client = stage_join(stage, "a\xEF\xBF\xBE");

        assert_list(stage, &(ClientFilter){}, "a\xEF\xBF\xBD ");
        assert_list(stage, &(ClientFilter){.after = "a\xEF\xBF\xBD"}, "");
        client_free(client);
}

static void test_foreign(void)
{
        stage_with_workers(foreign);
}

/* Of one that has left, its session is there still. */
static void away(Stage *stage)
{
        Client *client = client_new(stage, 0, MQTT_5);
        Connect connect = client_connect_base(client, "gone");
        const ClientFacts *facts;
        Gather *gather;
        Page page;

        connect.properties.present |= PROPERTY_BIT(PROPERTY_SESSION_EXPIRY_INTERVAL);
        connect.properties.session_expiry_interval = 100;
        client_connect(client, &connect);
        assert_list(stage, &(ClientFilter){}, "gone ");
        g_assert_cmpint(client_list_new_one("gone", stage->plane->n_shards, &gather), ==, 0);
        server_gather(stage->server, gather);
        stage_turn(stage);
        g_assert_cmpint(session_pages_result(gather, &page), ==, 0);
        g_assert_cmpuint(page.n, ==, 1);
        facts = page.rows[0].row;
        g_assert_cmpstr(facts->protocol, ==, "5.0");
        g_assert_cmpuint(facts->session_expiry, ==, 100);
        gather_free(gather);
        client_free(client);
        stage_turn(stage);
        g_assert_cmpuint(stage_counters(stage).sessions, ==, 1);
        assert_list(stage, &(ClientFilter){}, "");
        g_assert_cmpint(client_list_new_one("gone", stage->plane->n_shards, &gather), ==, 0);
        server_gather(stage->server, gather);
        stage_turn(stage);
        g_assert_cmpint(session_pages_result(gather, &page), ==, 0);
        g_assert_cmpuint(page.n, ==, 0);
        gather_free(gather);
}

static void test_away(void)
{
        stage_with_workers(away);
}

/* --- orders --- */

static bool kick(Stage *stage, const ClientOrder *order)
{
        Gather *gather;
        bool was_there;

        g_assert_cmpint(client_kick_new(order, stage->plane->n_shards, &gather), ==, 0);
        server_gather(stage->server, gather);
        stage_turn(stage);
        g_assert_true(stage_has_answer(gather));
        was_there = client_order_was_there(gather);
        gather_free(gather);
        return was_there;
}

static Client *join_with_will(Stage *stage, const char *id)
{
        Client *client = client_new(stage, 0, MQTT_5);
        Connect connect = client_connect_base(client, id);

        connect.has_will = true;
        connect.will.topic = BYTES_LITERAL("will");
        connect.will.payload = bytes_from_string(id);
        g_assert_cmpuint(client_connect(client, &connect).reason, ==, 0);
        return client;
}

static void kicks(Stage *stage)
{
        Client *watcher = stage_join(stage, "watcher"), *one = join_with_will(stage, "one"),
               *two = join_with_will(stage, "two");

        client_subscribe(watcher, "will", 0);
        g_assert_false(kick(stage, &(ClientOrder){"other", "", 0x98, false}));
        g_assert_true(kick(stage, &(ClientOrder){"two", "", 0x98, true}));
        client_take_disconnect(two, 0x98);
        g_assert_true(kick(stage, &(ClientOrder){"one", "", 0x9C, false}));
        client_take_disconnect(one, 0x9C);
        /* That of the other one would have been before it. */
        client_take_publish(watcher, "will", BYTES_LITERAL("one"));
        client_take_nothing(watcher);
        g_assert_false(kick(stage, &(ClientOrder){"one", "", 0x98, false}));
        client_free(one);
        client_free(two);
        client_free(watcher);
}

static void test_kicks(void)
{
        stage_with_workers(kicks);
}

/* --- slices --- */

static void join_many(Stage *stage, Client **ret_clients)
{
        char id[16];

        for (unsigned i = 0; i < MANY; i++) {
                snprintf(id, sizeof(id), "c%04u", (i * 7) % MANY);
                ret_clients[i] = client_join(stage, 0, MQTT_5, id);
        }
}

/* One slice a turn, while clients come and go. */
static void test_slices(void)
{
        Client *clients[MANY], *late;
        g_autofree char *shown = NULL;
        Gather *gather;
        Stage stage;

        stage_init(&stage, 1, NULL);
        join_many(&stage, clients);
        gather = ask(&stage, &(ClientFilter){.max = 3});
        shard_turn(stage_shard(&stage, 0), 0);
        g_assert_false(stage_has_answer(gather));
        /* It is awake until all is said. */
        shard_turn(stage_shard(&stage, 0), MSEC_INFINITY);
        g_assert_false(stage_has_answer(gather));
        clients[0] = client_free(clients[0]);
        late = client_join(&stage, 0, MQTT_5, "zz");
        shown = take(&stage, gather);
        g_assert_cmpstr(shown + strlen(shown) - 3, ==, "...");
        client_free(late);
        for (unsigned i = 1; i < MANY; i++)
                client_free(clients[i]);
        stage_done(&stage);
}

/* Each look at it takes that long. */
static uint64_t slow_now, slow_step;

static uint64_t slow_clock(void)
{
        return slow_now += slow_step;
}

/* Whether a page of so many is there after a turn that takes some of these steps. */
static bool is_there_after_turn_of(Stage *stage, uint64_t step, uint32_t max)
{
        Shard *shard = stage_shard(stage, 0);
        uint64_t (*const clock)(void) = shard->loop.clock;
        Gather *gather = ask(stage, &(ClientFilter){.max = max});
        bool is_there;

        slow_now = clock();
        slow_step = step;
        shard->loop.clock = slow_clock;
        shard_turn(shard, 0);
        shard->loop.clock = clock;
        is_there = stage_has_answer(gather);
        gather_free(gather);
        shard_turn(shard, 0);
        return is_there;
}

/* A turn that was long anyway has more slices, but not any number of them. */
static void test_slices_of_a_busy_worker(void)
{
        Client *clients[MANY];
        Stage stage;

        stage_init(&stage, 1, NULL);
        join_many(&stage, clients);
        g_assert_false(is_there_after_turn_of(&stage, 0, 3));
        g_assert_true(is_there_after_turn_of(&stage, 1000, 3));
        g_assert_false(is_there_after_turn_of(&stage, 10000, MANY));
        for (unsigned i = 0; i < MANY; i++)
                client_free(clients[i]);
        stage_done(&stage);
}

/* A row costs more than a look. */
static void test_slices_of_rows(void)
{
        Client *clients[MANY];
        Gather *gather;
        Stage stage;

        stage_init(&stage, 1, NULL);
        join_many(&stage, clients);
        gather = ask(&stage, &(ClientFilter){.max = MANY});
        for (unsigned i = 0; i < 30; i++) {
                shard_turn(stage_shard(&stage, 0), 0);
                g_assert_false(stage_has_answer(gather));
        }
        stage_await(&stage, gather);
        gather_free(gather);
        for (unsigned i = 0; i < MANY; i++)
                client_free(clients[i]);
        stage_done(&stage);
}

/* All of them, each once. */
static void test_many_pages(void)
{
        char after[16] = "", expected[64];
        Client *clients[MANY];
        Stage stage;

        stage_init(&stage, 1, NULL);
        join_many(&stage, clients);
        for (unsigned i = 0; i < MANY; i += 3) {
                snprintf(expected, sizeof(expected), "c%04u c%04u c%04u %s", i, i + 1, i + 2,
                         i + 3 < MANY ? "..." : "");
                assert_list(&stage, &(ClientFilter){.max = 3, .after = after}, expected);
                snprintf(after, sizeof(after), "c%04u", i + 2);
        }
        for (unsigned i = 0; i < MANY; i++)
                client_free(clients[i]);
        stage_done(&stage);
}

/* --- ends --- */

static void test_a_short_question_does_not_wait_for_a_long_one(void)
{
        Gather *list, *one;
        Client *clients[MANY];
        Stage stage;

        stage_init(&stage, 1, NULL);
        join_many(&stage, clients);
        list = ask(&stage, &(ClientFilter){});
        g_assert_cmpint(client_list_new_one("c0001", 1, &one), ==, 0);
        server_gather(stage.server, one);
        shard_turn(stage_shard(&stage, 0), 0);
        shard_turn(stage_shard(&stage, 0), 0);
        g_assert_true(stage_has_answer(one));
        g_assert_false(stage_has_answer(list));
        gather_free(one);
        gather_free(list);
        for (unsigned i = 0; i < MANY; i++)
                client_free(clients[i]);
        stage_done(&stage);
}

/* Who has asked does not want to know any more. */
static void test_unwanted(void)
{
        Stage stage;

        stage_init(&stage, 4, NULL);
        gather_free(ask(&stage, &(ClientFilter){}));
        stage_turn(&stage);
        for (unsigned i = 0; i < 4; i++)
                g_assert_true(list_is_empty(&stage_shard(&stage, i)->gathers));
        stage_done(&stage);
}

/* One worker has begun, the other has not read its mail. */
static void test_workers_that_end_say_so(void)
{
        Server *server;
        Gather *gather;
        Stage stage;

        stage_init(&stage, 2, NULL);
        g_assert_cmpint(server_new(stage.settings, &server), ==, 0);
        g_assert_cmpint(client_list_new(&(ClientFilter){}, 2, &gather), ==, 0);
        server_gather(server, gather);
        shard_settle(&server_plane(server)->shards[0]);
        g_assert_false(list_is_empty(&server_plane(server)->shards[0].gathers));
        server_free(server);
        g_assert_true(stage_has_answer(gather));
        g_assert_cmpint(gather_result(gather), ==, -ESHUTDOWN);
        gather_free(gather);
        stage_done(&stage);
}

/* Whatever fails, there is an answer or an error, and nothing is left behind. */
static void out_of_memory(Stage *stage)
{
        Client *clients[] = {stage_join(stage, "c"), stage_join(stage, "b"),
                             stage_join(stage, "a")};
        bool failed = true;

        for (unsigned n = 0; failed; n++) {
                Gather *gather = NULL;
                Page page;
                int r;

                failing_memory_begin(n);
                r = client_list_new(&(ClientFilter){.max = 1}, stage->plane->n_shards, &gather);
                if (r == 0) {
                        server_gather(stage->server, gather);
                        stage_turn(stage);
                        g_assert_true(stage_has_answer(gather));
                        r = gather_result(gather);
                }
                if (r == 0)
                        r = session_pages_result(gather, &page);
                failed = failing_memory_end();
                g_assert_cmpint(r, ==, failed ? -ENOMEM : 0);
                gather_free(gather);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
                client_ping(clients[i]);
                client_free(clients[i]);
        }
}

static void test_out_of_memory(void)
{
        stage_with_workers(out_of_memory);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/client-list/pages", test_pages);
        g_test_add_func("/server/client-list/traffic", test_traffic);
        g_test_add_func("/server/client-list/filters", test_filters);
        g_test_add_func("/server/client-list/foreign", test_foreign);
        g_test_add_func("/server/client-list/away", test_away);
        g_test_add_func("/server/client-kick/kicks", test_kicks);
        g_test_add_func("/server/client-list/slices", test_slices);
        g_test_add_func("/server/client-list/slices-of-a-busy-worker",
                        test_slices_of_a_busy_worker);
        g_test_add_func("/server/client-list/slices-of-rows", test_slices_of_rows);
        g_test_add_func("/server/client-list/many-pages", test_many_pages);
        g_test_add_func("/server/gather/a-short-question-does-not-wait-for-a-long-one",
                        test_a_short_question_does_not_wait_for_a_long_one);
        g_test_add_func("/server/gather/unwanted", test_unwanted);
        g_test_add_func("/server/gather/workers-that-end-say-so", test_workers_that_end_say_so);
        g_test_add_func("/server/gather/out-of-memory", test_out_of_memory);
        return g_test_run();
}
