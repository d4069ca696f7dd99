/* SPDX-License-Identifier: Apache-2.0 */

/* Clients that send, or ask, too much. */

#include <glib.h>

#include "mqtt/protocol.h"
#include "server/connection.h"
#include "stage.h"

#define RATE 10U

static void limit_delay(Settings *settings)
{
        settings->client_max_message_rate = RATE;
}

static void limit_drop(Settings *settings)
{
        limit_delay(settings);
        settings->limit_action = LIMIT_DROP;
}

static void limit_disconnect(Settings *settings)
{
        limit_delay(settings);
        settings->limit_action = LIMIT_DISCONNECT;
}

static void limit_bytes(Settings *settings)
{
        settings->client_max_receive_rate = 1000;
}

static void limit_bytes_disconnect(Settings *settings)
{
        limit_bytes(settings);
        settings->limit_action = LIMIT_DISCONNECT;
}

/* How many come until there are none for now. */
static unsigned count_publishes(Client *client)
{
        unsigned n = 0;
        Packet packet;

        while (client_try(client, &packet))
                n += packet.type == PACKET_PUBLISH;
        return n;
}

static void publish_many(Client *client, unsigned n, uint8_t qos)
{
        for (unsigned i = 0; i < n; i++)
                client_publish(client, "t", BYTES_LITERAL("x"), qos);
}

/* What has been read takes effect; then TCP holds the rest back, and nothing is lost. */
static void test_delay(void)
{
        Client *from, *to;
        Stage stage;

        stage_init(&stage, 1, limit_delay);
        from = client_join(&stage, 0, MQTT_5, "from");
        to = client_join(&stage, 0, MQTT_5, "to");
        client_subscribe(to, "t", 0);
        for (unsigned i = 0; i < RATE; i++) {
                publish_many(from, 1, 0);
                stage_turn(&stage);
        }
        g_assert_cmpuint(count_publishes(to), ==, RATE);
        publish_many(from, 5, 0);
        g_assert_cmpuint(count_publishes(to), ==, 0);
        stage_pass(&stage, 101);
        g_assert_cmpuint(count_publishes(to), ==, 5); /* of one read */
        publish_many(from, 3, 0);
        stage_pass(&stage, 398);
        g_assert_cmpuint(count_publishes(to), ==, 0);
        stage_pass(&stage, 101);
        g_assert_cmpuint(count_publishes(to), ==, 3);
        g_assert_cmpuint(stage_counters(&stage).messages_above_rate, >, 0);
        client_free(from);
        client_free(to);
        stage_done(&stage);
}

/* The answer to what took effect goes out though nothing is read. */
static void test_delay_answers(void)
{
        Client *client;
        uint16_t id = 0;
        Stage stage;

        stage_init(&stage, 1, limit_delay);
        client = client_join(&stage, 0, MQTT_3_1_1, "a");
        for (unsigned i = 0; i < RATE + 2; i++)
                id = client_publish(client, "t", BYTES_LITERAL("x"), 1);
        for (uint16_t i = 1; i <= id; i++)
                client_take_ack(client, PACKET_PUBACK, i);
        stage_pass(&stage, 1000);
        client_ping(client);
        client_free(client);
        stage_done(&stage);
}

/* Who is not listened to is not silent. */
static void test_delay_is_not_silence(void)
{
        Connect connect;
        Client *client;
        Stage stage;

        stage_init(&stage, 1, limit_delay);
        client = client_new(&stage, 0, MQTT_5);
        connect = client_connect_base(client, "a");
        connect.keep_alive = 1;
        g_assert_cmpuint(client_connect(client, &connect).reason, ==, 0);
        publish_many(client, RATE * 5, 0);
        stage_turn(&stage);
        for (unsigned i = 0; i < 3; i++)
                stage_pass(&stage, 1200);
        client_take_nothing(client);
        stage_pass(&stage, 600);
        client_ping(client);
        client_free(client);
        stage_done(&stage);
}

static void test_drop(void)
{
        static const MqttVersion versions[] = {MQTT_5, MQTT_3_1_1};

        for (size_t v = 0; v < G_N_ELEMENTS(versions); v++) {
                Client *from, *to;
                Stage stage;

                stage_init(&stage, 1, limit_drop);
                from = client_join(&stage, 0, versions[v], "from");
                to = client_join(&stage, 0, MQTT_5, "to");
                client_subscribe(to, "t", 0);
                for (unsigned i = 0; i < RATE + 3; i++) {
                        uint8_t qos = 1 + i % 2;
                        uint16_t id = client_publish(from, "t", BYTES_LITERAL("x"), qos);
                        uint8_t reason =
                                client_take_ack(from, qos == 1 ? PACKET_PUBACK : PACKET_PUBREC, id);

                        g_assert_cmpuint(reason, ==,
                                         i < RATE || versions[v] != MQTT_5 ? 0
                                                                           : REASON_QUOTA_EXCEEDED);
                }
                g_assert_cmpuint(count_publishes(to), ==, RATE);
                stage_pass(&stage, 1000);
                publish_many(from, 1, 0);
                g_assert_cmpuint(count_publishes(to), ==, 1);
                client_free(from);
                client_free(to);
                stage_done(&stage);
        }
}

static void test_disconnect(void)
{
        Client *five, *three;
        Stage stage;

        stage_init(&stage, 1, limit_disconnect);
        five = client_join(&stage, 0, MQTT_5, "five");
        publish_many(five, RATE, 0);
        client_ping(five);
        publish_many(five, 1, 0);
        client_take_disconnect(five, REASON_MESSAGE_RATE_TOO_HIGH);
        three = client_join(&stage, 0, MQTT_3_1_1, "three");
        publish_many(three, RATE + 1, 0);
        client_take_end(three);
        client_free(five);
        client_free(three);
        stage_done(&stage);
}

static void test_bytes(void)
{
        static const uint8_t large[3000];
        Client *client;
        Stage stage;

        stage_init(&stage, 1, limit_bytes);
        client = client_join(&stage, 0, MQTT_5, "a");
        client_publish(client, "t", (Bytes){large, sizeof(large)}, 0);
        stage_turn(&stage);
        client_send_bytes(client, BYTES_LITERAL("\xC0\0"));
        client_take_nothing(client);
        stage_pass(&stage, 1900);
        client_take_nothing(client);
        stage_pass(&stage, 300);
        client_take(client, PACKET_PINGRESP);
        client_free(client);
        stage_done(&stage);
}

static void test_bytes_disconnect(void)
{
        static const uint8_t large[3000];
        Client *client;
        Stage stage;

        stage_init(&stage, 1, limit_bytes_disconnect);
        client = client_join(&stage, 0, MQTT_5, "a");
        client_publish(client, "t", (Bytes){large, sizeof(large)}, 0);
        client_take_nothing(client);
        client_publish(client, "t", BYTES_LITERAL("x"), 0);
        client_take_disconnect(client, REASON_MESSAGE_RATE_TOO_HIGH);
        client_free(client);
        stage_done(&stage);
}

/* One that is paused when the limit is taken away, and one that goes while it is paused. */
static void test_reload_and_end(void)
{
        Client *stays, *goes;
        Stage stage;

        stage_init(&stage, 1, limit_delay);
        stays = client_join(&stage, 0, MQTT_5, "stays");
        goes = client_join(&stage, 0, MQTT_5, "goes");
        publish_many(stays, 2 * RATE, 0);
        publish_many(goes, 2 * RATE, 0);
        stage_turn(&stage);
        g_assert_cmpuint(stage_counters(&stage).pauses, ==, 2);
        client_free(goes);
        stage_reload(&stage, NULL);
        stage_pass(&stage, 2000);
        publish_many(stays, 100 * RATE, 0);
        client_ping(stays);
        g_assert_cmpuint(stage_counters(&stage).pauses, ==, 2);
        client_free(stays);
        stage_done(&stage);
}

/* The debt of another rate is none: it goes on at once. */
static void test_other_rate(void)
{
        void (*const others[])(Settings * settings) = {NULL, limit_bytes, limit_drop};

        for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
                Client *from, *to;
                Stage stage;

                stage_init(&stage, 1, limit_delay);
                stage_must(server_add_endpoint(stage.server, stage.endpoint) == 0);
                from = client_join(&stage, 0, MQTT_5, "from");
                to = client_join(&stage, 0, MQTT_5, "to");
                client_subscribe(to, "t", 0);
                publish_many(from, 20 * RATE, 0);
                stage_turn(&stage);
                publish_many(from, 1, 0);
                g_assert_cmpuint(count_publishes(to), ==, 20 * RATE);
                stage_reload(&stage, limit_delay);
                stage_turn(&stage);
                g_assert_cmpuint(count_publishes(to), ==, 0);
                stage_reload(&stage, others[i]);
                stage_turn(&stage);
                g_assert_cmpuint(count_publishes(to), ==, 1);
                client_free(from);
                client_free(to);
                stage_done(&stage);
        }
}

static void limit_asking(Settings *settings)
{
        settings->client_max_subscriptions = 2;
        settings->client_max_wildcard_levels = 3;
}

static void test_subscriptions(void)
{
        Client *client, *old;
        Stage stage;

        stage_init(&stage, 1, limit_asking);
        client = client_join(&stage, 0, MQTT_5, "a");
        old = client_join(&stage, 0, MQTT_3_1_1, "old");
        g_assert_cmpuint(client_subscribe(client, "a", 1), ==, 1);
        g_assert_cmpuint(client_subscribe(client, "b", 1), ==, 1);
        g_assert_cmpuint(client_subscribe(client, "c", 1), ==, REASON_QUOTA_EXCEEDED);
        g_assert_cmpuint(client_subscribe(client, "b", 2), ==, 2); /* the same one */
        g_assert_cmpuint(stage_counters(&stage).subscriptions, ==, 2);
        client_subscribe(old, "a", 1);
        client_subscribe(old, "b", 1);
        g_assert_cmpuint(client_subscribe(old, "c", 1), ==, 0x80);
        client_free(client);
        client_free(old);
        stage_done(&stage);
}

static void test_wildcard_levels(void)
{
        static const struct {
                const char *filter;
                uint8_t reason;
        } cases[] = {
                {"a/b/+", 0},       {"a/b/c/+", REASON_QUOTA_EXCEEDED},
                {"#", 0},           {"+/+/+/#", REASON_QUOTA_EXCEEDED},
                {"a/b/c/d/e/f", 0},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Client *client;
                Stage stage;

                stage_init(&stage, 1, limit_asking);
                client = client_join(&stage, 0, MQTT_5, "a");
                g_test_message("%s", cases[i].filter);
                g_assert_cmpuint(client_subscribe(client, cases[i].filter, 0), ==, cases[i].reason);
                client_free(client);
                stage_done(&stage);
        }
}

static void limit_takeovers(Settings *settings)
{
        settings->client_max_takeovers = 6;
}

/* Connects as "a", which another one is; how it goes. */
static uint8_t take_over(Client *client)
{
        const Connect connect = client_connect_base(client, "a");

        return client_connect(client, &connect).reason;
}

/* In the end one stays, and it is the one that was there. */
static void test_takeovers(void)
{
        Client *here, *next, *other;
        Stage stage;

        stage_init(&stage, 1, limit_takeovers);
        here = client_join(&stage, 0, MQTT_5, "a");
        other = client_join(&stage, 0, MQTT_5, "b");
        for (unsigned i = 0; i < 12; i++) {
                next = client_new(&stage, 0, MQTT_5);
                g_assert_cmpuint(take_over(next), ==, 0);
                client_take_disconnect(here, REASON_SESSION_TAKEN_OVER);
                client_free(here);
                here = next;
        }
        for (unsigned i = 0; i < 10; i++) {
                next = client_new(&stage, 0, i % 2 ? MQTT_5 : MQTT_3_1_1);
                g_assert_cmpuint(take_over(next), ==,
                                 i % 2 ? REASON_CONNECTION_RATE_EXCEEDED
                                       : REASON_SERVER_UNAVAILABLE);
                client_free(next);
        }
        g_assert_cmpuint(stage_counters(&stage).takeovers_refused, ==, 10);
        client_ping(here);
        client_ping(other);
        stage_pass(&stage, 10001);
        next = client_new(&stage, 0, MQTT_5);
        g_assert_cmpuint(take_over(next), ==, 0);
        client_take_disconnect(here, REASON_SESSION_TAKEN_OVER);
        client_free(here);
        client_free(next);
        client_free(other);
        stage_done(&stage);
}

static void limit_newcomers(Settings *settings)
{
        settings->max_unauthenticated = 4;
}

/* A worker that has few does not end them because another one has many. */
static void test_newcomers_of_another_worker(void)
{
        Client *silent[10], *few[2];
        Stage stage;

        stage_init(&stage, 2, limit_newcomers);
        for (size_t i = 0; i < G_N_ELEMENTS(silent); i++)
                silent[i] = client_new(&stage, 0, MQTT_5);
        for (size_t i = 0; i < G_N_ELEMENTS(few); i++)
                few[i] = client_new(&stage, 1, MQTT_5);
        stage_turn(&stage);
        for (size_t i = 0; i < G_N_ELEMENTS(silent); i++)
                if (i < 6)
                        client_take_end(silent[i]);
                else
                        client_take_nothing(silent[i]);
        g_assert_cmpuint(stage_counters(&stage).evicted_without_connect, ==, 6);
        for (size_t i = 0; i < G_N_ELEMENTS(few); i++) {
                const Connect connect = client_connect_base(few[i], stage_id(&stage, 1, "few"));

                g_assert_cmpuint(client_connect(few[i], &connect).reason, ==, 0);
                client_free(few[i]);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(silent); i++)
                client_free(silent[i]);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/client-pace/delay", test_delay);
        g_test_add_func("/server/client-pace/delay-answers", test_delay_answers);
        g_test_add_func("/server/client-pace/delay-is-not-silence", test_delay_is_not_silence);
        g_test_add_func("/server/client-pace/drop", test_drop);
        g_test_add_func("/server/client-pace/disconnect", test_disconnect);
        g_test_add_func("/server/client-pace/bytes", test_bytes);
        g_test_add_func("/server/client-pace/bytes-disconnect", test_bytes_disconnect);
        g_test_add_func("/server/client-pace/reload-and-end", test_reload_and_end);
        g_test_add_func("/server/client-pace/other-rate", test_other_rate);
        g_test_add_func("/server/client-pace/subscriptions", test_subscriptions);
        g_test_add_func("/server/client-pace/wildcard-levels", test_wildcard_levels);
        g_test_add_func("/server/client-pace/takeovers", test_takeovers);
        g_test_add_func("/server/client-pace/newcomers-of-another-worker",
                        test_newcomers_of_another_worker);
        return g_test_run();
}
