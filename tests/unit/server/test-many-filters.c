/* SPDX-License-Identifier: Apache-2.0 */

/* Packets with many filters, and sessions that have had them. */

#include <glib.h>

#include "mqtt/suback.h"
#include "mqtt/subscribe.h"
#include "mqtt/unsuback.h"
#include "mqtt/unsubscribe.h"
#include "stage.h"

#define FILTERS 1000U

static void add_filters(Buffer *to, MqttVersion version, bool is_subscribe)
{
        for (unsigned i = 0; i < FILTERS; i++) {
                g_autofree char *filter = g_strdup_printf("many/%u/#", i);
                const SubscribeEntry entry = {.filter = bytes_from_string(filter)};

                g_assert_cmpint(is_subscribe ? subscribe_entry_encode(&entry, version, to)
                                             : unsubscribe_filter_encode(entry.filter, to),
                                ==, 0);
        }
}

static void send_subscribe(Client *client, uint16_t id)
{
        Buffer filters = {}, packet = {};
        Subscribe subscribe = {.packet_id = id};

        add_filters(&filters, client->version, true);
        subscribe.entries = reader_of(buffer_bytes(&filters));
        properties_init(&subscribe.properties);
        g_assert_cmpint(subscribe_encode(&subscribe, client->version, &packet), ==, 0);
        client_send_buffer(client, &packet);
        buffer_done(&filters);
}

static void send_unsubscribe(Client *client, uint16_t id)
{
        Buffer filters = {}, packet = {};
        Unsubscribe unsubscribe = {.packet_id = id};

        add_filters(&filters, client->version, false);
        unsubscribe.filters = reader_of(buffer_bytes(&filters));
        properties_init(&unsubscribe.properties);
        g_assert_cmpint(unsubscribe_encode(&unsubscribe, client->version, &packet), ==, 0);
        client_send_buffer(client, &packet);
        buffer_done(&filters);
}

/* One reason for each filter, whatever the part that it was in. */
static void assert_all_granted(uint16_t id, uint16_t expected_id, Bytes reasons)
{
        g_assert_cmpuint(id, ==, expected_id);
        g_assert_cmpuint(reasons.length, ==, FILTERS);
        for (unsigned i = 0; i < FILTERS; i++)
                g_assert_cmpuint(reasons.data[i], ==, 0);
}

static void take_suback(Client *client, uint16_t id)
{
        Packet packet = client_take(client, PACKET_SUBACK);
        Suback suback;

        g_assert_cmpint(suback_decode(packet.body, client->version, &suback), ==, 0);
        assert_all_granted(suback.packet_id, id, suback.reasons);
}

static void take_unsuback(Client *client, uint16_t id)
{
        Packet packet = client_take(client, PACKET_UNSUBACK);
        Unsuback unsuback;

        g_assert_cmpint(unsuback_decode(packet.body, client->version, &unsuback), ==, 0);
        assert_all_granted(unsuback.packet_id, id, unsuback.reasons);
}

/* Others have their answers meanwhile; what stands behind the packet waits for it. */
static void test_many_filters(void)
{
        static const uint8_t ping[] = {0xc0, 0};
        Client *many, *good;
        unsigned turns = 0;
        Stage stage;

        stage_init(&stage, 1, NULL);
        many = client_join(&stage, 0, MQTT_5, "many");
        good = client_join(&stage, 0, MQTT_5, "good");
        send_subscribe(many, 1);
        send_unsubscribe(many, 2);
        client_send(many, ping, sizeof(ping));
        do {
                client_send(good, ping, sizeof(ping));
                shard_turn(stage_shard(&stage, 0), MSEC_INFINITY); /* it does not sleep */
                g_assert_cmpuint(client_available(good), ==, ++turns * sizeof(ping));
        } while (stage_counters(&stage).subscriptions > 0 && turns < FILTERS);
        g_assert_cmpuint(turns, >, 8);
        take_suback(many, 1);
        take_unsuback(many, 2);
        client_take(many, PACKET_PINGRESP);
        client_take_nothing(many);
        client_free(many);
        client_free(good);
        stage_done(&stage);
}

/* Who leaves with many is gone at once, but its routes go in parts; who has its place then gets
 * nothing of what was for it. */
static void test_many_filters_go(void)
{
        Client *many, *next, *good;
        unsigned turns = 0;
        Stage stage;

        stage_init(&stage, 1, NULL);
        good = client_join(&stage, 0, MQTT_5, "good");
        many = client_join(&stage, 0, MQTT_5, "many");
        send_subscribe(many, 1);
        while (stage_counters(&stage).subscriptions < FILTERS)
                stage_turn(&stage);
        client_free(many);
        shard_turn(stage_shard(&stage, 0), 0);
        g_assert_cmpuint(stage_counters(&stage).sessions, ==, 1);
        g_assert_cmpuint(stage_counters(&stage).subscriptions, >, FILTERS / 2);
        next = client_new(&stage, 0, MQTT_5);
        client_send(next, "\x10\x0e\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x01n", 16);
        client_send(good, "\x30\x0a\x00\x06many/5\x00x", 12);
        shard_turn(stage_shard(&stage, 0), 0);
        client_send(good, "\x30\x0c\x00\x08many/999\x00x", 14);
        shard_turn(stage_shard(&stage, 0), 0);
        for (uint64_t before; (before = stage_counters(&stage).subscriptions) > 0; turns++) {
                shard_turn(stage_shard(&stage, 0), MSEC_INFINITY); /* it does not sleep */
                g_assert_cmpuint(before - stage_counters(&stage).subscriptions, <=, FILTERS / 4);
        }
        g_assert_cmpuint(turns, >, 4);
        client_take(next, PACKET_CONNACK);
        client_take_nothing(next);
        client_free(next);
        client_free(good);
        stage_done(&stage);
}

/* A worker that ends does not leave routes behind. */
static void test_end_with_leavers(void)
{
        Client *many;
        Stage stage;

        stage_init(&stage, 1, NULL);
        many = client_join(&stage, 0, MQTT_5, "many");
        send_subscribe(many, 1);
        while (stage_counters(&stage).subscriptions < FILTERS)
                stage_turn(&stage);
        client_free(many);
        shard_turn(stage_shard(&stage, 0), 0);
        g_assert_cmpuint(stage_counters(&stage).subscriptions, >, 0);
        stage_done(&stage);
}

/* Who has little to ask for waits for one part of those who have much, not for all of them. */
static void test_the_line_goes_round(void)
{
        Client *many[4], *good;
        Stage stage;

        stage_init(&stage, 1, NULL);
        good = client_join(&stage, 0, MQTT_5, "good");
        for (unsigned i = 0; i < ARRAY_SIZE(many); i++) {
                g_autofree char *name = g_strdup_printf("m%u-", i);

                many[i] = client_join(&stage, 0, MQTT_5, stage_id(&stage, 0, name));
                send_subscribe(many[i], 1);
        }
        shard_turn(stage_shard(&stage, 0), 0);
        client_send(good, "\x82\x07\x00\x01\x00\x00\x01g\x00", 9);
        for (unsigned i = 0; i < ARRAY_SIZE(many) + 2; i++)
                shard_turn(stage_shard(&stage, 0), 0);
        g_assert_cmpuint(client_available(good), >, 0);
        for (unsigned i = 0; i < ARRAY_SIZE(many); i++) {
                g_assert_cmpuint(client_available(many[i]), ==, 0);
                client_free(many[i]);
        }
        client_free(good);
        stage_done(&stage); /* those who leave while they wait */
}

/* All are looked at before the first takes effect, and that is done in parts, too. */
static void test_the_last_filter_is_wrong(void)
{
        static const uint8_t ping[] = {0xc0, 0};
        const SubscribeEntry wrong = {.filter = BYTES_LITERAL("wrong#")};
        Buffer filters = {}, packet = {};
        Subscribe subscribe = {.packet_id = 1};
        Client *many, *good;
        unsigned turns = 0;
        Stage stage;

        stage_init(&stage, 1, NULL);
        many = client_join(&stage, 0, MQTT_5, "many");
        good = client_join(&stage, 0, MQTT_5, "good");
        for (unsigned i = 0; i < 4; i++)
                add_filters(&filters, MQTT_5, true);
        g_assert_cmpint(subscribe_entry_encode(&wrong, MQTT_5, &filters), ==, 0);
        subscribe.entries = reader_of(buffer_bytes(&filters));
        properties_init(&subscribe.properties);
        g_assert_cmpint(subscribe_encode(&subscribe, MQTT_5, &packet), ==, 0);
        client_send_buffer(many, &packet);
        do {
                client_send(good, ping, sizeof(ping));
                shard_turn(stage_shard(&stage, 0), MSEC_INFINITY); /* it does not sleep */
                g_assert_cmpuint(client_available(good), ==, ++turns * sizeof(ping));
                g_assert_cmpuint(stage_counters(&stage).subscriptions, ==, 0);
        } while (client_available(many) == 0 && turns < FILTERS);
        g_assert_cmpuint(turns, >, 2);
        client_take_disconnect(many, REASON_TOPIC_FILTER_INVALID);
        client_free(many);
        client_free(good);
        buffer_done(&filters);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/many-filters/in-parts", test_many_filters);
        g_test_add_func("/server/many-filters/go", test_many_filters_go);
        g_test_add_func("/server/many-filters/end-with-leavers", test_end_with_leavers);
        g_test_add_func("/server/many-filters/the-line-goes-round", test_the_line_goes_round);
        g_test_add_func("/server/many-filters/the-last-is-wrong", test_the_last_filter_is_wrong);
        return g_test_run();
}
