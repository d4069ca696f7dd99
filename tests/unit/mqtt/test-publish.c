/* SPDX-License-Identifier: Apache-2.0 */
/* PUBLISH. */

#include "mqtt/publish.h"
#include "wire.h"

enum {
        BAD = REASON_MALFORMED_PACKET,
        WRONG = REASON_PROTOCOL_ERROR,
        TOPIC = REASON_TOPIC_NAME_INVALID,
};

#define FROM(n) (UINT64_MAX << (n))

static int decode(Bytes body, MqttVersion version, uint8_t first)
{
        Publish publish;

        return publish_decode(body, version, first & 15, &publish);
}

static void test_good(void)
{
        static const WireCase cases[] = {
                {"QoS 0", MQTT_3_1_1, 0x30, "0001 't' 'payload'", 0, FROM(3)},
                {"QoS 0 of 5", MQTT_5, 0x30, "0001 't' 00 'payload'", 0, FROM(4)},
                {"QoS 0, no payload", MQTT_3_1_1, 0x31, "0001 't'", 0, 0},
                {"QoS 1", MQTT_3_1, 0x32, "0001 't' 0001 'p'", 0, FROM(5)},
                {"QoS 1, DUP", MQTT_3_1_1, 0x3A, "0001 't' FFFF 'p'", 0, FROM(5)},
                {"QoS 2, DUP, retain", MQTT_5, 0x3D, "0001 't' 0001 00 'p'", 0, FROM(6)},
                {"alias", MQTT_5, 0x30, "0000 03 23 0001 'p'", 0, FROM(6)},
                {"alias and topic", MQTT_5, 0x30, "0001 't' 03 23 0001", 0, 0},
                {"not a v5 empty payload", MQTT_5, 0x30, "0001 't' 00", 0, 0},
                {"payload not UTF-8", MQTT_5, 0x30, "0001 't' 02 01 01 FF", 0, FROM(6)},
        };

        wire_run(decode, cases, G_N_ELEMENTS(cases));
}

static void test_bad(void)
{
        static const WireCase cases[] = {
                {"QoS 3", MQTT_3_1_1, 0x36, "0001 't' 0001", BAD, 0},
                {"QoS 3 of 5", MQTT_5, 0x37, "0001 't' 0001 00", BAD, 0},
                {"QoS 3, DUP", MQTT_3_1, 0x3E, "0001 't' 0001", BAD, 0},
                {"DUP at QoS 0", MQTT_3_1_1, 0x38, "0001 't'", BAD, 0},
                {"DUP at QoS 0", MQTT_5, 0x39, "0001 't' 00", BAD, 0},
                {"id 0", MQTT_3_1_1, 0x32, "0001 't' 0000", WRONG, 0},
                {"id 0 at QoS 2", MQTT_5, 0x34, "0001 't' 0000 00", WRONG, 0},
                {"no body", MQTT_3_1_1, 0x30, "", BAD, 0},
                {"topic not UTF-8", MQTT_3_1_1, 0x30, "0001 FF", BAD, 0},
                {"topic with U+0000", MQTT_5, 0x30, "0002 'a' 00 00", BAD, 0},
                {"+", MQTT_3_1_1, 0x30, "0003 'a/+'", TOPIC, 0},
                {"#", MQTT_5, 0x30, "0001 '#' 00", TOPIC, 0},
                {"empty topic", MQTT_3_1_1, 0x30, "0000", TOPIC, 0},
                {"empty topic, no alias", MQTT_5, 0x30, "0000 00", WRONG, 0},
                {"alias 0", MQTT_5, 0x30, "0000 03 23 0000", REASON_TOPIC_ALIAS_INVALID, 0},
                {"200 levels and one", MQTT_5, 0x30, "00C8 2F*200 00", TOPIC, 0},
                {"foreign property", MQTT_5, 0x30, "0001 't' 03 21 0001", BAD, 0},
                {"properties beyond the end", MQTT_5, 0x30, "0001 't' 05 01 01", BAD, 0},
        };

        wire_run(decode, cases, G_N_ELEMENTS(cases));
}

static void test_round_trip(void)
{
        for (size_t v = 0; v < G_N_ELEMENTS(all_versions); v++) {
                for (unsigned int bits = 0; bits < 12; bits++) {
                        Publish given = {
                                .topic = BYTES_LITERAL("a/topic"),
                                .payload = BYTES_LITERAL("\x00 payload"),
                                .qos = (uint8_t)(bits % 3),
                                .packet_id = bits % 3 ? 0x0102 : 0,
                                .dup = bits % 3 && bits / 3 % 2,
                                .retain = bits / 6,
                        };
                        Publish got;
                        Buffer wire = {};
                        Packet packet;

                        given.properties.present = PROPERTY_BIT(PROPERTY_TOPIC_ALIAS);
                        given.properties.topic_alias = 3;
                        g_assert_cmpint(publish_encode(&given, all_versions[v], &wire), ==, 0);
                        packet = wire_packet(&wire, all_versions[v], PACKET_PUBLISH);
                        g_assert_cmpint(
                                publish_decode(packet.body, all_versions[v], packet.flags, &got),
                                ==, 0);
                        g_assert_true(bytes_equal(got.topic, given.topic));
                        g_assert_true(bytes_equal(got.payload, given.payload));
                        g_assert_cmpuint(got.qos, ==, given.qos);
                        g_assert_cmpuint(got.packet_id, ==, given.packet_id);
                        g_assert_true(got.dup == given.dup && got.retain == given.retain);
                        g_assert_true(properties_has(&got.properties, PROPERTY_TOPIC_ALIAS) ==
                                      (all_versions[v] == MQTT_5));
                        buffer_done(&wire);
                }
        }
}

static void test_wire(void)
{
        Publish publish = {
                .topic = BYTES_LITERAL("t"),
                .payload = BYTES_LITERAL("p"),
                .qos = 1,
                .packet_id = 0x0203,
                .dup = true,
                .retain = true,
        };
        Buffer wire = {};

        g_assert_cmpint(publish_encode(&publish, MQTT_3_1_1, &wire), ==, 0);
        assert_wire(&wire, "3B06 0001 't' 0203 'p'");
        buffer_clear(&wire);
        g_assert_cmpint(publish_encode(&publish, MQTT_5, &wire), ==, 0);
        assert_wire(&wire, "3B07 0001 't' 0203 00 'p'");
        buffer_done(&wire);
}

/* One encoding serves many takers: the packet identifier is where the layout says. */
static void test_layout(void)
{
        g_autofree uint8_t *payload = g_malloc0(3000000);
        static const size_t sizes[] = {0,     1,     100,     120,     121,    122,   123,
                                       124,   125,   126,     127,     128,    16370, 16375,
                                       16380, 16384, 2097140, 2097150, 3000000};

        for (size_t i = 0; i < G_N_ELEMENTS(sizes) * 3; i++) {
                Publish publish = {.topic = BYTES_LITERAL("t"),
                                   .payload = {payload, sizes[i / 3]},
                                   .qos = (uint8_t)(i % 3),
                                   .packet_id = 0xABCD};
                PublishLayout layout;
                Buffer wire = {};
                uint8_t *end;

                g_assert_cmpint(publish_measure(&publish, MQTT_5, &layout), ==, 0);
                g_assert_cmpint(buffer_reserve(&wire, layout.size), ==, 0);
                end = publish_write_head(&publish, MQTT_5, &layout, wire.data);
                g_assert_cmpuint((size_t)(end - wire.data), ==, layout.head);
                memset(end, 0, layout.size - layout.head);
                buffer_commit(&wire, layout.size);
                wire_packet(&wire, MQTT_5, PACKET_PUBLISH);
                if (publish.qos > 0)
                        g_assert_cmpmem(wire.data + layout.packet_id_at, 2, "\xAB\xCD", 2);
                else
                        g_assert_cmpuint(layout.packet_id_at, ==, 0);
                buffer_done(&wire);
        }
}

static void test_too_large(void)
{
        Publish publish = {.topic = BYTES_LITERAL("t"), .payload = {NULL, MQTT_REMAINING_MAX - 3}};
        PublishLayout layout;

        g_assert_cmpint(publish_measure(&publish, MQTT_3_1_1, &layout), ==, 0);
        g_assert_cmpuint(layout.size, ==, MQTT_PACKET_SIZE_MAX);
        g_assert_cmpint(publish_measure(&publish, MQTT_5, &layout), ==, -EMSGSIZE);
        publish = (Publish){.topic = {NULL, 65536}};
        g_assert_cmpint(publish_measure(&publish, MQTT_3_1_1, &layout), ==, -EMSGSIZE);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/mqtt/publish/good", test_good);
        g_test_add_func("/mqtt/publish/bad", test_bad);
        g_test_add_func("/mqtt/publish/round-trip", test_round_trip);
        g_test_add_func("/mqtt/publish/wire", test_wire);
        g_test_add_func("/mqtt/publish/layout", test_layout);
        g_test_add_func("/mqtt/publish/too-large", test_too_large);
        return g_test_run();
}
