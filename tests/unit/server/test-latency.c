/* SPDX-License-Identifier: Apache-2.0 */

/* How long messages and answers take, as the histograms have it. */

#include <glib.h>

#include "server/latency.h"
#include "server/shard.h"
#include "stage.h"

static ServerTimes times(const Stage *stage)
{
        ServerTimes now;

        server_times(stage->server, &now);
        return now;
}

static uint64_t n_delivery(const Stage *stage)
{
        const ServerTimes now = times(stage);

        return histogram_total(&now.delivery);
}

static uint64_t n_answers(const Stage *stage)
{
        const ServerTimes now = times(stage);

        return histogram_total(&now.answers);
}

static void turn(const Stage *stage, unsigned worker)
{
        shard_turn(stage_shard(stage, worker), 0);
}

static void a_turn_of_its_own_takes_no_time(void)
{
        Stage stage;
        Client *from, *to;

        stage_init(&stage, 1, NULL);
        from = client_join(&stage, 0, MQTT_5, "from");
        to = client_join(&stage, 0, MQTT_5, "to");
        client_subscribe(to, "t", 0);
        for (unsigned i = 0; i < 3; i++) {
                client_publish(from, "t", BYTES_LITERAL("x"), 0);
                client_take_publish(to, "t", BYTES_LITERAL("x"));
        }
        g_assert_cmpuint(times(&stage).delivery.counts[0], ==, 3);
        g_assert_cmpuint(n_delivery(&stage), ==, 3);
        g_assert_cmpuint(n_answers(&stage), ==, 0);
        client_free(from);
        client_free(to);
        stage_done(&stage);
}

/* The clock of the worker that has read it counts, not of that which delivers. */
static void mail_counts_from_the_turn_that_read_it(void)
{
        HistogramSample delivery;
        Client *from, *to;
        Stage stage;

        stage_init(&stage, 2, NULL);
        from = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "from"));
        to = client_join(&stage, 1, MQTT_5, stage_id(&stage, 1, "to"));
        client_subscribe(to, "t", 0);
        client_publish(from, "t", BYTES_LITERAL("x"), 0);
        turn(&stage, 0);
        stage_sleep(7);
        client_publish(from, "t", BYTES_LITERAL("x"), 0);
        turn(&stage, 0);
        stage_sleep(2);
        turn(&stage, 1);
        turn(&stage, 1);
        delivery = times(&stage).delivery;
        g_assert_cmpuint(histogram_total(&delivery), ==, 2);
        g_assert_cmpuint(delivery.sum, ==, 9000 + 2000);
        client_take_publish(to, "t", BYTES_LITERAL("x"));
        client_take_publish(to, "t", BYTES_LITERAL("x"));
        client_free(from);
        client_free(to);
        stage_done(&stage);
}

/* One at a time may be under way: the second one waits for its client, not for the broker. */
static void what_waits_for_its_client_is_left_out(void)
{
        Client *from, *to;
        Connect connect;
        Publish publish;
        Stage stage;

        stage_init(&stage, 1, NULL);
        from = client_join(&stage, 0, MQTT_5, "from");
        to = client_new(&stage, 0, MQTT_5);
        connect = client_connect_base(to, "to");
        connect.properties.present |= PROPERTY_BIT(PROPERTY_RECEIVE_MAXIMUM);
        connect.properties.receive_maximum = 1;
        stage_must(client_connect(to, &connect).reason == REASON_SUCCESS);
        client_subscribe(to, "t", 1);
        client_publish(from, "t", BYTES_LITERAL("1"), 1);
        client_publish(from, "t", BYTES_LITERAL("2"), 1);
        publish = client_take_publish(to, "t", BYTES_LITERAL("1"));
        client_take_nothing(to);
        stage_pass(&stage, 50);
        client_ack(to, PACKET_PUBACK, publish.packet_id);
        client_take_publish(to, "t", BYTES_LITERAL("2"));
        g_assert_cmpuint(n_delivery(&stage), ==, 1);
        client_free(from);
        client_free(to);
        stage_done(&stage);
}

static void persist(Settings *settings)
{
        settings->persistence = true;
}

static void an_answer_counts_when_the_disk_has_it(void)
{
        Publish publish = {
                .topic = BYTES_LITERAL("t"),
                .payload = BYTES_LITERAL("x"),
                .qos = 1,
                .retain = true,
                .packet_id = 77,
        };
        HistogramSample answers, before, commits;
        Client *from;
        Stage stage;

        stage_init(&stage, 1, persist);
        from = client_join(&stage, 0, MQTT_5, "from");
        stage.waits = true;
        before = times(&stage).answers;
        properties_init(&publish.properties);
        client_publish_packet(from, &publish);
        client_take_nothing(from);
        stage_sleep(30);
        stage_commit(&stage);
        client_take_ack(from, PACKET_PUBACK, 77);
        answers = times(&stage).answers;
        g_assert_cmpuint(histogram_total(&answers), ==, histogram_total(&before) + 1);
        g_assert_cmpuint(answers.sum - before.sum, ==, 30000);
        commits = times(&stage).commits;
        g_assert_cmpuint(histogram_total(&commits), >, 0);
        stage.waits = false;
        client_free(from);
        stage_done(&stage);
}

/* What there is no room for counts as older than it is, never as newer. */
static void many_turns_are_put_together(void)
{
        Latency latency = {};
        HistogramSample sample = {};

        for (uint32_t i = 0; i < 2 * LATENCY_TURNS_MAX; i++)
                for (unsigned k = 0; k < 3; k++)
                        latency_note(&latency, 1000 * i, 1);
        latency_note(&latency, 1, 0);
        latency_settle(&latency, 20000);
        histogram_collect(&latency.histogram, &sample);
        g_assert_cmpuint(histogram_total(&sample), ==, 2 * LATENCY_TURNS_MAX * 3);
        g_assert_cmpuint(sample.counts[HISTOGRAM_BOUNDS], ==, 0);
        g_assert_false(latency_is_due(&latency));
}

/* The lower 32 bits of the clock begin anew each hour or so. */
static void the_clock_may_wrap(void)
{
        Latency latency = {};
        HistogramSample sample = {};

        latency_note(&latency, UINT32_MAX - 9, 1);
        latency_settle(&latency, (uint64_t)7 << 32 | 90);
        histogram_collect(&latency.histogram, &sample);
        g_assert_cmpuint(sample.sum, ==, 100);
}

static void workers_count_for_themselves(void)
{
        WorkerCounters before, after, other;
        Client *client;
        Stage stage;

        stage_init(&stage, 2, NULL);
        client = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "c"));
        server_worker_counters(stage.server, 0, &before);
        client_publish(client, "t", BYTES_LITERAL("x"), 0);
        turn(&stage, 0);
        stage_sleep(3);
        turn(&stage, 0);
        server_worker_counters(stage.server, 0, &after);
        server_worker_counters(stage.server, 1, &other);
        g_assert_cmpuint(after.turns, ==, before.turns + 2);
        g_assert_cmpuint(after.busy, >=, before.busy + 3000);
        g_assert_cmpuint(after.publish_received, ==, 1);
        g_assert_cmpuint(after.clients_connected, ==, 1);
        g_assert_cmpuint(after.sessions, ==, 1);
        g_assert_cmpuint(other.publish_received + other.clients_connected + other.sessions, ==, 0);
        client_free(client);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/latency/a-turn-of-its-own-takes-no-time",
                        a_turn_of_its_own_takes_no_time);
        g_test_add_func("/server/latency/mail-counts-from-the-turn-that-read-it",
                        mail_counts_from_the_turn_that_read_it);
        g_test_add_func("/server/latency/what-waits-for-its-client-is-left-out",
                        what_waits_for_its_client_is_left_out);
        g_test_add_func("/server/latency/an-answer-counts-when-the-disk-has-it",
                        an_answer_counts_when_the_disk_has_it);
        g_test_add_func("/server/latency/many-turns-are-put-together", many_turns_are_put_together);
        g_test_add_func("/server/latency/the-clock-may-wrap", the_clock_may_wrap);
        g_test_add_func("/server/latency/workers-count-for-themselves",
                        workers_count_for_themselves);
        return g_test_run();
}
