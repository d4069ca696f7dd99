/* SPDX-License-Identifier: Apache-2.0 */

/* What is seen of a client that is watched, in which order, and what is not. */

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/subscribe.h"
#include "server/gather.h"
#include "server/trace-begin.h"
#include "server/traces.h"
#include "stage.h"

static Trace *watch(const Stage *stage, const char *client)
{
        Trace *trace;

        g_assert_cmpint(traces_add(stage->plane->traces, bytes_from_string(client), &trace), ==, 0);
        return trace;
}

/* All lines of now. */
static char *take(const Stage *stage, Trace *trace)
{
        Buffer lines = {};
        char *text;

        trace_take(stage->plane->traces, trace, &lines);
        text = g_strndup(buffer_length(&lines) > 0 ? (const char *)buffer_head(&lines) : "",
                         buffer_length(&lines));
        buffer_done(&lines);
        return text;
}

/* Only direction and packet, or the event, of each line. */
static char *outline(const Stage *stage, Trace *trace)
{
        g_autofree char *text = take(stage, trace);
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        GString *all = g_string_new(NULL);

        for (char **line = lines; *line && **line; line++) {
                g_auto(GStrv) words = g_strsplit(*line, "\"", -1);

                g_assert_true(g_str_has_prefix(*line, "{\"time\":"));
                g_assert_true(g_str_has_suffix(*line, "}"));
                g_string_append_printf(all, "%s%s", all->len > 0 ? " " : "",
                                       strcmp(words[3], "direction") == 0 ? words[9] : words[3]);
        }
        return g_string_free(all, false);
}

static void assert_outline(const Stage *stage, Trace *trace, const char *expected)
{
        g_autofree char *seen = outline(stage, trace);

        g_assert_cmpstr(seen, ==, expected);
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

/* From the worker that it comes to, to its own, over reconnects. */
static void before_it_connects(Stage *stage)
{
        for (unsigned i = 0; i < stage->plane->n_shards; i++) {
                const char *id = stage_id(stage, i, "c");
                Trace *trace = watch(stage, id);

                for (unsigned round = 0; round < 2; round++) {
                        Client *client = client_join(stage, 0, MQTT_5, id);

                        assert_outline(stage, trace, "CONNECT CONNACK");
                        client_subscribe(client, "t", 0);
                        assert_outline(stage, trace, "SUBSCRIBE SUBACK");
                        client_publish(client, "t", bytes_from_string("x"), 0);
                        client_take_publish(client, "t", bytes_from_string("x"));
                        assert_outline(stage, trace, "PUBLISH PUBLISH");
                        client_ping(client);
                        client_free(client);
                        stage_turn(stage);
                        assert_outline(stage, trace, "PINGREQ PINGRESP event");
                }
                traces_remove(stage->plane->traces, trace);
        }
}

static void test_before_it_connects(void)
{
        with_workers(before_it_connects);
}

static void attach(Stage *stage, const char *id)
{
        _cleanup_(gather_freep) Gather *gather = NULL;

        g_assert_cmpint(trace_begin_new(id, -1, stage->plane->n_shards, &gather), ==, 0);
        server_gather(stage->server, gather);
        stage_turn(stage);
        g_assert_cmpint(gather_result(gather), ==, 0);
}

static void while_it_is_connected(Stage *stage)
{
        const char *id = stage_id(stage, stage->plane->n_shards - 1, "c");
        Client *client = client_join(stage, 0, MQTT_3_1_1, id);
        Client *other = client_join(stage, 0, MQTT_3_1_1, stage_id(stage, 0, "other"));
        Trace *one = watch(stage, id), *two = watch(stage, id);

        attach(stage, id);
        attach(stage, id);
        client_ping(other);
        client_ping(client);
        assert_outline(stage, one, "PINGREQ PINGRESP");
        traces_remove(stage->plane->traces, one);
        client_ping(client);
        assert_outline(stage, two, "PINGREQ PINGRESP PINGREQ PINGRESP");
        traces_remove(stage->plane->traces, two);
        client_ping(client);
        one = watch(stage, id);
        client_ping(client);
        assert_outline(stage, one, "");
        traces_remove(stage->plane->traces, one);
        client_free(client);
        client_free(other);
}

static void test_while_it_is_connected(void)
{
        with_workers(while_it_is_connected);
}

static void secrets(Stage *stage)
{
        const char *id = stage_id(stage, stage->plane->n_shards - 1, "c");
        Client *client = client_new(stage, 0, MQTT_5);
        Connect connect = client_connect_base(client, id);
        Trace *trace = watch(stage, id);
        g_autofree char *text = NULL;

        connect.has_username = connect.has_password = true;
        connect.username = bytes_from_string("eve");
        connect.password = bytes_from_string("sesame");
        client_connect(client, &connect);
        text = take(stage, trace);
        g_assert_nonnull(strstr(text, "\"user\":\"eve\",\"password\":true"));
        g_assert_null(strstr(text, "sesame"));
        traces_remove(stage->plane->traces, trace);
        client_free(client);
}

static void test_secrets(void)
{
        with_workers(secrets);
}

/* It is shared by reference on its way out. */
static void large(Stage *stage)
{
        const char *id = stage_id(stage, 0, "c");
        const size_t size = 100000;
        g_autofree char *data = g_strnfill(size, 'x');
        Client *client = client_join(stage, 0, MQTT_3_1_1, id);
        Trace *trace = watch(stage, id);
        g_autofree char *seen = NULL;
        g_autofree char *expected =
                g_strdup_printf(",\"payload_size\":%zu,\"payload\":\"xxx", size);

        client_subscribe(client, "t", 0);
        attach(stage, id);
        client_publish(client, "t", (Bytes){(const uint8_t *)data, size}, 0);
        client_take_publish(client, "t", (Bytes){(const uint8_t *)data, size});
        client_ping(client);
        seen = take(stage, trace);
        g_assert_nonnull(strstr(seen, "\"direction\":\"out\",\"packet\":\"PUBLISH\""));
        g_assert_nonnull(strstr(strstr(seen, "\"out\""), expected));
        g_assert_cmpuint(strlen(seen), <, 4096);
        g_assert_true(g_str_has_suffix(seen, "\"packet\":\"PINGRESP\",\"size\":2}\n"));
        traces_remove(stage->plane->traces, trace);
        client_free(client);
}

static void test_large(void)
{
        with_workers(large);
}

/* It takes effect in parts, turn by turn. */
static void told_once(Stage *stage)
{
        const char *id = stage_id(stage, 0, "c");
        Trace *trace = watch(stage, id);
        Client *client = client_join(stage, 0, MQTT_3_1_1, id);
        Buffer entries = {}, packet = {};
        Subscribe subscribe = {.packet_id = 1};

        for (unsigned i = 0; i < 5000; i++) {
                char filter[16];

                g_snprintf(filter, sizeof(filter), "f/%u", i);
                g_assert_cmpint(subscribe_entry_encode(
                                        &(SubscribeEntry){.filter = bytes_from_string(filter)},
                                        MQTT_3_1_1, &entries),
                                ==, 0);
        }
        properties_init(&subscribe.properties);
        subscribe.entries = reader_of(buffer_bytes(&entries));
        g_assert_cmpint(subscribe_encode(&subscribe, MQTT_3_1_1, &packet), ==, 0);
        client_send_buffer(client, &packet);
        for (unsigned i = 0; i < 100 && client_available(client) == 0; i++)
                stage_turn(stage);
        client_take(client, PACKET_SUBACK);
        client_ping(client);
        assert_outline(stage, trace, "CONNECT CONNACK SUBSCRIBE SUBACK PINGREQ PINGRESP");
        buffer_done(&entries);
        client_free(client);
        stage_turn(stage);
        traces_remove(stage->plane->traces, trace);
}

static void test_told_once(void)
{
        with_workers(told_once);
}

static void slow_reader(Stage *stage)
{
        const char *id = stage_id(stage, 0, "c");
        Trace *trace = watch(stage, id);
        Client *client = client_join(stage, 0, MQTT_3_1_1, id);
        g_autofree char *first = NULL;
        struct pollfd fd = {.fd = trace_fd(trace), .events = POLLIN};
        uint64_t n = 0, lost;

        for (unsigned i = 0; i < 4000; i++)
                client_ping(client);
        g_assert_cmpint(poll(&fd, 1, 0), ==, 1);
        first = take(stage, trace);
        g_assert_cmpint(poll(&fd, 1, 0), ==, 0);
        g_assert_cmpuint(strlen(first), <, TRACE_BYTES_MAX + 1024);
        for (const char *at = first; (at = strchr(at, '\n')); at++)
                n++;
        lost = g_ascii_strtoull(strstr(first, "\"lost\":") + 7, NULL, 10);
        g_assert_cmpuint(n - 1 + lost, ==, 2 + 2 * 4000);
        client_ping(client);
        assert_outline(stage, trace, "PINGREQ PINGRESP");
        traces_remove(stage->plane->traces, trace);
        client_free(client);
}

static void test_slow_reader(void)
{
        with_workers(slow_reader);
}

static void test_bound(void)
{
        _cleanup_(traces_freep) Traces *traces = NULL;
        Trace *items[TRACES_MAX], *more = NULL;

        g_assert_cmpint(traces_new(&traces), ==, 0);
        g_assert_false(traces_are_there(traces));
        for (size_t i = 0; i < TRACES_MAX; i++)
                g_assert_cmpint(traces_add(traces, bytes_from_string("c"), &items[i]), ==, 0);
        g_assert_cmpint(traces_add(traces, bytes_from_string("d"), &more), ==, -EMFILE);
        g_assert_false(traces_have(traces, bytes_from_string("d")));
        traces_remove(traces, items[0]);
        g_assert_cmpint(traces_add(traces, bytes_from_string("d"), &more), ==, 0);
        g_assert_true(traces_have(traces, bytes_from_string("d")));
        traces_remove(traces, more);
        g_assert_false(traces_have(traces, bytes_from_string("d")));
        g_assert_true(traces_have(traces, bytes_from_string("c")));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/client-trace/before-it-connects", test_before_it_connects);
        g_test_add_func("/server/client-trace/while-it-is-connected", test_while_it_is_connected);
        g_test_add_func("/server/client-trace/secrets-stay-secret", test_secrets);
        g_test_add_func("/server/client-trace/large-payloads", test_large);
        g_test_add_func("/server/client-trace/packet-in-parts-once", test_told_once);
        g_test_add_func("/server/client-trace/slow-reader", test_slow_reader);
        g_test_add_func("/server/client-trace/so-many-at-most", test_bound);
        return g_test_run();
}
