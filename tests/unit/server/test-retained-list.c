/* SPDX-License-Identifier: Apache-2.0 */

/* The retained messages in order, page by page, and what is known of one. */
#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <stdio.h>

#include "broker/retained.h"
#include "server/retained-list.h"
#include "stage.h"
#include "tests/unit/failing-memory.h"

#define MANY 1500U

static bool has_answer(const Gather *gather)
{
        struct pollfd poll_fd = {.fd = gather_fd(gather), .events = POLLIN};

        return poll(&poll_fd, 1, 0) == 1;
}

static void retain(const Stage *stage, const char *topic, const char *payload)
{
        const MessageParts parts = {
                .topic = bytes_from_string(topic),
                .payload = bytes_from_string(payload),
                .expires = MESSAGE_NEVER_EXPIRES,
                .qos = 1,
                .retain = true,
        };
        Message *message;

        g_assert_cmpint(message_new(&parts, &message), ==, 0);
        g_assert_cmpint(retained_set(stage->plane->retained, message), ==, 0);
        message_unref(message);
}

static Gather *ask(const Stage *stage, const char *filter, const char *after, uint32_t max)
{
        const RetainedWanted wanted = {filter, after, max};
        Gather *gather;

        g_assert_cmpint(retained_list_new(&wanted, stage->plane->n_shards, &gather), ==, 0);
        server_gather(stage->server, gather);
        return gather;
}

/* The answer as words. */
static char *take(Stage *stage, Gather *gather)
{
        GString *text = g_string_new(NULL);
        RetainedPage page;

        for (unsigned i = 0; i < 50 && !has_answer(gather); i++)
                stage_turn(stage);
        g_assert_true(has_answer(gather));
        g_assert_cmpint(gather_result(gather), ==, 0);
        retained_list_page(gather, &page);
        for (size_t i = 0; i < page.n; i++)
                g_string_append_printf(text, "%s ", page.rows[i].key);
        if (page.has_more)
                g_string_append(text, "...");
        gather_free(gather);
        return g_string_free(text, false);
}

static void assert_list(Stage *stage, const char *filter, const char *after, uint32_t max,
                        const char *expected)
{
        g_autofree char *shown = take(stage, ask(stage, filter, after, max));

        g_assert_cmpstr(shown, ==, expected);
}

static void with_workers(void (*test)(Stage *stage))
{
        const unsigned counts[] = {1, 4};

        for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
                Stage stage;

                stage_init(&stage, counts[i], NULL);
                test(&stage);
                stage_done(&stage);
        }
}

static void pages(Stage *stage)
{
        static const char *const topics[] = {"e", "b/c", "d", "a", "b", "$SYS/x"};

        assert_list(stage, "#", "", 0, "");
        for (size_t i = 0; i < G_N_ELEMENTS(topics); i++)
                retain(stage, topics[i], "x");
        assert_list(stage, "", "", 0, "a b b/c d e ");
        assert_list(stage, "#", "", 5, "a b b/c d e ");
        assert_list(stage, "#", "", 2, "a b ...");
        assert_list(stage, "#", "b", 2, "b/c d ...");
        assert_list(stage, "#", "b/c", 2, "d e ");
        assert_list(stage, "#", "bb", 1, "d ...");
        assert_list(stage, "#", "e", 0, "");
        assert_list(stage, "b/#", "", 0, "b b/c ");
        assert_list(stage, "+", "", 0, "a b d e ");
        assert_list(stage, "b/c", "", 0, "b/c ");
        assert_list(stage, "x", "", 0, "");
        assert_list(stage, "$SYS/#", "", 0, "$SYS/x ");
}

static void test_pages(void)
{
        with_workers(pages);
}

static void test_bad_filters(void)
{
        static const char *const filters[] = {"a#", "#/a", "a+/b", "$share/g/a", "\xff"};

        for (size_t i = 0; i < G_N_ELEMENTS(filters); i++) {
                const RetainedWanted wanted = {filters[i], "", 0};
                Gather *gather = NULL;

                g_assert_cmpint(retained_list_new(&wanted, 1, &gather), ==, -EINVAL);
        }
}

/* All of them, each once, in slices, while others come and go. */
static void test_many_pages(void)
{
        char topic[16], after[16] = "";
        unsigned n = 0;
        Stage stage;

        stage_init(&stage, 1, NULL);
        for (unsigned i = 0; i < MANY; i++) {
                snprintf(topic, sizeof(topic), "t/%04u", (i * 7) % MANY);
                retain(&stage, topic, "x");
        }
        for (bool has_more = true; has_more;) {
                Gather *gather = ask(&stage, "t/+", after, 400);
                RetainedPage page;

                shard_turn(stage_shard(&stage, 0), 0);
                g_assert_false(has_answer(gather));
                /* It is awake until all is said. */
                for (unsigned i = 0; i < 100 && !has_answer(gather); i++)
                        shard_turn(stage_shard(&stage, 0), MSEC_INFINITY);
                retained_list_page(gather, &page);
                for (size_t i = 0; i < page.n; i++) {
                        snprintf(topic, sizeof(topic), "t/%04u", n++);
                        g_assert_cmpstr(page.rows[i].key, ==, topic);
                }
                snprintf(after, sizeof(after), "%s", page.rows[page.n - 1].key);
                has_more = page.has_more;
                g_assert_cmpuint(page.n, ==, has_more ? 400 : MANY % 400);
                gather_free(gather);
        }
        g_assert_cmpuint(n, ==, MANY);
        stage_done(&stage);
}

/* A page is no larger than a bus takes. */
static void test_long_topics(void)
{
        const size_t length = 60000, fits = RETAINED_LIST_BYTES / length + 1;
        size_t n = 0;
        Stage stage;

        stage_init(&stage, 1, NULL);
        for (unsigned i = 0; i < fits + 10; i++) {
                g_autofree char *topic = g_strnfill(length, 'x');

                topic[0] = (char)('0' + i / 10);
                topic[1] = (char)('0' + i % 10);
                retain(&stage, topic, "x");
        }
        for (g_autofree char *after = g_strdup(""); after;) {
                Gather *gather = ask(&stage, "#", after, 0);
                RetainedPage page;

                stage_turn(&stage);
                g_assert_true(has_answer(gather));
                retained_list_page(gather, &page);
                g_assert_cmpuint(page.n, ==, page.has_more ? fits : 10);
                n += page.n;
                g_free(after);
                after = page.has_more ? g_strdup(page.rows[page.n - 1].key) : NULL;
                gather_free(gather);
        }
        g_assert_cmpuint(n, ==, fits + 10);
        stage_done(&stage);
}

/* Noncharacters are no text for a bus. */
static void foreign(Stage *stage)
{
        retain(stage, "a\xEF\xBF\xBE", "x");
        assert_list(stage, "#", "", 0, "a\xEF\xBF\xBD ");
        assert_list(stage, "#", "a\xEF\xBF\xBD", 0, "");
}

static void test_foreign(void)
{
        with_workers(foreign);
}

static Publish full_publish(void)
{
        static const uint8_t user[] = "\x26\0\1a\0\1b\x26\0\1a\0\0";
        Publish publish = {
                .topic = BYTES_LITERAL("full"),
                .payload = BYTES_LITERAL("text"),
                .qos = 1,
                .retain = true,
        };
        Properties *properties = &publish.properties;

        properties_init(properties);
        properties->present = PROPERTY_BIT(PROPERTY_PAYLOAD_FORMAT_INDICATOR) |
                              PROPERTY_BIT(PROPERTY_CONTENT_TYPE) |
                              PROPERTY_BIT(PROPERTY_RESPONSE_TOPIC) |
                              PROPERTY_BIT(PROPERTY_CORRELATION_DATA) |
                              PROPERTY_BIT(PROPERTY_MESSAGE_EXPIRY_INTERVAL);
        properties->payload_format_indicator = 1;
        properties->content_type = BYTES_LITERAL("text/plain");
        properties->response_topic = BYTES_LITERAL("answer");
        properties->correlation_data = BYTES_LITERAL("\0\1");
        properties->message_expiry_interval = 100;
        properties->raw_user = (Bytes){user, sizeof(user) - 1};
        return publish;
}

/* As a client has published it. */
static void test_facts(void)
{
        Publish publish = full_publish();
        RetainedFacts *facts;
        MessageWords words;
        Client *client;
        void *memory;
        Stage stage;

        stage_init(&stage, 1, NULL);
        client = client_join(&stage, 0, MQTT_5, "c");
        publish.packet_id = 1;
        client_publish_packet(client, &publish);
        client_take_ack(client, PACKET_PUBACK, 1);
        g_assert_cmpint(retained_facts_find(stage.plane, "full", stage_now(), &facts), ==, 0);
        g_assert_cmpstr(facts->topic, ==, "full");
        g_assert_cmpuint(facts->size, ==, 4);
        g_assert_cmpuint(facts->qos, ==, 1);
        g_assert_cmpuint(facts->expiry, >, 90);
        g_assert_cmpint(message_words_decode(facts->message, &words, &memory), ==, 0);
        g_assert_true(words.has_payload_format && words.payload_format == 1);
        g_assert_cmpstr(words.content_type, ==, "text/plain");
        g_assert_cmpstr(words.response_topic, ==, "answer");
        g_assert_cmpmem(words.correlation_data.data, words.correlation_data.length, "\0\1", 2);
        g_assert_cmpuint(words.n_user, ==, 2);
        g_assert_cmpstr(words.user[0].name, ==, "a");
        g_assert_cmpstr(words.user[0].value, ==, "b");
        g_assert_cmpstr(words.user[1].value, ==, "");
        free(memory);
        retained_facts_free(facts);
        stage_pass(&stage, 101 * MSEC_PER_SEC);
        g_assert_cmpint(retained_facts_find(stage.plane, "full", stage_now(), &facts), ==, -ENOENT);
        assert_list(&stage, "#", "", 0, "");
        client_free(client);
        stage_done(&stage);
}

static void test_find_nothing(void)
{
        g_autofree char *deep = g_strnfill(70000, '/');
        RetainedFacts *facts;
        Stage stage;

        stage_init(&stage, 1, NULL);
        g_assert_cmpint(retained_facts_find(stage.plane, "a", stage_now(), &facts), ==, -ENOENT);
        g_assert_cmpint(retained_facts_find(stage.plane, "", stage_now(), &facts), ==, -EINVAL);
        g_assert_cmpint(retained_facts_find(stage.plane, "a/+", stage_now(), &facts), ==, -EINVAL);
        g_assert_cmpint(retained_facts_find(stage.plane, deep, stage_now(), &facts), ==, -EINVAL);
        stage_done(&stage);
}

/* Whatever fails, there is an answer or an error, and nothing is left behind. */
static void out_of_memory(Stage *stage)
{
        bool failed = true;

        retain(stage, "c", "x");
        retain(stage, "b", "x");
        retain(stage, "a", "x");
        for (unsigned n = 0; failed; n++) {
                const RetainedWanted wanted = {"#", "", 1};
                Gather *gather = NULL;
                int r;

                failing_memory_begin(n);
                r = retained_list_new(&wanted, stage->plane->n_shards, &gather);
                if (r == 0) {
                        server_gather(stage->server, gather);
                        stage_turn(stage);
                        g_assert_true(has_answer(gather));
                        r = gather_result(gather);
                }
                failed = failing_memory_end();
                g_assert_cmpint(r, ==, failed ? -ENOMEM : 0);
                gather_free(gather);
        }
}

static void test_out_of_memory(void)
{
        with_workers(out_of_memory);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/retained-list/pages", test_pages);
        g_test_add_func("/server/retained-list/bad-filters", test_bad_filters);
        g_test_add_func("/server/retained-list/many-pages", test_many_pages);
        g_test_add_func("/server/retained-list/long-topics", test_long_topics);
        g_test_add_func("/server/retained-list/foreign", test_foreign);
        g_test_add_func("/server/retained-list/out-of-memory", test_out_of_memory);
        g_test_add_func("/server/retained-facts/facts", test_facts);
        g_test_add_func("/server/retained-facts/find-nothing", test_find_nothing);
        return g_test_run();
}
