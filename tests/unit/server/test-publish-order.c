/* SPDX-License-Identifier: Apache-2.0 */

/* Messages that an administrator publishes and clears: who gets them, what is kept, what is told
 * when. */
#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <stdio.h>

#include "broker/persist-format.h"
#include "broker/retained.h"
#include "server/plane-store.h"
#include "server/publish-order.h"
#include "server/retained-clear.h"
#include "server/retained-facts.h"
#include "stage.h"
#include "tests/unit/failing-memory.h"

#define MANY 700U

static bool has_answer(const Gather *gather)
{
        struct pollfd poll_fd = {.fd = gather_fd(gather), .events = POLLIN};

        return poll(&poll_fd, 1, 0) == 1;
}

static void keep(Settings *settings)
{
        settings->persistence = true;
}

static void keep_relaxed(Settings *settings)
{
        settings->persistence = true;
        settings->durability = DURABILITY_RELAXED;
}

static void with_workers(void (*test)(Stage *stage), void (*adjust)(Settings *settings))
{
        const unsigned counts[] = {1, 4};

        for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
                Stage stage;

                stage_init(&stage, counts[i], adjust);
                test(&stage);
                stage.waits = false;
                stage_done(&stage);
        }
}

/* --- orders --- */

static PublishWanted wanted(const char *topic, const char *payload, uint8_t qos, bool retain)
{
        return (PublishWanted){
                .topic = topic,
                .payload = bytes_from_string(payload),
                .qos = qos,
                .retain = retain,
        };
}

static Gather *start(const Stage *stage, const PublishWanted *order)
{
        Gather *gather = NULL;

        g_assert_cmpint(publish_order_new(order, stage->plane->n_shards, &gather), ==, 0);
        server_gather(stage->server, gather);
        return gather;
}

/* The fault; it is answered. */
static PublishFault take(Gather *gather, bool *ret_matched)
{
        PublishFault fault;

        g_assert_true(has_answer(gather));
        g_assert_cmpint(gather_result(gather), ==, 0);
        fault = publish_order_result(gather, ret_matched);
        gather_free(gather);
        return fault;
}

static bool publish(Stage *stage, const PublishWanted *order)
{
        Gather *gather = start(stage, order);
        bool matched;

        stage_turn(stage);
        g_assert_cmpint(take(gather, &matched), ==, PUBLISH_FINE);
        return matched;
}

static Gather *start_clear(const Stage *stage, const char *filter)
{
        Gather *gather = NULL;

        g_assert_cmpint(retained_clear_new(filter, stage->plane->n_shards, &gather), ==, 0);
        server_gather(stage->server, gather);
        return gather;
}

static uint64_t take_clear(Gather *gather)
{
        uint64_t n;

        g_assert_true(has_answer(gather));
        g_assert_cmpint(gather_result(gather), ==, 0);
        n = retained_clear_count(gather);
        gather_free(gather);
        return n;
}

static uint64_t clear(Stage *stage, const char *filter)
{
        Gather *gather = start_clear(stage, filter);

        for (unsigned i = 0; i < 20 && !has_answer(gather); i++)
                stage_turn(stage);
        return take_clear(gather);
}

/* --- to whom --- */

static void reaches_all_workers(Stage *stage)
{
        const PublishWanted order = wanted("a/b", "text", 1, false);
        Client *clients[4];

        g_assert_false(publish(stage, &order));
        for (unsigned i = 0; i < stage->plane->n_shards; i++) {
                clients[i] = client_join(stage, i, MQTT_5, stage_id(stage, i, "c"));
                client_subscribe(clients[i], i % 2 ? "a/#" : "a/+", 1);
        }
        g_assert_true(publish(stage, &order));
        for (unsigned i = 0; i < stage->plane->n_shards; i++) {
                g_assert_cmpuint(client_take_publish(clients[i], "a/b", order.payload).qos, ==, 1);
                client_take_nothing(clients[i]);
                client_free(clients[i]);
        }
}

static void test_reaches_all_workers(void)
{
        with_workers(reaches_all_workers, NULL);
}

static void properties_are_passed_on(Stage *stage)
{
        static const WordPair pairs[] = {{"k", "v"}, {"k", ""}};
        PublishWanted order = wanted("a", "text", 0, false);
        Client *client = client_join(stage, stage->plane->n_shards - 1, MQTT_5,
                                     stage_id(stage, stage->plane->n_shards - 1, "c"));
        Publish got;

        order.expires = true;
        order.expiry = 100;
        order.words = (MessageWords){
                .content_type = "text/plain",
                .response_topic = "re",
                .correlation_data = BYTES_LITERAL(""),
                .user = pairs,
                .n_user = 2,
                .has_payload_format = true,
                .payload_format = 1,
        };
        client_subscribe(client, "a", 2);
        g_assert_true(publish(stage, &order));
        got = client_take_publish(client, "a", BYTES_LITERAL("text"));
        g_assert_cmpuint(got.properties.present & PROPERTIES_FORWARDED, ==, PROPERTIES_FORWARDED);
        g_assert_true(properties_has(&got.properties, PROPERTY_MESSAGE_EXPIRY_INTERVAL));
        g_assert_true(bytes_equal(got.properties.content_type, BYTES_LITERAL("text/plain")));
        g_assert_true(bytes_equal(got.properties.response_topic, BYTES_LITERAL("re")));
        g_assert_cmpuint(got.properties.correlation_data.length, ==, 0);
        g_assert_cmpuint(got.properties.payload_format_indicator, ==, 1);
        g_assert_cmpuint(got.properties.user_properties, ==, 2);
        client_free(client);
}

static void test_properties_are_passed_on(void)
{
        with_workers(properties_are_passed_on, NULL);
}

/* --- what is refused --- */

static PublishFault fault_of(Stage *stage, const PublishWanted *order)
{
        Gather *gather;
        int r = publish_order_new(order, stage->plane->n_shards, &gather);

        g_assert_cmpint(r, >=, 0);
        if (r == 0) {
                server_gather(stage->server, gather);
                stage_turn(stage);
                gather_free(gather);
        }
        return (PublishFault)r;
}

static void test_bad_topics(void)
{
        static const struct {
                const char *topic;
                PublishFault fault;
        } cases[] = {
                {"", PUBLISH_NO_TOPIC},
                {"a/+", PUBLISH_NO_TOPIC},
                {"#", PUBLISH_NO_TOPIC},
                {"a\xff", PUBLISH_NO_TOPIC},
                {"$SYS/broker/x", PUBLISH_RESERVED_TOPIC},
                {"$SYS", PUBLISH_RESERVED_TOPIC},
                {"$share/g/a", PUBLISH_RESERVED_TOPIC},
                {"$CONTROL/x", PUBLISH_RESERVED_TOPIC},
                {"$else/x", PUBLISH_FINE},
                {"/", PUBLISH_FINE},
        };
        g_autofree char *most = g_strnfill(65535, 'x'), *more = g_strnfill(65536, 'x');
        PublishWanted order;
        Stage stage;

        stage_init(&stage, 1, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                order = wanted(cases[i].topic, "", 0, false);
                g_assert_cmpint(fault_of(&stage, &order), ==, cases[i].fault);
        }
        order = wanted(most, "", 0, false);
        g_assert_cmpint(fault_of(&stage, &order), ==, PUBLISH_FINE);
        order = wanted(more, "", 0, false);
        g_assert_cmpint(fault_of(&stage, &order), ==, PUBLISH_NO_TOPIC);
        stage_done(&stage);
}

static void test_bad_properties(void)
{
        g_autofree char *more = g_strnfill(65536, 'x');
        const WordPair pair = {"k", more};
        PublishWanted order = wanted("a", "a\xff", 0, false);
        Stage stage;

        stage_init(&stage, 1, NULL);
        order.qos = 3;
        g_assert_cmpint(fault_of(&stage, &order), ==, PUBLISH_NO_QOS);
        order.qos = 2;
        order.words.has_payload_format = true;
        g_assert_cmpint(fault_of(&stage, &order), ==, PUBLISH_FINE);
        order.words.payload_format = 2;
        g_assert_cmpint(fault_of(&stage, &order), ==, PUBLISH_NO_FORMAT);
        order.words.payload_format = 1;
        g_assert_cmpint(fault_of(&stage, &order), ==, PUBLISH_NO_TEXT);
        order.words = (MessageWords){.response_topic = "a/#"};
        g_assert_cmpint(fault_of(&stage, &order), ==, PUBLISH_NO_RESPONSE_TOPIC);
        order.words = (MessageWords){.content_type = more};
        g_assert_cmpint(fault_of(&stage, &order), ==, PUBLISH_LONG_PROPERTY);
        order.words = (MessageWords){.user = &pair, .n_user = 1};
        g_assert_cmpint(fault_of(&stage, &order), ==, PUBLISH_LONG_PROPERTY);
        stage_done(&stage);
}

static void limit_size(Settings *settings)
{
        settings->message_size_limit = 4;
}

static void limit_packet(Settings *settings)
{
        settings->max_packet_size = 20;
}

static PublishFault fault_on(Stage *stage, const PublishWanted *order)
{
        Gather *gather = start(stage, order);
        bool matched;

        stage_turn(stage);
        return take(gather, &matched);
}

static void test_limits_are_those_in_force(void)
{
        PublishWanted order = wanted("a", "12345", 0, true), less = wanted("a", "1234", 0, true),
                      large = wanted("a", "12345678901234567890", 1, false);
        Stage stage;

        stage_init(&stage, 1, limit_size);
        g_assert_cmpint(fault_on(&stage, &order), ==, PUBLISH_TOO_LARGE);
        g_assert_cmpuint(retained_count(stage.plane->retained), ==, 0);
        g_assert_cmpint(fault_on(&stage, &less), ==, PUBLISH_FINE);
        stage_reload(&stage, limit_packet);
        g_assert_cmpint(fault_on(&stage, &order), ==, PUBLISH_FINE);
        g_assert_cmpint(fault_on(&stage, &large), ==, PUBLISH_TOO_LARGE);
        server_set_memory_pressure(stage.server, true);
        g_assert_cmpint(fault_on(&stage, &order), ==, PUBLISH_MEMORY_SHORT);
        order.payload = (Bytes){};
        g_assert_cmpint(fault_on(&stage, &order), ==, PUBLISH_FINE);
        g_assert_cmpuint(retained_count(stage.plane->retained), ==, 0);
        stage_done(&stage);
}

/* --- what is kept --- */

/* A session that has gone, with a subscription. */
static void leave_behind(Stage *stage, unsigned worker, const char *filter)
{
        const bool waits = stage->waits;
        Client *client = client_new(stage, 0, MQTT_5);
        Connect connect = client_connect_base(client, stage_id(stage, worker, "away"));

        stage->waits = false;
        connect.properties.present |= PROPERTY_BIT(PROPERTY_SESSION_EXPIRY_INTERVAL);
        connect.properties.session_expiry_interval = 3600;
        stage_must(client_connect(client, &connect).reason == 0);
        client_subscribe(client, filter, 2);
        client_free(client);
        stage_turn(stage);
        stage->waits = waits;
}

/* It is answered when it is written, and not before. */
static void assert_waits(Stage *stage, const PublishWanted *order, unsigned table)
{
        const size_t n = stage_count(stage, table);
        Gather *gather;
        bool matched;

        stage->waits = true;
        gather = start(stage, order);
        stage_turn(stage);
        stage_turn(stage);
        g_assert_false(has_answer(gather));
        g_assert_cmpuint(stage_count(stage, table), ==, n);
        stage_commit(stage);
        g_assert_cmpint(take(gather, &matched), ==, PUBLISH_FINE);
        g_assert_cmpuint(stage_count(stage, table), ==, n + 1);
        stage->waits = false;
}

static void waits_for_the_disk(Stage *stage)
{
        for (unsigned i = 0; i < stage->plane->n_shards; i++)
                leave_behind(stage, i, "q/#");
        for (uint8_t qos = 0; qos <= 2; qos++) {
                g_autofree char *topic = g_strdup_printf("r/%u", qos);
                PublishWanted order = wanted(topic, "x", qos, true);

                assert_waits(stage, &order, PERSIST_RETAINED);
                order = wanted("q/x", "x", qos, false);
                if (qos > 0)
                        assert_waits(stage, &order, PERSIST_LOG);
        }
}

static void test_waits_for_the_disk(void)
{
        with_workers(waits_for_the_disk, keep);
}

/* Where nothing is to be written nobody waits. */
static void does_not_wait(Stage *stage)
{
        const PublishWanted plain = wanted("a", "x", 0, false), nobody = wanted("a", "x", 1, false);

        stage->waits = true;
        publish(stage, &plain);
        publish(stage, &nobody);
}

static void test_does_not_wait(void)
{
        with_workers(does_not_wait, keep);
}

static void relaxed(Stage *stage)
{
        const PublishWanted order = wanted("a", "x", 1, true);

        leave_behind(stage, 0, "a");
        stage->waits = true;
        publish(stage, &order);
        g_assert_cmpuint(clear(stage, "#"), ==, 1);
}

static void test_relaxed_does_not_wait(void)
{
        with_workers(relaxed, keep_relaxed);
}

/* The store refuses when the order is already on its way, and knows it for the next one. */
static void full_store(Stage *stage)
{
        const PublishWanted order = wanted("a", "x", 1, false), plain = wanted("a", "x", 0, false);

        leave_behind(stage, 0, "a");
        atomic_store(&stage->plane->store->is_full, true);
        g_assert_cmpint(fault_on(stage, &order), ==, PUBLISH_STORE_FULL);
        g_assert_cmpint(fault_on(stage, &plain), ==, PUBLISH_FINE);
}

static void test_full_store(void)
{
        with_workers(full_store, keep);
}

/* --- clearing --- */

static void clears_what_matches(Stage *stage)
{
        static const char *const topics[] = {"a", "a/b", "a/b/c", "b"};
        Client *client = client_join(stage, 0, MQTT_5, stage_id(stage, 0, "c"));
        RetainedFacts *facts;

        for (size_t i = 0; i < G_N_ELEMENTS(topics); i++) {
                const PublishWanted order = wanted(topics[i], "x", 0, true);

                publish(stage, &order);
        }
        client_subscribe(client, "x/#", 0);
        client_subscribe(client, "+/+/+", 0 | 2 << 4); /* nothing of what is retained */
        g_assert_cmpuint(clear(stage, "a/+"), ==, 1);
        g_assert_cmpuint(clear(stage, "a/+"), ==, 0);
        g_assert_cmpint(retained_facts_find(stage->plane, "a/b", stage_now(), &facts), ==, -ENOENT);
        g_assert_cmpuint(clear(stage, "a/#"), ==, 2);
        g_assert_cmpuint(clear(stage, "#"), ==, 1);
        g_assert_cmpuint(retained_count(stage->plane->retained), ==, 0);
        client_take_nothing(client);
        client_free(client);
}

static void test_clears_what_matches(void)
{
        with_workers(clears_what_matches, NULL);
        with_workers(clears_what_matches, keep);
}

static void test_clear_refuses(void)
{
        Gather *gather;

        g_assert_cmpint(retained_clear_new("", 1, &gather), ==, -EINVAL);
        g_assert_cmpint(retained_clear_new("a#", 1, &gather), ==, -EINVAL);
        g_assert_cmpint(retained_clear_new("$share/g/a", 1, &gather), ==, -EINVAL);
        g_assert_cmpint(retained_clear_new("$SYS/#", 1, &gather), ==, -EPERM);
        g_assert_cmpint(retained_clear_new("$SYS", 1, &gather), ==, -EPERM);
}

/* In slices; what comes meanwhile stays; answered when the store has forgotten. */
static void clears_many(Stage *stage)
{
        Gather *gather;

        for (unsigned i = 0; i < MANY; i++) {
                g_autofree char *topic = g_strdup_printf("t/%u", i);
                const PublishWanted order = wanted(topic, "x", 0, true);

                publish(stage, &order);
        }
        g_assert_cmpuint(stage_count(stage, PERSIST_RETAINED), ==, MANY);
        stage->waits = true;
        gather = start_clear(stage, "t/+");
        shard_turn(stage_shard(stage, 0), 0);
        g_assert_cmpuint(retained_count(stage->plane->retained), <, MANY);
        g_assert_cmpuint(retained_count(stage->plane->retained), >=, MANY - 256);
        for (unsigned i = 0; i < 10; i++)
                stage_turn(stage);
        g_assert_cmpuint(retained_count(stage->plane->retained), ==, 0);
        g_assert_false(has_answer(gather));
        g_assert_cmpuint(stage_count(stage, PERSIST_RETAINED), ==, MANY);
        stage_commit(stage);
        g_assert_cmpuint(take_clear(gather), ==, MANY);
        g_assert_cmpuint(stage_count(stage, PERSIST_RETAINED), ==, 0);
}

static void test_clears_many(void)
{
        with_workers(clears_many, keep);
}

/* --- ends --- */

/* Who has asked has gone; the answer has its place still. */
static void unwanted(Stage *stage)
{
        const PublishWanted order = wanted("a", "x", 1, true);

        leave_behind(stage, 0, "a");
        stage->waits = true;
        for (unsigned i = 0; i < 2; i++) {
                Gather *gather = i == 0 ? start(stage, &order) : start_clear(stage, "#");

                stage_turn(stage);
                g_assert_false(has_answer(gather));
                gather_free(gather);
        }
        stage_turn(stage);
        stage_commit(stage);
        g_assert_cmpuint(stage_count(stage, PERSIST_RETAINED), ==, 0);
}

static void test_unwanted(void)
{
        with_workers(unwanted, keep);
}

static void out_of_memory(Stage *stage)
{
        const PublishWanted order = wanted("a", "x", 1, true);
        bool failed = true;

        leave_behind(stage, 0, "a");
        for (unsigned n = 0; failed; n++) {
                Gather *gather = NULL;
                bool matched;
                int r;

                if (stage->store) /* what was not written has filled it */
                        atomic_store(&stage->plane->store->is_full, false);
                failing_memory_begin(n);
                r = publish_order_new(&order, stage->plane->n_shards, &gather);
                if (r == 0)
                        server_gather(stage->server, gather);
                for (unsigned i = 0; r == 0 && i < 5; i++)
                        stage_turn(stage);
                failed = failing_memory_end();
                if (r == 0) {
                        for (unsigned i = 0; i < 5 && !has_answer(gather); i++)
                                stage_pass(stage, 1000);
                        g_assert_true(has_answer(gather));
                        r = gather_result(gather);
                }
                if (r == 0 && publish_order_result(gather, &matched) == PUBLISH_STORE_FULL)
                        r = -ENOMEM; /* it was not written */
                g_assert_true(r == 0 || (failed && r == -ENOMEM));
                gather_free(gather);
        }
        g_assert_cmpuint(clear(stage, "#"), ==, 1);
}

static void test_out_of_memory(void)
{
        with_workers(out_of_memory, NULL);
        with_workers(out_of_memory, keep);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/publish-order/reaches-all-workers", test_reaches_all_workers);
        g_test_add_func("/server/publish-order/properties-are-passed-on",
                        test_properties_are_passed_on);
        g_test_add_func("/server/publish-order/bad-topics", test_bad_topics);
        g_test_add_func("/server/publish-order/bad-properties", test_bad_properties);
        g_test_add_func("/server/publish-order/limits-are-those-in-force",
                        test_limits_are_those_in_force);
        g_test_add_func("/server/publish-order/waits-for-the-disk", test_waits_for_the_disk);
        g_test_add_func("/server/publish-order/does-not-wait", test_does_not_wait);
        g_test_add_func("/server/publish-order/relaxed-does-not-wait", test_relaxed_does_not_wait);
        g_test_add_func("/server/publish-order/full-store", test_full_store);
        g_test_add_func("/server/publish-order/unwanted", test_unwanted);
        g_test_add_func("/server/publish-order/out-of-memory", test_out_of_memory);
        g_test_add_func("/server/retained-clear/clears-what-matches", test_clears_what_matches);
        g_test_add_func("/server/retained-clear/refuses", test_clear_refuses);
        g_test_add_func("/server/retained-clear/clears-many", test_clears_many);
        return g_test_run();
}
