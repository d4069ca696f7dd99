/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzzer: whole connections to a worker, beside a subscriber and a client that behaves.
 *
 * The first byte says how many connections there are, whether CONNECT is sent for them, and whether
 * passwords and rules hold. Then come segments: a byte of flags, a length, so many bytes for one of
 * the connections. Whatever they say, the broker's answers are packets, what it forwards is legal,
 * the client that behaves gets its own message, nobody reads or writes what the rules deny to all
 * of them, and nothing is left behind.
 */

#include <string.h>

#include "../unit/server/stage-access.h"
#include "fuzz.h"

#define CONNECTIONS_MAX 4

/* Of the first byte. */
#define SETUP_CONNECTIONS(byte) (1u + ((byte)&3))
#define SETUP_VERSION(byte)     ((byte) >> 2 & 3)
#define SETUP_IS_STRICT(byte)   ((byte) >> 4 & 1)

/* Of a segment. */
#define SEGMENT_CONNECTION 0x03
#define SEGMENT_CLOSES     0x04 /* then the client is gone, and another one takes its place */
#define SEGMENT_WAITS      0x08 /* then a minute passes */
#define SEGMENT_READS      0x10 /* then the client reads what there is for it */
#define SEGMENT_PRESSURE   0x20 /* memory is short while it is handled */

/* The password of `name` is checked by a helper. */
#define USERS                                                                                      \
        "name:" SLOW_HASH "\nnick:" QUICK_HASH "\nwatch:" QUICK_HASH "\nprobe:" QUICK_HASH "\n"
#define RULES                                                                                      \
        "user watch\ntopic readwrite #\n"                                                          \
        "user probe\ntopic readwrite probe\ntopic write hidden\n"                                  \
        "user name\ntopic readwrite #\ntopic deny secret\ntopic deny hidden\n"                     \
        "user nick\ntopic read #\ntopic write t\ntopic write w\ntopic deny secret\n"               \
        "topic deny hidden\n"

typedef struct Scene {
        Stage stage;
        uint8_t setup;
        Client *watch; /* takes all there is */
        Client *probe; /* behaves */
        Client *clients[CONNECTIONS_MAX];
} Scene;

static void adjust(Settings *settings)
{
        settings->max_queued_messages = 5;
        settings->max_inflight_messages = 3;
        settings->max_packet_size = 5000;
        settings->max_output_buffer = 4096;
        settings->check_payload_format = true;
}

/* A CONNECT that opens as much as there is: a session, a will, aliases. */
static void introduce(Client *client, const char *id)
{
        Connect connect = client_connect_base(client, id);
        Buffer buffer = {};

        connect.has_username = connect.has_password = true;
        connect.username = bytes_from_string(id[0] == 'a' || id[0] == 'c' ? "name" : "nick");
        connect.password = BYTES_LITERAL("p");
        connect.clean_start = false;
        connect.keep_alive = 30;
        connect.has_will = true;
        connect.will.topic = BYTES_LITERAL("w");
        connect.will.qos = 1;
        connect.will.retain = true;
        connect.will.properties.present = PROPERTY_BIT(PROPERTY_WILL_DELAY_INTERVAL);
        connect.will.properties.will_delay_interval = 10;
        connect.properties.present = PROPERTY_BIT(PROPERTY_SESSION_EXPIRY_INTERVAL) |
                                     PROPERTY_BIT(PROPERTY_RECEIVE_MAXIMUM) |
                                     PROPERTY_BIT(PROPERTY_TOPIC_ALIAS_MAXIMUM);
        connect.properties.session_expiry_interval = 100;
        connect.properties.receive_maximum = 2;
        connect.properties.topic_alias_maximum = 2;
        must(connect_encode(&connect, &buffer) == 0);
        client_send_buffer(client, &buffer);
}

static void enter(Scene *scene, unsigned i)
{
        static const MqttVersion versions[] = {MQTT_UNKNOWN, MQTT_3_1, MQTT_3_1_1, MQTT_5};
        static const char *const ids[CONNECTIONS_MAX] = {"a", "b", "c", "d"};
        MqttVersion version = versions[SETUP_VERSION(scene->setup)];

        client_free(scene->clients[i]);
        scene->clients[i] = client_new(&scene->stage, 0, version);
        if (version != MQTT_UNKNOWN)
                introduce(scene->clients[i], ids[i]);
}

/* Helpers have their turn when the workers have had theirs. */
static void turn(Scene *scene)
{
        shard_turn(stage_shard(&scene->stage, 0), 0);
        if (helper_turn(&scene->stage))
                shard_turn(stage_shard(&scene->stage, 0), 0);
}

/* Of one that was decoded before: who comes by a version that is not known to the test may speak
 * any. */
static bool is_about(const Packet *packet, const char *topic)
{
        const size_t length = strlen(topic);

        return packet->type == PACKET_PUBLISH && packet->body.length >= length + 2 &&
               packet->body.data[0] == 0 && packet->body.data[1] == length &&
               memcmp(packet->body.data + 2, topic, length) == 0;
}

/* Every byte belongs to a packet that a broker may send. */
static void read_answers(const Scene *scene, Client *client)
{
        Packet packet;

        while (client_try(client, &packet)) {
                must(packet.type != PACKET_CONNECT && packet.type != PACKET_SUBSCRIBE &&
                     packet.type != PACKET_UNSUBSCRIBE && packet.type != PACKET_PINGREQ);
                must(!SETUP_IS_STRICT(scene->setup) || !is_about(&packet, "hidden"));
        }
        must(!client->ended || buffer_length(&client->input) == 0);
}

static void read_forwarded(const Scene *scene, Client *watch)
{
        Packet packet;

        while (client_try(watch, &packet)) {
                Publish publish;

                must(packet.type == PACKET_PUBLISH);
                must(publish_decode(packet.body, watch->version, packet.flags, &publish) == 0);
                must(!SETUP_IS_STRICT(scene->setup) || !is_about(&packet, "secret"));
        }
        must(!watch->ended);
}

static void play(Scene *scene, const uint8_t *data, size_t size)
{
        while (size >= 2) {
                unsigned i = (data[0] & SEGMENT_CONNECTION) % SETUP_CONNECTIONS(scene->setup);
                size_t length = MIN((size_t)data[1], size - 2);
                uint8_t flags = data[0];

                server_set_memory_pressure(scene->stage.server, flags & SEGMENT_PRESSURE);
                client_send(scene->clients[i], data + 2, length);
                turn(scene);
                if (flags & SEGMENT_READS)
                        read_answers(scene, scene->clients[i]);
                if (flags & SEGMENT_WAITS)
                        stage_pass(&scene->stage, 60 * MSEC_PER_SEC);
                if (flags & SEGMENT_CLOSES)
                        enter(scene, i);
                data += 2 + length;
                size -= 2 + length;
        }
        server_set_memory_pressure(scene->stage.server, false);
}

/* The one that behaves gets its message, whatever else there is for the topic. */
static void check_alive(Scene *scene)
{
        Bytes payload = BYTES_LITERAL("the message of the client that behaves");
        Publish publish;

        client_publish(scene->probe, "probe", payload, 0);
        do {
                Packet packet = client_take(scene->probe, PACKET_PUBLISH);

                must(publish_decode(packet.body, MQTT_5, packet.flags, &publish) == 0);
        } while (!bytes_equal(publish.payload, payload));
}

static void check_empty(Scene *scene)
{
        for (unsigned i = 0; i < SETUP_CONNECTIONS(scene->setup); i++)
                scene->clients[i] = client_free(scene->clients[i]);
        stage_turn(&scene->stage);
        while (helper_turn(&scene->stage))
                stage_turn(&scene->stage);
        stage_pass(&scene->stage, 2 * MSEC_PER_SEC);
        must(stage_counters(&scene->stage).sockets_open == 2);
        must(stage_counters(&scene->stage).clients_connected == 2);
}

static Client *join(Scene *scene, const char *user, const char *id)
{
        Client *client = client_new(&scene->stage, 0, MQTT_5);
        Connect connect = client_connect_base(client, id);

        connect.has_username = connect.has_password = true;
        connect.username = bytes_from_string(user);
        connect.password = BYTES_LITERAL("p");
        must(client_connect(client, &connect).reason == 0);
        return client;
}

/* What nobody else may read is there to be asked for. */
static void hide_something(Scene *scene)
{
        Publish publish = {
                .topic = BYTES_LITERAL("hidden"),
                .payload = BYTES_LITERAL("x"),
                .retain = true,
        };

        properties_init(&publish.properties);
        client_publish_packet(scene->probe, &publish);
        stage_turn(&scene->stage);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Scene scene = {};

        if (size < 1)
                return 0;
        scene.setup = data[0];
        stage_init(&scene.stage, 1, adjust);
        stage_take_helpers(&scene.stage, 4);
        if (SETUP_IS_STRICT(scene.setup))
                stage_police(&scene.stage, USERS, RULES);
        scene.watch = join(&scene, "watch", "the subscriber that takes it all");
        client_subscribe(scene.watch, "#", 0);
        scene.probe = join(&scene, "probe", "the client that behaves");
        client_subscribe(scene.probe, "probe", 0);
        hide_something(&scene);
        for (unsigned i = 0; i < SETUP_CONNECTIONS(scene.setup); i++)
                enter(&scene, i);
        play(&scene, data + 1, size - 1);
        check_alive(&scene);
        read_forwarded(&scene, scene.watch);
        check_empty(&scene);
        client_free(scene.watch);
        client_free(scene.probe);
        stage_done(&scene.stage);
        return 0;
}
