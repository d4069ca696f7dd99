/* SPDX-License-Identifier: Apache-2.0 */

/* Clients that are sent too much. */

#include <glib.h>

#include "mqtt/protocol.h"
#include "server/connection.h"
#include "stage.h"

#define RATE 1000U /* bytes a second */

static const uint8_t payload[90]; /* a packet of 96 bytes in MQTT 5 with the topic t */

static void limit_delay(Settings *settings)
{
        settings->client_max_send_rate = RATE;
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

static void publish_many(Client *client, unsigned n, uint8_t qos)
{
        for (unsigned i = 0; i < n; i++) {
                client_publish(client, "t", (Bytes){payload, sizeof(payload)}, qos);
                stage_turn(client->stage);
        }
}

/* Acknowledges what wants that. */
static unsigned count_publishes(Client *client)
{
        unsigned n = 0;
        Packet packet;

        while (client_try(client, &packet)) {
                Publish publish;

                if (packet.type != PACKET_PUBLISH)
                        continue;
                g_assert_cmpint(
                        publish_decode(packet.body, client->version, packet.flags, &publish), ==,
                        0);
                if (publish.qos == 1)
                        client_ack(client, PACKET_PUBACK, publish.packet_id);
                n++;
        }
        return n;
}

static void join_pair(Stage *stage, void (*adjust)(Settings *settings), uint8_t qos, Client **from,
                      Client **to)
{
        stage_init(stage, 1, adjust);
        *from = client_join(stage, 0, MQTT_3_1_1, "from");
        *to = client_join(stage, 0, MQTT_5, "to");
        client_subscribe(*to, "t", qos);
        stage_pass(stage, 2000); /* CONNACK and SUBACK are forgotten */
}

/* A second's worth comes at once, the next one waits, and what is more than that is dropped. */
static void test_delay(void)
{
        Client *from, *to;
        Stage stage;

        join_pair(&stage, limit_delay, 0, &from, &to);
        publish_many(from, 40, 0);
        g_assert_cmpuint(count_publishes(to), ==, 11);
        g_assert_cmpuint(stage_counters(&stage).holds, ==, 1);
        g_assert_cmpuint(stage_counters(&stage).publish_dropped, ==, 40 - 11 - 11);
        stage_pass(&stage, 50);
        g_assert_cmpuint(count_publishes(to), ==, 0);
        stage_pass(&stage, 10);
        g_assert_cmpuint(count_publishes(to), ==, 11); /* what waits is written at once */
        publish_many(from, 1, 0);
        stage_pass(&stage, 1000);
        g_assert_cmpuint(count_publishes(to), ==, 0);
        stage_pass(&stage, 60);
        g_assert_cmpuint(count_publishes(to), ==, 1);
        client_free(from);
        client_free(to);
        stage_done(&stage);
}

static void test_drop(void)
{
        Client *from, *to;
        Stage stage;

        join_pair(&stage, limit_drop, 0, &from, &to);
        publish_many(from, 40, 0);
        g_assert_cmpuint(count_publishes(to), ==, 11);
        g_assert_cmpuint(stage_counters(&stage).publish_dropped, ==, 40 - 11);
        stage_pass(&stage, 1000);
        g_assert_cmpuint(count_publishes(to), ==, 0);
        publish_many(from, 1, 0);
        g_assert_cmpuint(count_publishes(to), ==, 1);
        client_free(from);
        client_free(to);
        stage_done(&stage);
}

/* Nothing of QoS 1 is lost, whatever is done above the limit. */
static void test_qos_1_waits(void)
{
        void (*const limits[])(Settings * settings) = {limit_delay, limit_drop};

        for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
                Client *from, *to;
                unsigned n = 0, seconds = 0;
                Stage stage;

                join_pair(&stage, limits[i], 1, &from, &to);
                publish_many(from, 60, 1);
                for (n = count_publishes(to); n < 60; n += count_publishes(to)) {
                        stage_pass(&stage, 1000);
                        seconds++;
                }
                g_assert_cmpuint(n, ==, 60);
                g_assert_cmpuint(seconds, >=, 4); /* 6 kB */
                g_assert_cmpuint(seconds, <=, 7);
                client_free(from);
                client_free(to);
                stage_done(&stage);
        }
}

static void test_disconnect(void)
{
        static const MqttVersion versions[] = {MQTT_5, MQTT_3_1_1};

        for (size_t v = 0; v < G_N_ELEMENTS(versions); v++) {
                Client *from, *to;
                Stage stage;

                stage_init(&stage, 1, limit_disconnect);
                from = client_join(&stage, 0, MQTT_5, "from");
                to = client_join(&stage, 0, versions[v], "to");
                client_subscribe(to, "t", 0);
                stage_pass(&stage, 2000);
                publish_many(from, 40, 0);
                for (unsigned i = 0; i < 12; i++)
                        client_take_publish(to, "t", (Bytes){payload, sizeof(payload)});
                if (versions[v] == MQTT_5)
                        client_take_disconnect(to, REASON_QUOTA_EXCEEDED);
                else
                        client_take_end(to);
                client_ping(from);
                client_free(from);
                client_free(to);
                stage_done(&stage);
        }
}

/* Who asks and is not answered for its rate is not read from without end: its answers wait. */
static void test_answers_wait(void)
{
        Client *client;
        Stage stage;

        stage_init(&stage, 1, limit_delay);
        client = client_join(&stage, 0, MQTT_5, "a");
        for (unsigned i = 0; i < RATE; i++)
                client_send(client, "\xC0\0", 2);
        stage_pass(&stage, 3000);
        for (unsigned i = 0; i < RATE; i++)
                client_take(client, PACKET_PINGRESP);
        client_take_nothing(client);
        client_free(client);
        stage_done(&stage);
}

/* The debt of another rate is none: it is written to at once. */
static void test_other_rate(void)
{
        Client *from, *to;
        Stage stage;

        stage_init(&stage, 1, limit_delay);
        stage_must(server_add_endpoint(stage.server, stage.endpoint) == 0);
        from = client_join(&stage, 0, MQTT_3_1_1, "from");
        to = client_join(&stage, 0, MQTT_5, "to");
        client_subscribe(to, "t", 1);
        stage_pass(&stage, 2000);
        publish_many(from, 40, 1);
        g_assert_cmpuint(count_publishes(to), <, 30);
        stage_reload(&stage, limit_delay);
        stage_turn(&stage);
        g_assert_cmpuint(count_publishes(to), ==, 0);
        stage_reload(&stage, NULL);
        stage_turn(&stage);
        g_assert_cmpuint(count_publishes(to), >, 10);
        client_free(from);
        client_free(to);
        stage_done(&stage);
}

/* A limit that comes to a client by a reload, and goes; and one that goes while it is held. */
static void test_reload_and_end(void)
{
        Client *from, *to, *goes;
        Stage stage;

        join_pair(&stage, NULL, 0, &from, &to);
        goes = client_join(&stage, 0, MQTT_5, "goes");
        client_subscribe(goes, "t", 0);
        publish_many(from, 40, 0);
        g_assert_cmpuint(count_publishes(to), ==, 40);
        count_publishes(goes);
        stage_reload(&stage, limit_delay);
        stage_turn(&stage);
        publish_many(from, 20, 0);
        g_assert_cmpuint(stage_counters(&stage).holds, ==, 2);
        client_free(goes);
        stage_turn(&stage);
        stage_reload(&stage, NULL);
        stage_pass(&stage, 2000);
        g_assert_cmpuint(count_publishes(to), ==, 20);
        publish_many(from, 100, 0);
        g_assert_cmpuint(count_publishes(to), ==, 100);
        g_assert_cmpuint(stage_counters(&stage).holds, ==, 2);
        client_free(from);
        client_free(to);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/send-pace/delay", test_delay);
        g_test_add_func("/server/send-pace/drop", test_drop);
        g_test_add_func("/server/send-pace/qos-1-waits", test_qos_1_waits);
        g_test_add_func("/server/send-pace/disconnect", test_disconnect);
        g_test_add_func("/server/send-pace/answers-wait", test_answers_wait);
        g_test_add_func("/server/send-pace/other-rate", test_other_rate);
        g_test_add_func("/server/send-pace/reload-and-end", test_reload_and_end);
        return g_test_run();
}
