/* SPDX-License-Identifier: Apache-2.0 */

/* Workers: who does not read, and what happens when memory is short. */

#include <glib.h>
#include <sys/socket.h>

#include "server/connection.h"
#include "server/deliver.h"
#include "stage.h"

#define HELLO BYTES_LITERAL("hello")
#define LIMIT 100000U

static void small_limits(Settings *settings)
{
        settings->max_output_buffer = LIMIT;
        settings->max_queued_messages = 50;
        settings->max_inflight_messages = 10;
}

/* The output of the connection that this client has on worker 0, in bytes. */
static size_t output_of(const Stage *stage, const char *id)
{
        Session *session = sessions_find(stage_shard(stage, 0)->sessions, bytes_from_string(id));

        stage_must(session && session_connection(session));
        return output_length(&((Connection *)session_connection(session))->output);
}

typedef struct Flood {
        Stage stage;
        Client *from, *slow, *quick;
        unsigned sent, received; /* by quick */
} Flood;

/* A subscriber that never reads, beside one that does. */
static void flood_init(Flood *flood, uint8_t qos)
{
        *flood = (Flood){};
        stage_init(&flood->stage, 1, small_limits);
        flood->from = client_join(&flood->stage, 0, MQTT_5, "from");
        flood->slow = client_join(&flood->stage, 0, MQTT_5, "slow");
        flood->quick = client_join(&flood->stage, 0, MQTT_5, "quick");
        stage_must(client_subscribe(flood->slow, "t", qos) == qos);
        stage_must(client_subscribe(flood->quick, "t", 0) == 0);
}

static void flood_send(Flood *flood, unsigned n, size_t size, uint8_t qos)
{
        _cleanup_free_ uint8_t *payload = calloc(1, size);

        for (unsigned i = 0; i < n; i++) {
                uint16_t id = client_publish(flood->from, "t", (Bytes){payload, size}, qos);

                flood->sent++;
                client_take_publish(flood->quick, "t", (Bytes){payload, size});
                if (qos == 1)
                        client_take_ack(flood->from, PACKET_PUBACK, id);
                stage_must(output_of(&flood->stage, "slow") < LIMIT + size + 64);
        }
}

static void flood_done(Flood *flood)
{
        client_free(flood->from);
        client_free(flood->slow);
        client_free(flood->quick);
        stage_done(&flood->stage);
}

/* What a reader that wakes up finds: whole packets, in order, as many as were not dropped. */
static unsigned read_all(Client *client, bool acknowledge)
{
        unsigned n = 0;
        Packet packet;

        while (client_try(client, &packet)) {
                Publish publish;

                stage_must(packet.type == PACKET_PUBLISH);
                stage_must(publish_decode(packet.body, MQTT_5, packet.flags, &publish) == 0);
                if (acknowledge)
                        client_ack(client, PACKET_PUBACK, publish.packet_id);
                n++;
        }
        return n;
}

static void test_slow_qos0(gconstpointer data)
{
        size_t size = GPOINTER_TO_UINT(data);
        Flood flood;
        uint64_t dropped;

        flood_init(&flood, 0);
        flood_send(&flood, (unsigned)(2000000 / size), size, 0);
        dropped = stage_counters(&flood.stage).publish_dropped;
        stage_must(dropped > 0 && dropped < flood.sent);
        stage_must(read_all(flood.slow, false) == flood.sent - dropped);
        /* It has caught up: nothing is lost any more. */
        flood_send(&flood, 10, size, 0);
        stage_must(stage_counters(&flood.stage).publish_dropped == dropped);
        stage_must(read_all(flood.slow, false) == 10);
        flood_done(&flood);
}

/* In flight as much as may be, waiting as much as may be, the rest dropped and counted. */
static void test_slow_qos1(void)
{
        ServerCounters counters;
        Flood flood;

        flood_init(&flood, 1);
        flood_send(&flood, 1000, 1000, 1);
        counters = stage_counters(&flood.stage);
        stage_must(counters.messages_queued == 60);
        stage_must(counters.publish_dropped == 1000 - 60);
        stage_must(read_all(flood.slow, true) == 60);
        stage_must(stage_counters(&flood.stage).messages_queued == 0);
        flood_done(&flood);
}

/* Whoever asks without reading the answers is not read from either: its output has an end. */
static void test_asks_without_reading(void)
{
        static uint8_t pings[LIMIT];
        Client *client, *other;
        size_t sent = 0;
        Stage stage;

        for (size_t i = 0; i < sizeof(pings); i += 2)
                pings[i] = 0xC0;
        stage_init(&stage, 1, small_limits);
        client = client_join(&stage, 0, MQTT_5, "asks");
        other = client_join(&stage, 0, MQTT_5, "other");
        for (unsigned i = 0; i < 200; i++) {
                ssize_t n = send(client->fd, pings, sizeof(pings) - sent % 2, MSG_NOSIGNAL);

                sent += n > 0 ? (size_t)n : 0;
                stage_turn(&stage);
        }
        stage_must(output_of(&stage, "asks") < LIMIT + 4 * SHARD_SCRATCH_SIZE);
        client_ping(other);
        /* It reads at last, and gets all its answers. */
        for (size_t i = 0; i < sent / 2; i++)
                client_take(client, PACKET_PINGRESP);
        client_free(client);
        client_free(other);
        stage_done(&stage);
}

/* --- memory pressure --- */

static void test_pressure_connect(void)
{
        static const MqttVersion versions[] = {MQTT_3_1, MQTT_3_1_1, MQTT_5};
        Stage stage;

        stage_init(&stage, 2, NULL);
        for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
                Client *client = client_new(&stage, 0, versions[i]);
                Connect connect = client_connect_base(client, "x");
                uint8_t reason;

                server_set_memory_pressure(stage.server, true);
                reason = client_connect(client, &connect).reason;
                stage_must(versions[i] == MQTT_5 ? reason == REASON_QUOTA_EXCEEDED
                                                 : reason == REASON_SERVER_UNAVAILABLE);
                client_take_end(client);
                client_free(client);
                server_set_memory_pressure(stage.server, false);
                client_free(client_join(&stage, 0, versions[i], "x"));
        }
        stage_done(&stage);
}

static void test_pressure_refuses(void)
{
        Client *client;
        Stage stage;
        uint16_t id;

        stage_init(&stage, 1, NULL);
        client = client_join(&stage, 0, MQTT_5, "x");
        stage_must(client_subscribe(client, "t", 2) == 2);
        server_set_memory_pressure(stage.server, true);
        stage_must(client_subscribe(client, "u", 2) == REASON_QUOTA_EXCEEDED);
        id = client_publish(client, "t", HELLO, 1);
        stage_must(client_take_ack(client, PACKET_PUBACK, id) == REASON_QUOTA_EXCEEDED);
        id = client_publish(client, "t", HELLO, 2);
        stage_must(client_take_ack(client, PACKET_PUBREC, id) == REASON_QUOTA_EXCEEDED);
        client_ping(client);
        server_set_memory_pressure(stage.server, false);
        stage_must(client_subscribe(client, "u", 2) == 2);
        id = client_publish(client, "u", HELLO, 1);
        client_take_publish(client, "u", HELLO);
        client_take_ack(client, PACKET_PUBACK, id);
        client_free(client);
        stage_done(&stage);
}

/* An exchange that has begun goes on; and an identifier that was refused is free for another
 * message. */
static void test_pressure_qos2(void)
{
        Publish publish = {.topic = BYTES_LITERAL("t"), .payload = HELLO, .qos = 2, .packet_id = 7};
        Client *client;
        Stage stage;

        stage_init(&stage, 1, NULL);
        client = client_join(&stage, 0, MQTT_5, "x");
        client_subscribe(client, "t", 0);
        properties_init(&publish.properties);
        client_publish_packet(client, &publish);
        client_take_publish(client, "t", HELLO);
        stage_must(client_take_ack(client, PACKET_PUBREC, 7) == REASON_SUCCESS);
        server_set_memory_pressure(stage.server, true);
        publish.dup = true;
        client_publish_packet(client, &publish);
        stage_must(client_take_ack(client, PACKET_PUBREC, 7) == REASON_SUCCESS);
        client_ack(client, PACKET_PUBREL, 7);
        stage_must(client_take_ack(client, PACKET_PUBCOMP, 7) == REASON_SUCCESS);
        publish.dup = false;
        client_publish_packet(client, &publish);
        stage_must(client_take_ack(client, PACKET_PUBREC, 7) == REASON_QUOTA_EXCEEDED);
        server_set_memory_pressure(stage.server, false);
        client_publish_packet(client, &publish);
        client_take_publish(client, "t", HELLO);
        stage_must(client_take_ack(client, PACKET_PUBREC, 7) == REASON_SUCCESS);
        client_free(client);
        stage_done(&stage);
}

/* What gives memory back is let through: taking a retained message away, coming back to a queue. */
static void test_pressure_lets_free(void)
{
        Publish publish = {.topic = BYTES_LITERAL("kept"), .payload = HELLO, .retain = true};
        Client *writer, *reader;
        Connect connect;
        Stage stage;

        stage_init(&stage, 1, NULL);
        properties_init(&publish.properties);
        reader = client_new(&stage, 0, MQTT_3_1_1);
        connect = client_connect_base(reader, "reader");
        connect.clean_start = false;
        stage_must(client_connect(reader, &connect).reason == REASON_SUCCESS);
        client_subscribe(reader, "queue", 1);
        client_free(reader);
        writer = client_join(&stage, 0, MQTT_5, "writer");
        client_publish_packet(writer, &publish);
        client_take_ack(writer, PACKET_PUBACK, client_publish(writer, "queue", HELLO, 1));
        server_set_memory_pressure(stage.server, true);

        publish.payload = (Bytes){};
        client_publish_packet(writer, &publish);
        client_ping(writer);
        stage_must(stage_counters(&stage).retained == 0);

        reader = client_new(&stage, 0, MQTT_3_1_1);
        stage_must(client_connect(reader, &connect).session_present);
        client_take_publish(reader, "queue", HELLO);
        client_free(reader);
        client_free(writer);
        stage_done(&stage);
}

/* A worker that does not get round to its mail is spared QoS 0, and nothing else. */
static void test_mailbox_is_bounded(void)
{
        static uint8_t large[1024 * 1024];
        enum { N = SHARD_MAIL_BYTES_MAX / sizeof(large) + 8 };
        Client *writer, *reader;
        MessageParts parts = {.topic = BYTES_LITERAL("t"),
                              .payload = {large, sizeof(large)},
                              .expires = MESSAGE_NEVER_EXPIRES};
        Shard *shard;
        Stage stage;

        stage_init(&stage, 2, NULL);
        reader = client_join(&stage, 1, MQTT_5, stage_id(&stage, 1, "reader"));
        writer = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "writer"));
        client_subscribe(reader, "t", 1);
        shard = stage_shard(&stage, 0);
        for (unsigned i = 0; i < 2 * N; i++) {
                _cleanup_(message_unrefp) Message *message = NULL;
                bool matched;

                parts.qos = i < N ? 0 : 1;
                stage_must(message_new(&parts, &message) == 0);
                stage_must(deliver_publish(shard, message, SESSION_ID_NONE, &matched) == 0);
                stage_must(matched);
                if (i == N - 1)
                        stage_must(stage_counters(&stage).publish_dropped > 0);
                if (i == N - 1)
                        stage_must(stage_counters(&stage).publish_dropped <= 8);
        }
        /* Of the ones at QoS 1 none was dropped on the way. */
        stage_must(stage_counters(&stage).publish_dropped <= 8);
        shard_send_mail(shard);
        stage_must(shard_is_behind(shard, 1));
        shard_turn(stage_shard(&stage, 1), 0);
        stage_must(!shard_is_behind(shard, 1));
        client_free(reader);
        client_free(writer);
        stage_done(&stage);
}

/* --- limits --- */

static void two_connections(Settings *settings)
{
        settings->global_max_connections = 2;
}

static void test_global_connections(void)
{
        Client *a, *b, *c;
        Connect connect;
        Stage stage;

        stage_init(&stage, 2, two_connections);
        a = client_join(&stage, 0, MQTT_5, "a");
        b = client_join(&stage, 1, MQTT_5, "b");
        c = client_new(&stage, 0, MQTT_5);
        connect = client_connect_base(c, "c");
        stage_must(client_connect(c, &connect).reason == REASON_QUOTA_EXCEEDED);
        client_take_end(c);
        client_free(c);
        client_free(a);
        stage_turn(&stage);
        c = client_join(&stage, 1, MQTT_5, "c");
        client_free(b);
        client_free(c);
        stage_done(&stage);
}

static void two_clients(Settings *settings)
{
        settings->global_max_clients = 2;
}

/* Sessions count, also while they are away; a client that has one may always come back. */
static void test_global_clients(void)
{
        Client *client;
        Connect connect;
        Stage stage;

        stage_init(&stage, 2, two_clients);
        for (unsigned i = 0; i < 2; i++) {
                client = client_new(&stage, i, MQTT_3_1_1);
                connect = client_connect_base(client, i ? "b" : "a");
                connect.clean_start = false;
                stage_must(client_connect(client, &connect).reason == 0);
                client_free(client);
        }
        stage_turn(&stage);
        client = client_new(&stage, 0, MQTT_5);
        connect = client_connect_base(client, "c");
        stage_must(client_connect(client, &connect).reason == REASON_QUOTA_EXCEEDED);
        client_free(client);
        client = client_new(&stage, 0, MQTT_3_1_1);
        connect = client_connect_base(client, "a");
        connect.clean_start = false;
        stage_must(client_connect(client, &connect).session_present);
        client_free(client);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_data_func("/server/shard-overload/slow-qos0/small", GUINT_TO_POINTER(100),
                             test_slow_qos0);
        g_test_add_data_func("/server/shard-overload/slow-qos0/shared", GUINT_TO_POINTER(5000),
                             test_slow_qos0);
        g_test_add_func("/server/shard-overload/slow-qos1", test_slow_qos1);
        g_test_add_func("/server/shard-overload/asks-without-reading", test_asks_without_reading);
        g_test_add_func("/server/shard-overload/pressure/connect", test_pressure_connect);
        g_test_add_func("/server/shard-overload/pressure/refuses", test_pressure_refuses);
        g_test_add_func("/server/shard-overload/pressure/qos2", test_pressure_qos2);
        g_test_add_func("/server/shard-overload/pressure/lets-free", test_pressure_lets_free);
        g_test_add_func("/server/shard-overload/mailbox-is-bounded", test_mailbox_is_bounded);
        g_test_add_func("/server/shard-overload/global-max-connections", test_global_connections);
        g_test_add_func("/server/shard-overload/global-max-clients", test_global_clients);
        return g_test_run();
}
