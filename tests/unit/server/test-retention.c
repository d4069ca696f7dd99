/* SPDX-License-Identifier: Apache-2.0 */

/* Clients that retain too much. */

#include <glib.h>

#include "mqtt/protocol.h"
#include "server/connection.h"
#include "stage-park.h"

#define X BYTES_LITERAL("x")

static void limit_two(Settings *settings)
{
        settings->client_max_retained = 2;
}

static void limit_two_disconnect(Settings *settings)
{
        limit_two(settings);
        settings->limit_action = LIMIT_DISCONNECT;
}

static void limit_bytes(Settings *settings)
{
        settings->client_max_retained_bytes = 10;
}

static void limit_user(Settings *settings)
{
        settings->user_max_retained = 2;
}

static void retain(Client *client, const char *topic, Bytes payload, uint8_t qos)
{
        Publish publish = {
                .topic = bytes_from_string(topic),
                .payload = payload,
                .qos = qos,
                .retain = true,
                .packet_id = qos > 0 ? ++client->last_id : 0,
        };

        properties_init(&publish.properties);
        client_publish_packet(client, &publish);
}

/* How it is answered. */
static uint8_t answer(Client *client, const char *topic, Bytes payload, uint8_t qos)
{
        uint8_t reason;

        retain(client, topic, payload, qos);
        reason = client_take_ack(client, qos == 1 ? PACKET_PUBACK : PACKET_PUBREC, client->last_id);
        return reason == REASON_NO_MATCHING_SUBSCRIBERS ? REASON_SUCCESS : reason;
}

static uint64_t count(const Stage *stage)
{
        return stage_counters(stage).retained;
}

static Client *join_as(Stage *stage, unsigned worker, const char *name, const char *user)
{
        Client *client = client_new(stage, worker, MQTT_5);
        Connect connect = client_connect_base(client, stage_id(stage, worker, name));

        connect.has_username = user;
        connect.username = bytes_from_string(user);
        g_assert_cmpuint(client_connect(client, &connect).reason, ==, REASON_SUCCESS);
        return client;
}

/* Who subscribes gets nothing of what is refused; MQTT 3 hears yes. */
static void test_refused(void)
{
        static const MqttVersion versions[] = {MQTT_5, MQTT_3_1_1};

        for (size_t v = 0; v < G_N_ELEMENTS(versions); v++) {
                const uint8_t no = versions[v] == MQTT_5 ? REASON_QUOTA_EXCEEDED : 0;
                Client *client, *watcher;
                Stage stage;

                stage_init(&stage, 2, limit_two);
                watcher = client_join(&stage, 1, MQTT_5, stage_id(&stage, 1, "watch"));
                client = client_join(&stage, 0, versions[v], stage_id(&stage, 0, "a"));
                client_subscribe(watcher, "c/#", 0);
                g_assert_cmpuint(answer(client, "a", X, 1), ==, 0);
                g_assert_cmpuint(answer(client, "b", X, 1), ==, 0);
                g_assert_cmpuint(answer(client, "c", X, 1), ==, no);
                g_assert_cmpuint(answer(client, "c", X, 2), ==, no);
                retain(client, "c", X, 0);
                client_take_nothing(watcher);
                g_assert_cmpuint(answer(client, "b", BYTES_LITERAL("other"), 1), ==, 0);
                g_assert_cmpuint(count(&stage), ==, 2);
                g_assert_cmpuint(stage_counters(&stage).retained_refused, ==, 3);
                client_publish(client, "c", X, 0);
                client_take_publish(watcher, "c", X);
                retain(client, "a", (Bytes){}, 0);
                g_assert_cmpuint(answer(client, "c", X, 1), ==, 0);
                client_take_publish(watcher, "c", X);
                client_free(client);
                client_free(watcher);
                stage_done(&stage);
        }
}

static void test_bytes(void)
{
        Client *client;
        Stage stage;

        stage_init(&stage, 1, limit_bytes);
        client = client_join(&stage, 0, MQTT_5, "a");
        g_assert_cmpuint(answer(client, "a", BYTES_LITERAL("123456789"), 1), ==, 0);
        g_assert_cmpuint(answer(client, "b", X, 1), ==, REASON_QUOTA_EXCEEDED);
        client_free(client);
        stage_done(&stage);
}

static void test_disconnect(void)
{
        Client *client;
        Stage stage;

        stage_init(&stage, 1, limit_two_disconnect);
        client = client_join(&stage, 0, MQTT_5, "a");
        for (const char *topic = "abc"; *topic; topic++)
                retain(client, (char[]){*topic, 0}, X, 0);
        client_take_disconnect(client, REASON_QUOTA_EXCEEDED);
        g_assert_cmpuint(count(&stage), ==, 2);
        client_free(client);
        stage_done(&stage);
}

/* It is away, and what it has left counts when it comes back; over a restart too. */
static void test_away(void)
{
        Client *client;
        Stage stage;

        stage_init(&stage, 1, limit_two);
        client = client_join(&stage, 0, MQTT_5, "a");
        g_assert_cmpuint(answer(client, "a", X, 1), ==, 0);
        client_free(client);
        client = client_join(&stage, 0, MQTT_5, "a");
        g_assert_cmpuint(answer(client, "b", X, 1), ==, 0);
        g_assert_cmpuint(answer(client, "c", X, 1), ==, REASON_QUOTA_EXCEEDED);
        stage_restart(&stage, 2);
        g_assert_cmpuint(answer(client, "c", X, 1), ==, REASON_QUOTA_EXCEEDED);
        g_assert_cmpuint(answer(client, "a", X, 1), ==, 0);
        client_free(client);
        stage_done(&stage);
}

/* All clients of a user, on all workers; who has no name has no such limit. */
static void test_user(void)
{
        Client *one, *two, *other, *stranger;
        Stage stage;

        stage_init(&stage, 2, limit_user);
        one = join_as(&stage, 0, "one", "ada");
        two = join_as(&stage, 1, "two", "ada");
        other = join_as(&stage, 1, "other", "bob");
        stranger = join_as(&stage, 0, "stranger", NULL);
        g_assert_cmpuint(answer(one, "a", X, 1), ==, 0);
        g_assert_cmpuint(answer(two, "b", X, 1), ==, 0);
        g_assert_cmpuint(answer(one, "c", X, 1), ==, REASON_QUOTA_EXCEEDED);
        g_assert_cmpuint(answer(two, "c", X, 1), ==, REASON_QUOTA_EXCEEDED);
        g_assert_cmpuint(answer(other, "c", X, 1), ==, 0);
        for (const char *topic = "def"; *topic; topic++)
                g_assert_cmpuint(answer(stranger, (char[]){*topic, 0}, X, 1), ==, 0);
        client_free(one);
        client_free(two);
        client_free(other);
        client_free(stranger);
        stage_done(&stage);
}

/* A client that dies again and again, each time with another will. */
static void test_wills(void)
{
        Stage stage;

        stage_init(&stage, 1, limit_two);
        for (const char *topic = "abcd"; *topic; topic++) {
                Client *client = client_new(&stage, 0, MQTT_5);
                Connect connect = client_connect_base(client, "a");

                connect.has_will = true;
                connect.will.topic = (Bytes){(const uint8_t *)topic, 1};
                connect.will.payload = X;
                connect.will.retain = true;
                g_assert_cmpuint(client_connect(client, &connect).reason, ==, 0);
                client_free(client);
                stage_turn(&stage);
        }
        g_assert_cmpuint(count(&stage), ==, 2);
        g_assert_cmpuint(stage_counters(&stage).publish_dropped, ==, 2);
        stage_done(&stage);
}

/* From a reload on; what was there before has no author. */
static void test_reload(void)
{
        Client *client;
        Stage stage;

        stage_init(&stage, 1, NULL);
        client = client_join(&stage, 0, MQTT_5, "a");
        for (const char *topic = "abcde"; *topic; topic++)
                g_assert_cmpuint(answer(client, (char[]){*topic, 0}, X, 1), ==, 0);
        stage_reload(&stage, limit_two);
        g_assert_cmpuint(answer(client, "a", X, 1), ==, 0);
        g_assert_cmpuint(answer(client, "f", X, 1), ==, 0);
        g_assert_cmpuint(answer(client, "b", X, 1), ==, REASON_QUOTA_EXCEEDED);
        stage_reload(&stage, NULL);
        g_assert_cmpuint(answer(client, "b", X, 1), ==, 0);
        client_free(client);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/retention/refused", test_refused);
        g_test_add_func("/server/retention/bytes", test_bytes);
        g_test_add_func("/server/retention/disconnect", test_disconnect);
        g_test_add_func("/server/retention/away", test_away);
        g_test_add_func("/server/retention/user", test_user);
        g_test_add_func("/server/retention/wills", test_wills);
        g_test_add_func("/server/retention/reload", test_reload);
        return g_test_run();
}
