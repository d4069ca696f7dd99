/* SPDX-License-Identifier: Apache-2.0 */

/* Workers: what passes between clients, on one worker and across two. */

#include <glib.h>

#include "stage.h"

#define HELLO BYTES_LITERAL("hello")

static const MqttVersion versions[] = {MQTT_3_1, MQTT_3_1_1, MQTT_5};

/* --- traffic --- */

/* The whole exchange of one message, from PUBLISH to the last acknowledgement on both sides. */
static void exchange(Client *from, Client *to, const char *topic, uint8_t qos)
{
        uint16_t id = client_publish(from, topic, HELLO, qos);
        Publish publish = client_take_publish(to, topic, HELLO);

        stage_must(publish.qos == qos && !publish.dup && !publish.retain);
        if (qos == 1) {
                stage_must(client_take_ack(from, PACKET_PUBACK, id) == REASON_SUCCESS);
                client_ack(to, PACKET_PUBACK, publish.packet_id);
        } else if (qos == 2) {
                stage_must(client_take_ack(from, PACKET_PUBREC, id) == REASON_SUCCESS);
                client_ack(from, PACKET_PUBREL, id);
                stage_must(client_take_ack(from, PACKET_PUBCOMP, id) == REASON_SUCCESS);
                client_ack(to, PACKET_PUBREC, publish.packet_id);
                stage_must(client_take_ack(to, PACKET_PUBREL, publish.packet_id) == 0);
                client_ack(to, PACKET_PUBCOMP, publish.packet_id);
        }
}

/* One pair of versions on the workers that own their client identifiers. */
static void exchange_all(Stage *stage, MqttVersion from_version, MqttVersion to_version)
{
        unsigned last = stage->plane->n_shards - 1;
        Client *from = client_join(stage, 0, from_version, stage_id(stage, 0, "from"));
        Client *to = client_join(stage, last, to_version, stage_id(stage, last, "to"));

        stage_must(client_subscribe(to, "a/+", 2) == 2);
        for (uint8_t qos = 0; qos <= 2; qos++)
                exchange(from, to, "a/b", qos);
        client_publish(from, "b", HELLO, 0);
        client_take_nothing(to);
        stage_must(stage_counters(stage).messages_queued == 0);
        client_free(from);
        client_free(to);
        stage_turn(stage);
}

static void test_traffic(gconstpointer workers)
{
        Stage stage;

        stage_init(&stage, GPOINTER_TO_UINT(workers), NULL);
        for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
                for (size_t k = 0; k < ARRAY_SIZE(versions); k++)
                        exchange_all(&stage, versions[i], versions[k]);
        stage_must(stage_counters(&stage).sessions == 0);
        stage_must(stage_counters(&stage).protocol_errors == 0);
        stage_done(&stage);
}

/* Packets cut at every byte, and all packets in one write, mean the same. */
static void test_segments(void)
{
        static const uint8_t talk[] = {
                0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 1, 'x', /* CONNECT */
                0x82, 6,  0, 1, 0,   1,   't', 0,                          /* SUBSCRIBE */
                0x30, 4,  0, 1, 't', '!',                                  /* PUBLISH */
                0xC0, 0,                                                   /* PINGREQ */
        };
        Stage stage;

        stage_init(&stage, 1, NULL);
        for (size_t step = 1; step <= sizeof(talk); step++) {
                Client *client = client_new(&stage, 0, MQTT_3_1_1);

                for (size_t at = 0; at < sizeof(talk); at += step) {
                        client_send(client, talk + at, MIN(step, sizeof(talk) - at));
                        stage_turn(&stage);
                }
                client_take(client, PACKET_CONNACK);
                client_take(client, PACKET_SUBACK);
                client_take_publish(client, "t", BYTES_LITERAL("!"));
                client_take(client, PACKET_PINGRESP);
                client_take_nothing(client);
                client_free(client);
        }
        stage_done(&stage);
}

/* A packet far larger than what is read at once, to many: the payload is shared. */
static void test_large(void)
{
        static uint8_t payload[1000000];
        Client *to[10];
        Client *from;
        Stage stage;

        for (size_t i = 0; i < sizeof(payload); i++)
                payload[i] = (uint8_t)(i >> 8 ^ i);
        stage_init(&stage, 2, NULL);
        from = client_join(&stage, 0, MQTT_5, "from");
        for (size_t i = 0; i < ARRAY_SIZE(to); i++) {
                char id[8] = {'t', 'o', (char)('0' + i)};

                to[i] = client_join(&stage, i % 2, versions[i % ARRAY_SIZE(versions)], id);
                client_subscribe(to[i], "large", 0);
        }
        client_publish(from, "large", (Bytes){payload, sizeof(payload)}, 0);
        for (size_t i = 0; i < ARRAY_SIZE(to); i++) {
                client_take_publish(to[i], "large", (Bytes){payload, sizeof(payload)});
                client_ping(to[i]);
                client_free(to[i]);
        }
        client_free(from);
        stage_done(&stage);
}

/* PUBLISH, DISCONNECT and the end in one segment: all of it counts. */
static void test_publish_and_leave(void)
{
        static const uint8_t talk[] = {0x30, 4, 0, 1, 't', '!', 0xE0, 0};
        Client *from, *to;
        Stage stage;

        stage_init(&stage, 2, NULL);
        to = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "to"));
        client_subscribe(to, "t", 1);
        from = client_join(&stage, 1, MQTT_3_1_1, stage_id(&stage, 1, "from"));
        client_send(from, talk, sizeof(talk));
        client_free(from);
        client_take_publish(to, "t", BYTES_LITERAL("!"));
        client_free(to);
        stage_done(&stage);
}

/* A repetition of a QoS 2 PUBLISH is acknowledged again and not forwarded again. */
static void test_qos2_repetition(void)
{
        Publish publish = {.topic = BYTES_LITERAL("t"), .payload = HELLO, .qos = 2, .packet_id = 7};
        Client *from, *to;
        Stage stage;

        stage_init(&stage, 1, NULL);
        from = client_join(&stage, 0, MQTT_5, "from");
        to = client_join(&stage, 0, MQTT_5, "to");
        client_subscribe(to, "t", 0);
        properties_init(&publish.properties);
        client_publish_packet(from, &publish);
        publish.dup = true;
        client_publish_packet(from, &publish);
        stage_must(client_take_ack(from, PACKET_PUBREC, 7) == REASON_SUCCESS);
        stage_must(client_take_ack(from, PACKET_PUBREC, 7) == REASON_SUCCESS);
        client_take_publish(to, "t", HELLO);
        client_take_nothing(to);
        client_free(from);
        client_free(to);
        stage_done(&stage);
}

/* --- one owner per client identifier --- */

/* A connection arrives at one worker and belongs to the other: it moves, with all it has sent. */
static void test_moves(void)
{
        Stage stage;
        Client *client;

        stage_init(&stage, 2, NULL);
        for (unsigned arrives = 0; arrives < 2; arrives++)
                for (unsigned owner = 0; owner < 2; owner++) {
                        const char *id = stage_id(&stage, owner, "client");

                        client = client_join(&stage, arrives, MQTT_5, id);
                        stage_must(stage_shard(&stage, owner)->counters.clients_connected == 1);
                        stage_must(stage_shard(&stage, owner)->counters.sockets_open == 1);
                        stage_must(stage_shard(&stage, !owner)->counters.sockets_open == 0);
                        client_subscribe(client, "t", 0);
                        client_publish(client, "t", HELLO, 0);
                        client_take_publish(client, "t", HELLO);
                        client_free(client);
                        stage_turn(&stage);
                        stage_must(stage.plane->connections == 0);
                }
        stage_done(&stage);
}

/* CONNECT in pieces, and what comes behind it in the same write, both move along. */
static void test_moves_with_its_input(void)
{
        Stage stage;
        Client *client;
        Buffer talk = {};
        Connect connect;

        stage_init(&stage, 2, NULL);
        for (size_t cut = 1; cut < 20; cut++) {
                client = client_new(&stage, 0, MQTT_5);
                connect = client_connect_base(client, stage_id(&stage, 1, "client"));
                stage_must(connect_encode(&connect, &talk) == 0);
                stage_must(buffer_append(&talk, (uint8_t[]){0xC0, 0, 0xC0, 0, 0xC0}, 5) == 0);
                client_send(client, talk.data, cut);
                stage_turn(&stage);
                client_send(client, talk.data + cut, buffer_length(&talk) - cut);
                buffer_clear(&talk);
                client_take(client, PACKET_CONNACK);
                client_take(client, PACKET_PINGRESP);
                client_take(client, PACKET_PINGRESP);
                client_take_nothing(client);
                client_send(client, "", 1); /* the rest of the third PINGREQ */
                client_take(client, PACKET_PINGRESP);
                client_free(client);
        }
        buffer_done(&talk);
        stage_done(&stage);
}

static void test_generated_id_stays(void)
{
        Stage stage;

        stage_init(&stage, 2, NULL);
        for (unsigned arrives = 0; arrives < 2; arrives++) {
                Client *client = client_new(&stage, arrives, MQTT_5);
                Connect connect = client_connect_base(client, "");
                Connack connack = client_connect(client, &connect);

                stage_must(connack.reason == REASON_SUCCESS);
                stage_must(
                        properties_has(&connack.properties, PROPERTY_ASSIGNED_CLIENT_IDENTIFIER));
                stage_must(stage_shard(&stage, arrives)->counters.clients_connected == 1);
                client_free(client);
                stage_turn(&stage);
        }
        stage_done(&stage);
}

static Connect lasting(const Client *client, const char *id, bool clean_start)
{
        Connect connect = client_connect_base(client, id);

        connect.clean_start = clean_start;
        connect.properties.present |= PROPERTY_BIT(PROPERTY_SESSION_EXPIRY_INTERVAL);
        connect.properties.session_expiry_interval = 100;
        return connect;
}

/* Whoever comes by whatever worker with the same identifier takes the session over. */
static void test_takeover(gconstpointer clean)
{
        bool clean_start = GPOINTER_TO_UINT(clean);
        Client *client, *before = NULL;
        const char *id;
        Stage stage;

        stage_init(&stage, 2, NULL);
        id = stage_id(&stage, 1, "client");
        for (unsigned i = 0; i < 5; i++) {
                Connect connect;
                Connack connack;

                client = client_new(&stage, i % 2, MQTT_5);
                connect = lasting(client, id, clean_start);
                connack = client_connect(client, &connect);
                stage_must(connack.reason == REASON_SUCCESS);
                stage_must(connack.session_present == (i > 0 && !clean_start));
                if (before)
                        client_take_disconnect(before, REASON_SESSION_TAKEN_OVER);
                client_free(before);
                before = client;
                if (i == 0)
                        client_subscribe(client, "t", 1);
        }
        stage_must(stage_counters(&stage).subscriptions == !clean_start);
        stage_must(stage_counters(&stage).clients_connected == 1);
        stage_must(stage_counters(&stage).sessions == 1);
        client_free(before);
        stage_done(&stage);
}

/* What was not acknowledged comes again to who takes the session over, on the other worker. */
static void test_takeover_keeps_inflight(void)
{
        Client *first, *second, *from;
        Connect connect;
        Publish publish;
        const char *id;
        Stage stage;
        uint16_t sent;

        stage_init(&stage, 2, NULL);
        id = stage_id(&stage, 1, "client");
        first = client_new(&stage, 1, MQTT_5);
        connect = lasting(first, id, true);
        client_connect(first, &connect);
        client_subscribe(first, "t", 1);
        from = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "from"));
        client_publish(from, "t", HELLO, 1);
        sent = client_take_publish(first, "t", HELLO).packet_id;
        second = client_new(&stage, 0, MQTT_5);
        connect = lasting(second, id, false);
        stage_must(client_connect(second, &connect).session_present);
        publish = client_take_publish(second, "t", HELLO);
        stage_must(publish.dup && publish.packet_id == sent);
        client_free(first);
        client_free(second);
        client_free(from);
        stage_done(&stage);
}

/* --- shared subscriptions --- */

/* Members on both workers get their turns; all is delivered once. */
static void test_shared_turns(void)
{
        Client *members[4], *from;
        unsigned got[4] = {};
        Stage stage;
        Packet packet;

        stage_init(&stage, 2, NULL);
        from = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "from"));
        for (unsigned i = 0; i < 4; i++) {
                members[i] = client_join(&stage, i % 2, MQTT_5,
                                         stage_id(&stage, i % 2, i < 2 ? "a" : "b"));
                client_subscribe(members[i], "$share/group/t/#", 1);
        }
        for (unsigned i = 0; i < 40; i++)
                client_publish(from, "t/x", HELLO, 0);
        for (unsigned i = 0; i < 4; i++) {
                while (client_try(members[i], &packet))
                        got[i]++;
                stage_must(got[i] == 10);
                client_free(members[i]);
        }
        client_free(from);
        stage_done(&stage);
}

/* What a member that goes has not acknowledged goes to another one, on the other worker. */
static void test_shared_redistribution(void)
{
        Client *leaver, *stayer, *from;
        unsigned n = 0;
        Stage stage;
        Packet packet;

        stage_init(&stage, 2, NULL);
        from = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "from"));
        leaver = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "leaver"));
        stayer = client_join(&stage, 1, MQTT_5, stage_id(&stage, 1, "stayer"));
        client_subscribe(leaver, "$share/group/t", 1);
        client_subscribe(stayer, "$share/group/t", 1);
        for (unsigned i = 0; i < 10; i++)
                client_publish(from, "t", HELLO, 1);
        stage_turn(&stage);
        client_free(leaver);
        while (client_try(stayer, &packet)) {
                Publish publish;

                stage_must(packet.type == PACKET_PUBLISH);
                stage_must(publish_decode(packet.body, MQTT_5, packet.flags, &publish) == 0);
                client_ack(stayer, PACKET_PUBACK, publish.packet_id);
                n++;
        }
        stage_must(n == 10);
        stage_must(stage_counters(&stage).messages_queued == 0);
        client_free(stayer);
        client_free(from);
        stage_done(&stage);
}

/* --- what a client may not do, seen from the others --- */

static void test_errors_are_alone(void)
{
        static const struct {
                const char *bytes;
                size_t length;
        } cases[] = {
                {"\x30\x00", 2},             /* not CONNECT */
                {"\xFF\xFF", 2},             /* nothing at all */
                {"\x10\xFF\xFF\xFF\xFF", 5}, /* a length of more than four bytes */
                {"\x10\x02\x00\x04", 4},     /* cut short */
                {"GET / HTTP/1.1\r\n", 16},
        };
        Client *from, *to;
        Stage stage;

        stage_init(&stage, 2, NULL);
        from = client_join(&stage, 0, MQTT_5, "from");
        to = client_join(&stage, 1, MQTT_5, "to");
        client_subscribe(to, "t", 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Client *bad = client_new(&stage, i % 2, MQTT_5);

                client_send(bad, cases[i].bytes, cases[i].length);
                client_take_end(bad);
                client_free(bad);
                client_publish(from, "t", HELLO, 0);
                client_take_publish(to, "t", HELLO);
        }
        stage_must(stage_counters(&stage).sockets_open == 2);
        client_free(from);
        client_free(to);
        stage_done(&stage);
}

/* A second CONNECT ends the connection with its reason, and the rest of the input is not looked at.
 */
static void test_second_connect(void)
{
        Stage stage;
        Client *client;
        Connect connect;
        Buffer talk = {};

        stage_init(&stage, 1, NULL);
        client = client_join(&stage, 0, MQTT_5, "x");
        client_subscribe(client, "t", 0);
        connect = client_connect_base(client, "x");
        stage_must(connect_encode(&connect, &talk) == 0);
        stage_must(buffer_append(&talk, "\x30\x05\x00\x01t\x00!", 7) == 0);
        client_send_buffer(client, &talk);
        client_take_disconnect(client, REASON_PROTOCOL_ERROR);
        stage_must(stage_counters(&stage).publish_received == 0);
        client_free(client);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_data_func("/server/shard/traffic/1-worker", GUINT_TO_POINTER(1), test_traffic);
        g_test_add_data_func("/server/shard/traffic/2-workers", GUINT_TO_POINTER(2), test_traffic);
        g_test_add_func("/server/shard/segments", test_segments);
        g_test_add_func("/server/shard/large-payload-to-many", test_large);
        g_test_add_func("/server/shard/publish-and-leave", test_publish_and_leave);
        g_test_add_func("/server/shard/qos2-repetition", test_qos2_repetition);
        g_test_add_func("/server/shard/moves-to-its-owner", test_moves);
        g_test_add_func("/server/shard/moves-with-its-input", test_moves_with_its_input);
        g_test_add_func("/server/shard/generated-id-stays", test_generated_id_stays);
        g_test_add_data_func("/server/shard/takeover/resumes", GUINT_TO_POINTER(0), test_takeover);
        g_test_add_data_func("/server/shard/takeover/clean", GUINT_TO_POINTER(1), test_takeover);
        g_test_add_func("/server/shard/takeover/keeps-inflight", test_takeover_keeps_inflight);
        g_test_add_func("/server/shard/shared/turns", test_shared_turns);
        g_test_add_func("/server/shard/shared/redistribution", test_shared_redistribution);
        g_test_add_func("/server/shard/errors-are-alone", test_errors_are_alone);
        g_test_add_func("/server/shard/second-connect", test_second_connect);
        return g_test_run();
}
