/* SPDX-License-Identifier: Apache-2.0 */

/* What all connections of one user share, over all workers. */

#include <glib.h>

#include "mqtt/protocol.h"
#include "server/connection.h"
#include "stage-access.h"
#include "stage-park.h"

#define USERS "ada:" QUICK_HASH "\nbob:" QUICK_HASH "\n"
#define RATE  10U
#define X     BYTES_LITERAL("x")

static const uint8_t payload[90]; /* a packet of 96 bytes in MQTT 5 */

static void limit_messages(Settings *settings)
{
        settings->user_max_message_rate = RATE;
}

static void limit_messages_drop(Settings *settings)
{
        limit_messages(settings);
        settings->limit_action = LIMIT_DROP;
}

static void limit_messages_disconnect(Settings *settings)
{
        limit_messages(settings);
        settings->limit_action = LIMIT_DISCONNECT;
}

static void limit_received(Settings *settings)
{
        settings->user_max_receive_rate = 1000;
}

static void limit_sent(Settings *settings)
{
        settings->user_max_send_rate = 1000;
}

static void limit_connections(Settings *settings)
{
        settings->user_max_connections = 2;
}

static void limit_connection_rate(Settings *settings)
{
        settings->user_max_connection_rate = 1;
}

static void limit_subscriptions(Settings *settings)
{
        settings->user_max_subscriptions = 3;
}

static void begin(Stage *stage, unsigned workers, void (*adjust)(Settings *settings))
{
        stage_init(stage, workers, adjust);
        stage_must(server_add_endpoint(stage->server, stage->endpoint) == 0);
        stage_police(stage, USERS, NULL);
        stage_turn(stage);
}

/* How its CONNECT is answered; user NULL: without a name, "" and not known: as it claims. */
static uint8_t call(Client *client, unsigned worker, const char *name, const char *user)
{
        Connect connect = client_connect_base(client, stage_id(client->stage, worker, name));

        connect.has_username = connect.has_password = user;
        connect.username = bytes_from_string(user);
        connect.password = BYTES_LITERAL("p");
        return client_connect(client, &connect).reason;
}

static Client *join(Stage *stage, unsigned worker, const char *name, const char *user)
{
        Client *client = client_new(stage, worker, MQTT_5);

        g_assert_cmpuint(call(client, worker, name, user), ==, 0);
        return client;
}

static void refused(Stage *stage, unsigned worker, const char *name, const char *user,
                    MqttVersion version, uint8_t reason)
{
        Client *client = client_new(stage, worker, version);

        g_assert_cmpuint(call(client, worker, name, user), ==, reason);
        client_free(client);
        stage_turn(stage);
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

static void publish_many(Client *client, const char *topic, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                client_publish(client, topic, X, 0);
                stage_turn(client->stage);
        }
}

/* Both clients of a user together send what one may; others are not touched. */
static void test_messages(void)
{
        Client *one, *two, *other, *watcher;
        Stage stage;

        begin(&stage, 2, limit_messages);
        one = join(&stage, 0, "one", "ada");
        two = join(&stage, 1, "two", "ada");
        other = join(&stage, 1, "other", "bob");
        watcher = join(&stage, 0, "watch", NULL);
        client_subscribe(watcher, "t", 0);
        publish_many(one, "t", RATE / 2);
        publish_many(two, "t", RATE / 2);
        g_assert_cmpuint(count_publishes(watcher), ==, RATE);
        publish_many(one, "t", 3);
        publish_many(two, "t", 3);
        g_assert_cmpuint(count_publishes(watcher), ==, 1); /* one was not paused yet */
        publish_many(other, "t", RATE);
        publish_many(watcher, "t", 5 * RATE);
        g_assert_cmpuint(count_publishes(watcher), ==, 6 * RATE);
        stage_pass(&stage, 1000);
        g_assert_cmpuint(count_publishes(watcher), ==, 5);
        g_assert_cmpuint(stage_counters(&stage).pauses, >=, 2);
        client_free(one);
        client_free(two);
        client_free(other);
        client_free(watcher);
        stage_done(&stage);
}

static void test_messages_drop(void)
{
        Client *one, *two;
        unsigned refusals = 0;
        Stage stage;

        begin(&stage, 2, limit_messages_drop);
        one = join(&stage, 0, "one", "ada");
        two = join(&stage, 1, "two", "ada");
        for (unsigned i = 0; i < 2 * RATE; i++) {
                Client *client = i % 2 ? one : two;
                uint16_t id = client_publish(client, "t", X, 1);

                refusals += client_take_ack(client, PACKET_PUBACK, id) == REASON_QUOTA_EXCEEDED;
        }
        g_assert_cmpuint(refusals, ==, RATE);
        g_assert_cmpuint(stage_counters(&stage).messages_above_rate, ==, RATE);
        client_free(one);
        client_free(two);
        stage_done(&stage);
}

static void test_messages_disconnect(void)
{
        Client *one, *two;
        Stage stage;

        begin(&stage, 2, limit_messages_disconnect);
        one = join(&stage, 0, "one", "ada");
        two = join(&stage, 1, "two", "ada");
        publish_many(one, "t", RATE);
        client_ping(one);
        publish_many(two, "t", 1);
        client_take_disconnect(two, REASON_MESSAGE_RATE_TOO_HIGH);
        client_ping(one);
        client_free(one);
        client_free(two);
        stage_done(&stage);
}

static void test_received(void)
{
        static const uint8_t large[3000];
        Client *one, *two;
        Stage stage;

        begin(&stage, 2, limit_received);
        one = join(&stage, 0, "one", "ada");
        two = join(&stage, 1, "two", "ada");
        client_publish(one, "t", (Bytes){large, sizeof(large)}, 0);
        stage_turn(&stage);
        client_send_bytes(two, BYTES_LITERAL("\xC0\0"));
        client_take(two, PACKET_PINGRESP); /* what has come has come */
        client_send_bytes(two, BYTES_LITERAL("\xC0\0"));
        client_take_nothing(two);
        stage_pass(&stage, 3000);
        client_take(two, PACKET_PINGRESP);
        client_free(one);
        client_free(two);
        stage_done(&stage);
}

static void test_sent(void)
{
        Client *one, *two, *other, *from;
        unsigned n;
        Stage stage;

        begin(&stage, 2, limit_sent);
        one = join(&stage, 0, "one", "ada");
        two = join(&stage, 1, "two", "ada");
        other = join(&stage, 1, "other", "bob");
        from = join(&stage, 1, "from", NULL);
        client_subscribe(one, "t", 0);
        client_subscribe(two, "t", 0);
        client_subscribe(other, "u", 0);
        stage_pass(&stage, 5000);
        for (unsigned i = 0; i < 40; i++) {
                client_publish(from, "t", (Bytes){payload, sizeof(payload)}, 0);
                stage_turn(&stage);
        }
        n = count_publishes(one);
        n += count_publishes(two);
        g_assert_cmpuint(n, >=, 11);
        g_assert_cmpuint(n, <=, 13); /* a slice more */
        client_publish(from, "u", (Bytes){payload, sizeof(payload)}, 0);
        g_assert_cmpuint(count_publishes(other), ==, 1);
        stage_pass(&stage, 10000);
        g_assert_cmpuint(count_publishes(one) + count_publishes(two), >, 0);
        client_free(one);
        client_free(two);
        client_free(other);
        client_free(from);
        stage_done(&stage);
}

/* On all workers; who comes again takes its own place, and who goes makes one. */
static void test_connections(void)
{
        Client *one, *two, *other, *stranger, *again;
        Stage stage;

        begin(&stage, 2, limit_connections);
        one = join(&stage, 0, "one", "ada");
        two = join(&stage, 1, "two", "ada");
        refused(&stage, 0, "three", "ada", MQTT_5, REASON_QUOTA_EXCEEDED);
        refused(&stage, 1, "three", "ada", MQTT_3_1_1, REASON_SERVER_UNAVAILABLE);
        g_assert_cmpuint(stage_counters(&stage).user_connections_refused, ==, 2);
        other = join(&stage, 1, "other", "bob");
        stranger = join(&stage, 1, "stranger", NULL);
        again = join(&stage, 1, "two", "ada");
        client_take_disconnect(two, REASON_SESSION_TAKEN_OVER);
        client_free(two);
        refused(&stage, 1, "three", "ada", MQTT_5, REASON_QUOTA_EXCEEDED);
        client_free(one);
        stage_turn(&stage);
        one = join(&stage, 1, "three", "ada");
        client_ping(again);
        client_free(one);
        client_free(again);
        client_free(other);
        client_free(stranger);
        stage_done(&stage);
}

static void test_connection_rate(void)
{
        Stage stage;

        begin(&stage, 1, limit_connection_rate);
        for (unsigned i = 0; i < 10; i++)
                client_free(join(&stage, 0, "one", "ada"));
        refused(&stage, 0, "one", "ada", MQTT_5, REASON_CONNECTION_RATE_EXCEEDED);
        client_free(join(&stage, 0, "one", "bob"));
        stage_pass(&stage, 1000);
        client_free(join(&stage, 0, "one", "ada"));
        refused(&stage, 0, "one", "ada", MQTT_5, REASON_CONNECTION_RATE_EXCEEDED);
        stage_done(&stage);
}

static uint8_t unsubscribe(Client *client, const char *filter)
{
        Buffer packet = {};
        const Bytes filters = bytes_from_string(filter);
        const uint8_t head[] = {0xA2, (uint8_t)(5 + filters.length), 0, 9, 0,
                                0,    (uint8_t)filters.length};

        stage_must(buffer_append(&packet, head, sizeof(head)) == 0);
        stage_must(buffer_append(&packet, filters.data, filters.length) == 0);
        client_send_buffer(client, &packet);
        return client_take(client, PACKET_UNSUBACK).body.data[3];
}

/* Also of those who are away. */
static void test_subscriptions(void)
{
        Client *one, *two;
        Connect connect;
        Stage stage;

        begin(&stage, 2, limit_subscriptions);
        one = join(&stage, 0, "one", "ada");
        two = client_new(&stage, 1, MQTT_3_1_1);
        connect = client_connect_base(two, stage_id(&stage, 1, "two"));
        connect.clean_start = false;
        connect.has_username = connect.has_password = true;
        connect.username = BYTES_LITERAL("ada");
        connect.password = BYTES_LITERAL("p");
        g_assert_cmpuint(client_connect(two, &connect).reason, ==, 0);
        g_assert_cmpuint(client_subscribe(one, "a", 1), ==, 1);
        g_assert_cmpuint(client_subscribe(two, "a", 1), ==, 1);
        g_assert_cmpuint(client_subscribe(two, "b", 1), ==, 1);
        g_assert_cmpuint(client_subscribe(one, "b", 1), ==, REASON_QUOTA_EXCEEDED);
        g_assert_cmpuint(client_subscribe(two, "c", 1), ==, 0x80);
        g_assert_cmpuint(client_subscribe(one, "a", 2), ==, 2); /* the same one */
        g_assert_cmpuint(stage_counters(&stage).subscriptions, ==, 3);
        g_assert_cmpuint(stage_counters(&stage).subscriptions_refused, ==, 2);
        g_assert_cmpuint(unsubscribe(one, "a"), ==, 0);
        g_assert_cmpuint(unsubscribe(one, "a"), ==, REASON_NO_SUBSCRIPTION_EXISTED);
        g_assert_cmpuint(client_subscribe(one, "b", 1), ==, 1);
        client_free(two);
        stage_turn(&stage);
        g_assert_cmpuint(client_subscribe(one, "c", 1), ==, REASON_QUOTA_EXCEEDED);
        two = client_new(&stage, 1, MQTT_3_1_1);
        g_assert_cmpuint(client_connect(two, &connect).reason, ==, 0);
        g_assert_cmpuint(client_subscribe(one, "d", 1), ==, REASON_QUOTA_EXCEEDED);
        stage_restart(&stage, 1);
        g_assert_cmpuint(client_subscribe(one, "d", 1), ==, REASON_QUOTA_EXCEEDED);
        g_assert_cmpuint(unsubscribe(one, "b"), ==, 0);
        g_assert_cmpuint(client_subscribe(one, "d", 1), ==, 1);
        /* They go with their session, and not before. */
        client_free(two);
        two = client_new(&stage, 0, MQTT_3_1_1);
        connect.clean_start = true;
        g_assert_cmpuint(client_connect(two, &connect).reason, ==, 0);
        g_assert_cmpuint(client_subscribe(one, "e", 1), ==, 1);
        g_assert_cmpuint(client_subscribe(two, "e", 1), ==, 1);
        g_assert_cmpuint(client_subscribe(one, "f", 1), ==, REASON_QUOTA_EXCEEDED);
        client_free(one);
        client_free(two);
        stage_done(&stage);
}

/* A limit comes to those who are there, and goes. */
static void test_reload(void)
{
        Client *one, *two;
        Stage stage;

        begin(&stage, 2, NULL);
        one = join(&stage, 0, "one", "ada");
        two = join(&stage, 1, "two", "ada");
        for (const char *filter = "abcd"; *filter; filter++)
                g_assert_cmpuint(client_subscribe(one, (char[]){*filter, 0}, 1), ==, 1);
        g_assert_cmpuint(owners_count(stage.plane->owners), ==, 0);
        stage_reload(&stage, limit_subscriptions);
        stage_turn(&stage);
        g_assert_cmpuint(owners_count(stage.plane->owners), ==, 1);
        g_assert_cmpuint(accounts_count(stage.plane->accounts), ==, 0);
        g_assert_cmpuint(client_subscribe(two, "a", 1), ==, REASON_QUOTA_EXCEEDED);
        g_assert_cmpuint(unsubscribe(one, "a"), ==, 0);
        g_assert_cmpuint(client_subscribe(two, "a", 1), ==, REASON_QUOTA_EXCEEDED);
        g_assert_cmpuint(unsubscribe(one, "b"), ==, 0);
        g_assert_cmpuint(client_subscribe(two, "a", 1), ==, 1);
        stage_reload(&stage, limit_connections);
        stage_turn(&stage);
        g_assert_cmpuint(owners_count(stage.plane->owners), ==, 0);
        g_assert_cmpuint(accounts_count(stage.plane->accounts), ==, 1);
        g_assert_cmpuint(client_subscribe(two, "b", 1), ==, 1);
        refused(&stage, 0, "three", "ada", MQTT_5, REASON_QUOTA_EXCEEDED);
        stage_reload(&stage, NULL);
        stage_turn(&stage);
        g_assert_cmpuint(accounts_count(stage.plane->accounts), ==, 0);
        client_free(join(&stage, 0, "three", "ada"));
        client_free(one);
        client_free(two);
        stage_done(&stage);
}

/* A name that nobody has checked is nobody's. */
static void test_claimed_name(void)
{
        Client *clients[4];
        Stage stage;

        stage_init(&stage, 1, limit_connections);
        for (unsigned i = 0; i < G_N_ELEMENTS(clients); i++)
                clients[i] = join(&stage, 0, (char[]){(char)('a' + i), 0}, "ada");
        g_assert_cmpuint(accounts_count(stage.plane->accounts), ==, 0);
        for (unsigned i = 0; i < G_N_ELEMENTS(clients); i++)
                client_free(clients[i]);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/client-account/messages", test_messages);
        g_test_add_func("/server/client-account/messages-drop", test_messages_drop);
        g_test_add_func("/server/client-account/messages-disconnect", test_messages_disconnect);
        g_test_add_func("/server/client-account/received", test_received);
        g_test_add_func("/server/client-account/sent", test_sent);
        g_test_add_func("/server/client-account/connections", test_connections);
        g_test_add_func("/server/client-account/connection-rate", test_connection_rate);
        g_test_add_func("/server/client-account/subscriptions", test_subscriptions);
        g_test_add_func("/server/client-account/reload", test_reload);
        g_test_add_func("/server/client-account/claimed-name", test_claimed_name);
        return g_test_run();
}
