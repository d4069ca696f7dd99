/* SPDX-License-Identifier: Apache-2.0 */
/* PUBACK, PUBREC, PUBREL, PUBCOMP. */

#include "mqtt/ack.h"
#include "mqtt/reason.h"
#include "wire.h"

enum { BAD = REASON_MALFORMED_PACKET, WRONG = REASON_PROTOCOL_ERROR };

static const PacketType types[] = {PACKET_PUBACK, PACKET_PUBREC, PACKET_PUBREL, PACKET_PUBCOMP};

static int decode(Bytes body, MqttVersion version, uint8_t first)
{
        Ack ack;

        return ack_decode(body, version, (PacketType)(first >> 4), &ack);
}

static void test_cases(void)
{
        enum { SHORT = 1 << 2 | 1 << 3 };
        static const WireCase cases[] = {
                {"3.1", MQTT_3_1, 0x40, "0001", 0, 0},
                {"3.1.1", MQTT_3_1_1, 0x62, "FFFF", 0, 0},
                {"5", MQTT_5, 0x50, "0001", 0, 0},
                {"reason", MQTT_5, 0x40, "0001 10", 0, 1 << 2},
                {"no properties", MQTT_5, 0x40, "0001 87 00", 0, SHORT},
                {"reason string", MQTT_5, 0x70, "0001 92 04 1F 0001 'x'", 0, SHORT},
                {"id 0", MQTT_3_1_1, 0x40, "0000", WRONG, 0},
                {"id 0", MQTT_5, 0x70, "0000 00", WRONG, 0},
                {"left over in 3.1.1", MQTT_3_1_1, 0x40, "0001 00", BAD, 0},
                {"left over in 5", MQTT_5, 0x40, "0001 00 00 00", BAD, 0},
                {"foreign reason", MQTT_5, 0x40, "0001 92", WRONG, 0},
                {"foreign reason", MQTT_5, 0x62, "0001 10", WRONG, 0},
                {"unknown reason", MQTT_5, 0x50, "0001 55", WRONG, 0},
                {"foreign property", MQTT_5, 0x40, "0001 00 02 01 01", BAD, 0},
        };

        wire_run(decode, cases, G_N_ELEMENTS(cases));
}

static void test_round_trip(void)
{
        for (size_t i = 0; i < G_N_ELEMENTS(types) * 3 * 256; i++) {
                MqttVersion version = all_versions[i / 256 % 3];
                Ack given = {.type = types[i / 256 / 3], .packet_id = 0x0A0B, .reason = (uint8_t)i};
                Buffer wire = {};
                Packet packet;
                Ack got;

                if (!reason_is_legal_in(given.type, given.reason))
                        continue;
                for (int with = 0; with < 2; with++) {
                        given.properties.present = with ? PROPERTY_BIT(PROPERTY_REASON_STRING) : 0;
                        given.properties.reason_string = BYTES_LITERAL("why");
                        buffer_clear(&wire);
                        g_assert_cmpint(ack_encode(&given, version, &wire), ==, 0);
                        packet = wire_packet(&wire, version, given.type);
                        g_assert_cmpint(ack_decode(packet.body, version, packet.type, &got), ==, 0);
                        g_assert_cmpint(got.type, ==, given.type);
                        g_assert_cmpuint(got.packet_id, ==, 0x0A0B);
                        g_assert_cmpuint(got.reason, ==, version == MQTT_5 ? given.reason : 0);
                        g_assert_true(got.properties.present ==
                                      (version == MQTT_5 ? given.properties.present : 0));
                }
                buffer_done(&wire);
        }
}

static void test_shortest(void)
{
        Buffer wire = {};
        Ack ack = {.type = PACKET_PUBREL, .packet_id = 7};

        g_assert_cmpint(ack_encode(&ack, MQTT_5, &wire), ==, 0);
        ack.reason = REASON_PACKET_IDENTIFIER_NOT_FOUND;
        g_assert_cmpint(ack_encode(&ack, MQTT_5, &wire), ==, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
                g_assert_cmpint(ack_encode_success(types[i], 0x0102, &wire), ==, 0);
        assert_wire(&wire, "62020007 6203000792 40020102 50020102 62020102 70020102");
        buffer_done(&wire);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/mqtt/ack/cases", test_cases);
        g_test_add_func("/mqtt/ack/round-trip", test_round_trip);
        g_test_add_func("/mqtt/ack/says-no-more-than-needed", test_shortest);
        return g_test_run();
}
