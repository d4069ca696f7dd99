/* SPDX-License-Identifier: Apache-2.0 */

/* Connections that go on in another server. */

#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mqtt/ack.h"
#include "mqtt/disconnect.h"
#include "server/plane-store.h"
#include "stage-park.h"

#define WORD BYTES_LITERAL("word")

/* From how many workers to how many. */
static const unsigned moves[][2] = {{1, 1}, {1, 4}, {4, 1}, {2, 3}};

/* Messages of all kinds go on, both ways, at any number of workers; nothing is told to anybody. */
static void test_goes_on(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(moves); i++) {
                Client *from, *to, *old;
                ArrivalCounts counts;
                Stage stage;

                stage_init(&stage, moves[i][0], NULL);
                from = client_join(&stage, 0, MQTT_5, "from");
                to = client_join(&stage, 0, MQTT_5, "to");
                old = client_join(&stage, 0, MQTT_3_1_1, "old");
                client_subscribe(to, "t/#", 2);
                client_subscribe(old, "t/#", 1);
                counts = stage_restart(&stage, moves[i][1]);
                g_assert_cmpuint(counts.connections, ==, 3);
                g_assert_cmpuint(counts.sessions, ==, 3);
                g_assert_cmpuint(stage_counters(&stage).clients_connected, ==, 3);
                g_assert_cmpuint(stage_counters(&stage).sockets_open, ==, 3);
                client_take_nothing(to);
                for (uint8_t qos = 0; qos <= 2; qos++) {
                        uint16_t id = client_publish(from, "t/a", WORD, qos);
                        Publish publish;

                        if (qos > 0)
                                client_take_ack(from, qos == 1 ? PACKET_PUBACK : PACKET_PUBREC, id);
                        publish = client_take_publish(to, "t/a", WORD);
                        g_assert_cmpuint(publish.qos, ==, qos);
                        client_take_publish(old, "t/a", WORD);
                }
                client_free(from);
                client_free(to);
                client_free(old);
                stage_done(&stage);
        }
}

/* What is in flight is not repeated, and its acknowledgement counts. */
static void test_in_flight(void)
{
        Client *from, *to;
        Publish first, second;
        uint16_t id;
        Stage stage;

        stage_init(&stage, 1, NULL);
        from = client_join(&stage, 0, MQTT_5, "from");
        to = client_join(&stage, 0, MQTT_5, "to");
        client_subscribe(to, "t", 2);
        id = client_publish(from, "t", WORD, 2);
        client_take_ack(from, PACKET_PUBREC, id);
        first = client_take_publish(to, "t", WORD);
        stage_restart(&stage, 2);
        client_take_nothing(to);
        client_take_nothing(from);
        client_ack(from, PACKET_PUBREL, id);
        g_assert_cmpuint(client_take_ack(from, PACKET_PUBCOMP, id), ==, 0);
        client_ack(to, PACKET_PUBREC, first.packet_id);
        client_take_ack(to, PACKET_PUBREL, first.packet_id);
        stage_restart(&stage, 1);
        client_ack(to, PACKET_PUBCOMP, first.packet_id);
        client_publish(from, "t", WORD, 1);
        second = client_take_publish(to, "t", WORD);
        client_ack(to, PACKET_PUBACK, second.packet_id);
        client_ping(to);
        g_assert_cmpuint(stage_counters(&stage).messages_queued, ==, 0);
        client_free(from);
        client_free(to);
        stage_done(&stage);
}

/* A packet that has come in pieces is one, wherever it was cut. */
static void test_partial_input(void)
{
        Buffer packet = {};
        Client *client, *to;
        Publish publish = {.topic = BYTES_LITERAL("t"), .payload = BYTES_LITERAL("in pieces")};
        Stage stage;

        stage_init(&stage, 2, NULL);
        client = client_join(&stage, 0, MQTT_5, "client");
        to = client_join(&stage, 0, MQTT_5, "to");
        client_subscribe(to, "t", 0);
        properties_init(&publish.properties);
        stage_must(publish_encode(&publish, MQTT_5, &packet) == 0);
        for (size_t cut = 1; cut < buffer_length(&packet); cut++) {
                client_send(client, buffer_head(&packet), cut);
                stage_turn(&stage);
                stage_restart(&stage, 1 + (unsigned)cut % 3);
                client_send(client, buffer_head(&packet) + cut, buffer_length(&packet) - cut);
                client_take_publish(to, "t", publish.payload);
        }
        buffer_done(&packet);
        client_free(client);
        client_free(to);
        stage_done(&stage);
}

/* Neither a CONNECT that has begun nor one that has not is lost. */
static void test_partial_connect(void)
{
        Client *silent, *half;
        Buffer packet = {};
        Connect connect;
        Stage stage;

        stage_init(&stage, 4, NULL);
        silent = client_new(&stage, 0, MQTT_5);
        half = client_new(&stage, 1, MQTT_3_1_1);
        connect = client_connect_base(half, "half");
        stage_must(connect_encode(&connect, &packet) == 0);
        client_send(half, buffer_head(&packet), 5);
        stage_turn(&stage);
        g_assert_cmpuint(stage_restart(&stage, 2).connections, ==, 2);
        client_send(half, buffer_head(&packet) + 5, buffer_length(&packet) - 5);
        client_take(half, PACKET_CONNACK);
        connect = client_connect_base(silent, "silent");
        g_assert_cmpuint(client_connect(silent, &connect).reason, ==, 0);
        buffer_done(&packet);
        client_free(silent);
        client_free(half);
        stage_done(&stage);
}

/* Megabytes that the peer has not read, shared and copied, come in their order and whole. */
static void test_unsent_output(void)
{
        static uint8_t large[300000], small[100];
        Client *from, *slow[3];
        Stage stage;

        for (size_t i = 0; i < sizeof(large); i++)
                large[i] = (uint8_t)(i * 7);
        stage_init(&stage, 1, NULL);
        from = client_join(&stage, 0, MQTT_5, "from");
        for (unsigned i = 0; i < 3; i++) {
                slow[i] = client_join(&stage, 0, i ? MQTT_5 : MQTT_3_1_1,
                                      (const char *[]){"a", "b", "c"}[i]);
                client_subscribe(slow[i], "t", 1);
        }
        for (unsigned i = 0; i < 20; i++) {
                Bytes payload = i % 3 == 1 ? (Bytes){small, sizeof(small)}
                                           : (Bytes){large, sizeof(large) - i};
                uint16_t id = client_publish(from, "t", payload, i % 2);

                if (i % 2)
                        client_take_ack(from, PACKET_PUBACK, id);
        }
        client_ping(from);
        g_assert_cmpuint(stage_counters(&stage).output_bytes, >, 3 * 1000000);
        stage_restart(&stage, 2);
        stage_restart(&stage, 1);
        for (unsigned i = 0; i < 20; i++)
                for (unsigned k = 0; k < 3; k++)
                        client_take_publish(slow[k], "t",
                                            i % 3 == 1 ? (Bytes){small, sizeof(small)}
                                                       : (Bytes){large, sizeof(large) - i});
        for (unsigned k = 0; k < 3; k++)
                client_free(slow[k]);
        client_ping(from);
        client_free(from);
        stage_done(&stage);
}

static void allow_aliases(Settings *settings)
{
        settings->listeners[0].max_topic_alias = 10;
        settings->listeners[0].max_topic_alias_broker = 10;
}

static Publish aliased(const char *topic, uint16_t alias)
{
        Publish publish = {.topic = bytes_from_string(topic), .payload = WORD};

        properties_init(&publish.properties);
        publish.properties.present |= PROPERTY_BIT(PROPERTY_TOPIC_ALIAS);
        publish.properties.topic_alias = alias;
        return publish;
}

static void test_aliases(void)
{
        Client *from, *to;
        Publish publish;
        Connect connect;
        Stage stage;

        stage_init(&stage, 1, allow_aliases);
        from = client_join(&stage, 0, MQTT_5, "from");
        to = client_new(&stage, 0, MQTT_5);
        connect = client_connect_base(to, "to");
        connect.properties.present |= PROPERTY_BIT(PROPERTY_TOPIC_ALIAS_MAXIMUM);
        connect.properties.topic_alias_maximum = 5;
        g_assert_cmpuint(client_connect(to, &connect).reason, ==, 0);
        client_subscribe(to, "#", 0);
        publish = aliased("first", 7);
        client_publish_packet(from, &publish);
        publish = client_take_publish(to, "first", WORD);
        g_assert_cmpuint(publish.properties.topic_alias, ==, 1);
        stage_restart(&stage, 2);
        publish = aliased("", 7);
        client_publish_packet(from, &publish);
        publish = client_take_publish(to, "", WORD);
        g_assert_cmpuint(publish.properties.topic_alias, ==, 1);
        client_publish(from, "second", WORD, 0);
        publish = client_take_publish(to, "second", WORD);
        g_assert_cmpuint(publish.properties.topic_alias, ==, 2);
        client_free(from);
        client_free(to);
        stage_done(&stage);
}

/* The deadline stays where it was, but for the time in which nobody could be heard. */
static void test_keep_alive(void)
{
        Luggage luggage;
        ArrivalCounts counts;
        Connect connect;
        Client *client;
        Stage stage;

        stage_init(&stage, 1, NULL);
        client = client_new(&stage, 0, MQTT_5);
        connect = client_connect_base(client, "client");
        connect.keep_alive = 10;
        g_assert_cmpuint(client_connect(client, &connect).reason, ==, 0);
        stage_pass(&stage, 10000);
        stage_leave(&stage, &luggage);
        stage_sleep(60000);
        g_assert_cmpint(stage_arrive(&stage, 1, &luggage, &counts), ==, 0);
        luggage_done(&luggage);
        stage_pass(&stage, 4999);
        client_take_nothing(client);
        stage_pass(&stage, 1);
        client_take_disconnect(client, REASON_KEEP_ALIVE_TIMEOUT);
        client_free(client);
        stage_done(&stage);
}

static void test_connect_timeout(void)
{
        Client *client;
        Stage stage;

        stage_init(&stage, 1, NULL);
        client = client_new(&stage, 0, MQTT_5);
        stage_pass(&stage, stage.settings->connect_timeout * MSEC_PER_SEC - 1);
        stage_restart(&stage, 1);
        client_take_nothing(client);
        stage_pass(&stage, 1);
        client_take_end(client);
        client_free(client);
        stage_done(&stage);
}

static Client *join_with_will(Stage *stage, const char *id, uint32_t expiry)
{
        Client *client = client_new(stage, 0, MQTT_5);
        Connect connect = client_connect_base(client, id);

        connect.has_will = true;
        connect.will.topic = BYTES_LITERAL("will");
        connect.will.payload = bytes_from_string(id);
        connect.properties.present |= PROPERTY_BIT(PROPERTY_SESSION_EXPIRY_INTERVAL);
        connect.properties.session_expiry_interval = expiry;
        stage_must(client_connect(client, &connect).reason == REASON_SUCCESS);
        return client;
}

/* Who does not arrive has left: its will is published, its session stays for its time. */
static void test_lost_on_the_way(void)
{
        Client *watch, *lost, *lasting, *stays;
        ArrivalCounts counts;
        Luggage luggage;
        Stage stage;

        stage_init(&stage, 2, NULL);
        watch = client_join(&stage, 0, MQTT_5, "watch");
        client_subscribe(watch, "will", 1);
        stays = join_with_will(&stage, "stays", 100);
        lost = join_with_will(&stage, "lost", 0);
        lasting = join_with_will(&stage, "lasting", 100);
        stage_leave(&stage, &luggage);
        /* Sessions go in no certain order: these two have been last. */
        client_free(lost);
        client_free(lasting);
        g_assert_cmpuint(luggage.n, ==, 4);
        for (size_t i = 0; i < luggage.n; i++) {
                char byte;

                if (recv(luggage.items[i].fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0) {
                        close(luggage.items[i].fd);
                        luggage.items[i].fd = -1;
                }
        }
        g_assert_cmpint(stage_arrive(&stage, 1, &luggage, &counts), ==, 0);
        g_assert_cmpuint(counts.connections, ==, 2);
        g_assert_cmpuint(counts.sessions, ==, 4);
        luggage_done(&luggage);
        for (unsigned i = 0; i < 2; i++) {
                Packet packet = client_take(watch, PACKET_PUBLISH);
                Publish will;

                stage_must(publish_decode(packet.body, MQTT_5, packet.flags, &will) == 0);
                g_assert_true(bytes_equal(will.payload, BYTES_LITERAL("lost")) ||
                              bytes_equal(will.payload, BYTES_LITERAL("lasting")));
        }
        client_take_nothing(watch);
        g_assert_cmpuint(stage_counters(&stage).sessions, ==, 3);
        client_ping(stays);
        client_free(watch);
        client_free(stays);
        stage_done(&stage);
}

/* Of a listener that the settings do not have any more, or that speaks TLS now. */
static void test_listener_is_gone(void)
{
        Client *five, *old, *other;
        ArrivalCounts counts;
        Luggage luggage;
        char *name;
        Stage stage;

        stage_init(&stage, 1, NULL);
        five = client_join(&stage, 0, MQTT_5, "five");
        old = client_join(&stage, 0, MQTT_3_1_1, "old");
        stage_leave(&stage, &luggage);
        name = stage.settings->listeners[0].name;
        stage.settings->listeners[0].name = g_strdup("another");
        g_assert_cmpint(stage_arrive(&stage, 1, &luggage, &counts), ==, 0);
        g_free(stage.settings->listeners[0].name);
        stage.settings->listeners[0].name = name;
        luggage_done(&luggage);
        g_assert_cmpuint(counts.connections, ==, 0);
        g_assert_cmpuint(counts.unserved, ==, 2);
        client_take_disconnect(five, REASON_ADMINISTRATIVE_ACTION);
        client_take_end(old);
        other = client_join(&stage, 0, MQTT_5, "five");
        client_free(other);
        client_free(five);
        client_free(old);
        stage_done(&stage);
}

/* Those for whom nobody has a state: they hear it if they can be told. */
static void test_dismissed(void)
{
        static uint8_t large[1000000];
        Client *five, *old, *silent, *behind;
        Luggage luggage;
        Stage stage;

        stage_init(&stage, 1, NULL);
        five = client_join(&stage, 0, MQTT_5, "five");
        old = client_join(&stage, 0, MQTT_3_1_1, "old");
        behind = client_join(&stage, 0, MQTT_5, "behind");
        silent = client_new(&stage, 0, MQTT_5);
        client_subscribe(behind, "t", 0);
        client_publish(five, "t", (Bytes){large, sizeof(large)}, 0);
        client_ping(five);
        client_send(five, "\xC0", 1); /* unread input must not cost it the answer */
        stage_leave(&stage, &luggage);
        g_assert_cmpuint(parked_dismiss_all(luggage.items, luggage.n), ==, 4);
        g_assert_cmpuint(parked_dismiss_all(luggage.items, luggage.n), ==, 0);
        stage_serve(&stage);
        client_take_disconnect(five, REASON_SERVER_SHUTTING_DOWN);
        client_take_end(old);
        client_take_end(silent);
        g_assert_cmpuint(client_available(behind), <, sizeof(large));
        luggage_done(&luggage);
        client_free(five);
        client_free(old);
        client_free(silent);
        client_free(behind);
        stage_done(&stage);
}

/* Those that do not go along hear why, and no will of theirs is published here. */
static void test_stays_behind(void)
{
        static const TlsTicketKey key;
        Client *watch, *five;
        Park park = {};
        Stage stage;
        int image = park_image_create();

        stage_init(&stage, 2, NULL);
        watch = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, "watch"));
        client_subscribe(watch, "will", 1);
        five = join_with_will(&stage, "five", 0);
        server_suspend(stage.server);
        g_assert_cmpint(server_park(stage.server, &(ParkNotes){.key = &key}, image, &park), ==, 0);
        g_assert_cmpuint(park.n, ==, 2);
        close(five->fd); /* so that nobody lingers */
        five->fd = -1;
        close(watch->fd);
        watch->fd = -1;
        server_leave(stage.server, &park, 0, 5000);
        g_assert_cmpuint(stage_counters(&stage).sockets_open, ==, 0);
        g_assert_cmpuint(stage.plane->connections, ==, 0);
        park_done(&park);
        stage.server = server_free(stage.server);
        stage_serve(&stage);
        close(image);
        client_free(watch);
        client_free(five);
        stage_done(&stage);
}

static void test_ticket_key(void)
{
        _cleanup_(park_image_freep) ParkImage *image = NULL;
        TlsTicketKey key;
        Luggage luggage;
        Stage stage;

        stage_init(&stage, 1, NULL);
        stage_leave(&stage, &luggage);
        g_assert_cmpint(park_image_open(luggage.image, &image), ==, 0);
        g_assert_cmpint(park_image_ticket_key(image, &key), ==, 0);
        g_assert_cmpstr((const char *)key.bytes, ==, "ticket key");
        luggage_done(&luggage);
        stage_serve(&stage);
        stage_done(&stage);
}

static void test_paused(void)
{
        _cleanup_(park_image_freep) ParkImage *image = NULL;
        Luggage luggage;
        Stage stage;

        stage_init(&stage, 1, NULL);
        stage_leave(&stage, &luggage);
        g_assert_cmpint(park_image_open(luggage.image, &image), ==, 0);
        g_assert_true(park_image_is_paused(image, "one"));
        g_assert_true(park_image_is_paused(image, "two"));
        g_assert_false(park_image_is_paused(image, "on"));
        g_assert_false(park_image_is_paused(image, "ticket key"));
        g_assert_false(park_image_is_paused(image, ""));
        luggage_done(&luggage);
        stage_serve(&stage);
        stage_done(&stage);
}

/* A copy of the image with this length and one byte changed (at length: none). */
static int spoil(int image, size_t length, size_t at)
{
        int copy = park_image_create();
        off_t size = lseek(image, 0, SEEK_END);
        uint8_t *bytes = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, image, 0);

        stage_must(bytes != MAP_FAILED);
        stage_must(write(copy, bytes, length) == (ssize_t)length);
        if (at < length) {
                uint8_t other = bytes[at] ^ 0x40;

                stage_must(pwrite(copy, &other, 1, (off_t)at) == 1);
        }
        munmap(bytes, (size_t)size);
        stage_must(park_image_seal(copy) == 0);
        return copy;
}

/* Whatever is wrong with the image: no crash, and each client is either served or told. */
static void test_damage(void)
{
        size_t length = 1000, step = 7;

        for (size_t i = 0; i < 2 * length; i += step) {
                Client *client, *to;
                ArrivalCounts counts;
                Luggage luggage;
                int image, r;
                Stage stage;

                stage_init(&stage, 2, allow_aliases);
                client = client_join(&stage, 0, MQTT_5, "client");
                to = client_join(&stage, 0, MQTT_5, "to");
                client_subscribe(to, "t/#", 2);
                client_publish(client, "t/a", WORD, 0);
                stage_turn(&stage);
                stage_leave(&stage, &luggage);
                length = (size_t)lseek(luggage.image, 0, SEEK_END);
                image = i < length ? spoil(luggage.image, i, i)
                                   : spoil(luggage.image, length, i % length);
                close(luggage.image);
                luggage.image = image;
                r = stage_arrive(&stage, 1, &luggage, &counts);
                g_assert_cmpint(r, <, 0);
                parked_dismiss_all(luggage.items, luggage.n);
                luggage_done(&luggage);
                client_take_publish(to, "t/a", WORD);
                client_send(client, "\xC0\x00", 2);
                client_send(to, "\xC0\x00", 2);
                stage_turn(&stage);
                g_assert_cmpuint(client_available(client), >, 0);
                g_assert_cmpuint(client_available(to), >, 0);
                client_free(client);
                client_free(to);
                stage_done(&stage);
        }
}

/* Subscriptions, also shared ones, messages that wait and retained ones, of a client that is away.
 */
static void test_away(void)
{
        Client *client, *from;
        Connect connect;
        Stage stage;

        stage_init(&stage, 2, NULL);
        from = client_join(&stage, 0, MQTT_5, "from");
        client = client_new(&stage, 0, MQTT_5);
        connect = client_connect_base(client, "away");
        connect.properties.present |= PROPERTY_BIT(PROPERTY_SESSION_EXPIRY_INTERVAL);
        connect.properties.session_expiry_interval = 100;
        g_assert_cmpuint(client_connect(client, &connect).reason, ==, 0);
        client_subscribe(client, "t", 1);
        client_subscribe(client, "$share/g/s", 1);
        client_free(client);
        client_take_ack(from, PACKET_PUBACK, client_publish(from, "t", WORD, 1));
        stage_restart(&stage, 3);
        client_take_ack(from, PACKET_PUBACK, client_publish(from, "s", WORD, 1));
        client = client_new(&stage, 1, MQTT_5);
        connect.clean_start = false;
        g_assert_true(client_connect(client, &connect).session_present);
        client_take_publish(client, "t", WORD);
        client_take_publish(client, "s", WORD);
        client_take_nothing(client);
        client_free(client);
        client_free(from);
        stage_done(&stage);
}

/* What a process without a store has left says nothing of the one that is there now: what that has
 * is of a time before. */
static void test_store_was_not_kept_up(void)
{
        _cleanup_(park_image_freep) ParkImage *image = NULL;
        Arrival arrival;
        ArrivalCounts counts;
        Luggage luggage;
        Stage stage;

        stage_init(&stage, 1, NULL);
        stage_leave(&stage, &luggage);
        stage_serve(&stage);
        g_assert_cmpint(plane_store_new(stage.plane), ==, 0);
        g_assert_cmpint(park_image_open(luggage.image, &image), ==, 0);
        arrival = (Arrival){.image = image, .endpoints = &stage.endpoint, .n_endpoints = 1};
        g_assert_cmpint(server_unpark(stage.server, &arrival, &counts), ==, 0);
        server_unpark_end(stage.server);
        g_assert_true(stage.plane->store->is_stale);
        luggage_done(&luggage);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/park/goes-on", test_goes_on);
        g_test_add_func("/server/park/in-flight", test_in_flight);
        g_test_add_func("/server/park/partial-input", test_partial_input);
        g_test_add_func("/server/park/partial-connect", test_partial_connect);
        g_test_add_func("/server/park/unsent-output", test_unsent_output);
        g_test_add_func("/server/park/aliases", test_aliases);
        g_test_add_func("/server/park/keep-alive", test_keep_alive);
        g_test_add_func("/server/park/connect-timeout", test_connect_timeout);
        g_test_add_func("/server/park/lost-on-the-way", test_lost_on_the_way);
        g_test_add_func("/server/park/listener-is-gone", test_listener_is_gone);
        g_test_add_func("/server/park/dismissed", test_dismissed);
        g_test_add_func("/server/park/stays-behind", test_stays_behind);
        g_test_add_func("/server/park/ticket-key", test_ticket_key);
        g_test_add_func("/server/park/paused", test_paused);
        g_test_add_func("/server/park/damage", test_damage);
        g_test_add_func("/server/park/away", test_away);
        g_test_add_func("/server/park/store-was-not-kept-up", test_store_was_not_kept_up);
        return g_test_run();
}
