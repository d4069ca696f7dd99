/* SPDX-License-Identifier: Apache-2.0 */

/* The sessions of all workers, whether or not their clients are there. */
#include <errno.h>
#include <glib.h>

#include "server/session-list.h"
#include "stage-gather.h"
#include "tests/unit/failing-memory.h"

static Gather *list_of(const Stage *stage, const SessionFilter *filter)
{
        Gather *gather;

        g_assert_cmpint(session_list_new(filter, stage->plane->n_shards, &gather), ==, 0);
        return gather;
}

static void expect(Stage *stage, const SessionFilter *filter, const char *keys)
{
        stage_expect(stage, list_of(stage, filter), keys);
}

/* A copy, without its text. */
static SessionFacts facts_of(Stage *stage, const char *id)
{
        SessionFacts facts;
        Gather *gather;
        Page page;

        g_assert_cmpint(session_list_new_one(id, stage->plane->n_shards, &gather), ==, 0);
        stage_gather(stage, gather);
        g_assert_cmpint(session_pages_result(gather, &page), ==, 0);
        g_assert_cmpuint(page.n, ==, 1);
        g_assert_cmpstr(page.next, ==, "");
        g_assert_cmpstr(page.rows[0].key, ==, id);
        facts = *(const SessionFacts *)page.rows[0].row;
        facts.client = NULL;
        gather_free(gather);
        return facts;
}

static bool is_there(Stage *stage, const char *id)
{
        Gather *gather;
        bool there;

        g_assert_cmpint(session_list_new_one(id, stage->plane->n_shards, &gather), ==, 0);
        stage_gather(stage, gather);
        there = session_pages_has_one(gather);
        gather_free(gather);
        return there;
}

static void filters(Stage *stage)
{
        Client *publisher = stage_join(stage, "p"), *here = stage_join_for(stage, "here", 100);

        client_subscribe(here, "t", 1);
        for (unsigned i = 0; i < 3; i++) {
                Client *client = stage_join_for(stage, (const char *[]){"a1", "a2", "a3"}[i], 100);

                client_subscribe(client, "t", 1);
                client_subscribe(client, i == 1 ? "more" : "other", 1);
                client_free(client);
        }
        stage_turn(stage);
        client_take_ack(publisher, PACKET_PUBACK,
                        client_publish(publisher, "t", BYTES_LITERAL("x"), 1));
        client_take_ack(publisher, PACKET_PUBACK,
                        client_publish(publisher, "more", BYTES_LITERAL("x"), 1));
        expect(stage, &(SessionFilter){}, "a1 a2 a3 here p ");
        expect(stage, &(SessionFilter){.state = SESSION_AWAY}, "a1 a2 a3 ");
        expect(stage, &(SessionFilter){.state = SESSION_CONNECTED}, "here p ");
        expect(stage, &(SessionFilter){.queued = 1}, "a1 a2 a3 ");
        expect(stage, &(SessionFilter){.queued = 2}, "a2 ");
        expect(stage, &(SessionFilter){.queued = 3}, "");
        expect(stage, &(SessionFilter){.client = "a*", .max = 2}, "a1 a2 ...");
        expect(stage, &(SessionFilter){.client = "a*", .max = 2, .after = "a2"}, "a3 ");
        expect(stage, &(SessionFilter){.after = "p"}, "");
        g_assert_true(is_there(stage, "a1"));
        g_assert_false(is_there(stage, "a"));
        g_assert_false(is_there(stage, ""));
        client_free(here);
        client_free(publisher);
}

/* A bus takes no message of any size. */
static void long_names(Stage *stage)
{
        enum { CLIENTS = 100, LENGTH = 60000 };
        Client *clients[CLIENTS];
        char after[LENGTH + 1] = "";
        unsigned seen = 0, pages = 0;

        for (unsigned i = 0; i < CLIENTS; i++) {
                g_autofree char *id = g_strnfill(LENGTH, 'x');

                id[0] = (char)('a' + i / 10);
                id[1] = (char)('a' + i % 10);
                clients[i] = stage_join(stage, id);
        }
        do {
                Gather *gather = list_of(stage, &(SessionFilter){.after = after});
                size_t bytes = 0;
                Page page;

                stage_gather(stage, gather);
                g_assert_cmpint(session_pages_result(gather, &page), ==, 0);
                for (size_t i = 0; i < page.n; i++, seen++) {
                        bytes += strlen(page.rows[i].key);
                        g_assert_cmpint(page.rows[i].key[0], ==, 'a' + (int)seen / 10);
                        g_assert_cmpint(page.rows[i].key[1], ==, 'a' + (int)seen % 10);
                }
                g_assert_cmpuint(bytes, >, 0);
                g_assert_cmpuint(bytes, <=, PAGE_BYTES + LENGTH);
                g_strlcpy(after, page.next, sizeof(after));
                gather_free(gather);
                pages++;
        } while (after[0]);
        g_assert_cmpuint(seen, ==, CLIENTS);
        g_assert_cmpuint(pages, ==, 2);
        for (unsigned i = 0; i < CLIENTS; i++)
                client_free(clients[i]);
}

static void test_long_names(void)
{
        stage_with_workers(long_names);
}

static void test_filters(void)
{
        stage_with_workers(filters);
}

static void facts(Stage *stage)
{
        Client *client = stage_join_for(stage, "c", 100), *publisher = stage_join(stage, "p");
        SessionFacts seen;
        uint64_t now;

        client_subscribe(client, "t", 1);
        client_subscribe(client, "u", 1);
        seen = facts_of(stage, "c");
        g_assert_true(seen.connected && !seen.stored && !seen.will);
        g_assert_cmpuint(seen.subscriptions, ==, 2);
        g_assert_cmpuint(seen.expiry, ==, 100);
        g_assert_cmpuint(seen.ends, ==, 0);
        client_free(client);
        stage_turn(stage);
        client_take_ack(publisher, PACKET_PUBACK,
                        client_publish(publisher, "t", BYTES_LITERAL("text"), 1));
        now = clock_realtime_ms();
        seen = facts_of(stage, "c");
        g_assert_false(seen.connected);
        g_assert_cmpuint(seen.queued, ==, 1);
        g_assert_cmpuint(seen.queued_bytes, >=, 4);
        /* It left a while ago, however long the test was held up. */
        g_assert_cmpuint(seen.ends, <=, (clock_realtime_ms() + 100 * MSEC_PER_SEC) * 1000);
        g_assert_cmpuint(seen.ends, >, now * 1000);
        stage_pass(stage, 101 * MSEC_PER_SEC);
        g_assert_false(is_there(stage, "c"));
        client_free(publisher);
}

static void test_facts(void)
{
        stage_with_workers(facts);
}

/* Neither in the future nor in the past. */
static void never_ends(Stage *stage)
{
        Client *client = stage_join_for(stage, "c", SESSION_NEVER_EXPIRES);

        client_free(client);
        stage_turn(stage);
        g_assert_cmpuint(facts_of(stage, "c").ends, ==, 0);
        g_assert_cmpuint(facts_of(stage, "c").expiry, ==, SESSION_NEVER_EXPIRES);
}

static void test_never_ends(void)
{
        stage_with_workers(never_ends);
}

static void will(Stage *stage)
{
        Client *client = client_new(stage, 0, MQTT_5);
        Connect connect = client_connect_base(client, "c");
        SessionFacts seen;

        connect.has_will = true;
        connect.will.topic = BYTES_LITERAL("will");
        connect.will.properties.present |= PROPERTY_BIT(PROPERTY_WILL_DELAY_INTERVAL);
        connect.will.properties.will_delay_interval = 7;
        g_assert_cmpuint(client_connect(client, &connect).reason, ==, 0);
        seen = facts_of(stage, "c");
        g_assert_true(seen.will);
        g_assert_cmpuint(seen.will_delay, ==, 7);
        client_free(client);
}

static void test_will(void)
{
        stage_with_workers(will);
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
                r = session_list_new(&(SessionFilter){.max = 1}, stage->plane->n_shards, &gather);
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
        for (size_t i = 0; i < G_N_ELEMENTS(clients); i++)
                client_free(clients[i]);
}

static void test_out_of_memory(void)
{
        stage_with_workers(out_of_memory);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/session-list/long-names", test_long_names);
        g_test_add_func("/server/session-list/filters", test_filters);
        g_test_add_func("/server/session-list/facts", test_facts);
        g_test_add_func("/server/session-list/never-ends", test_never_ends);
        g_test_add_func("/server/session-list/will", test_will);
        g_test_add_func("/server/session-list/out-of-memory", test_out_of_memory);
        return g_test_run();
}
