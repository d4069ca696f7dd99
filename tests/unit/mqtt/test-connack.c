/* SPDX-License-Identifier: Apache-2.0 */
/* CONNACK. */

#include "mqtt/connack.h"
#include "mqtt/reason.h"
#include "wire.h"

enum { BAD = REASON_MALFORMED_PACKET, WRONG = REASON_PROTOCOL_ERROR };

static int decode(Bytes body, MqttVersion version, uint8_t first)
{
        Connack connack;

        return connack_decode(body, version, &connack);
}

static void test_cases(void)
{
        static const WireCase cases[] = {
                {"3.1", MQTT_3_1, 0x20, "00 00", 0, 0},
                {"3.1.1", MQTT_3_1_1, 0x20, "01 00", 0, 0},
                {"3.1.1 refused", MQTT_3_1_1, 0x20, "00 05", 0, 0},
                {"5", MQTT_5, 0x20, "01 00 00", 0, 0},
                {"5 with properties", MQTT_5, 0x20, "00 00 06 21 0014 22 000A", 0, 0},
                {"5 refused", MQTT_5, 0x20, "00 86 00", 0, 0},
                {"flags", MQTT_3_1_1, 0x20, "02 00", BAD, 0},
                {"flags of 5", MQTT_5, 0x20, "80 00 00", BAD, 0},
                {"present, refused", MQTT_3_1_1, 0x20, "01 05", WRONG, 0},
                {"present, refused", MQTT_5, 0x20, "01 80 00", WRONG, 0},
                {"reserved code", MQTT_3_1_1, 0x20, "00 06", WRONG, 0},
                {"foreign reason", MQTT_5, 0x20, "00 8E 00", WRONG, 0},
                {"left over", MQTT_3_1_1, 0x20, "00 00 00", BAD, 0},
                {"left over", MQTT_5, 0x20, "00 00 00 00", BAD, 0},
                {"foreign property", MQTT_5, 0x20, "00 00 02 17 00", BAD, 0},
        };

        wire_run(decode, cases, G_N_ELEMENTS(cases));
}

static void test_round_trip(void)
{
        for (unsigned int i = 0; i < 3 * 256; i++) {
                MqttVersion version = all_versions[i / 256];
                Connack given = {.session_present = true, .reason = (uint8_t)i}, got;
                Buffer wire = {};

                if (!reason_is_legal_in(PACKET_CONNACK, given.reason))
                        continue;
                given.properties.present = PROPERTY_BIT(PROPERTY_MAXIMUM_QOS);
                given.properties.maximum_qos = 1;
                g_assert_cmpint(connack_encode(&given, version, &wire), ==, 0);
                g_assert_cmpint(connack_decode(wire_packet(&wire, version, PACKET_CONNACK).body,
                                               version, &got),
                                ==, 0);
                g_assert_true(got.session_present == (given.reason == 0 && version != MQTT_3_1));
                if (version == MQTT_5) {
                        g_assert_cmpuint(got.reason, ==, given.reason);
                        g_assert_cmpuint(got.properties.maximum_qos, ==, 1);
                } else {
                        g_assert_cmpint(reason_to_connack_v3(got.reason), ==,
                                        reason_to_connack_v3(given.reason));
                }
                buffer_done(&wire);
        }
}

static void test_wire(void)
{
        Connack connack = {.reason = REASON_NOT_AUTHORIZED};
        Buffer wire = {};

        g_assert_cmpint(connack_encode(&connack, MQTT_3_1, &wire), ==, 0);
        g_assert_cmpint(connack_encode(&connack, MQTT_3_1_1, &wire), ==, 0);
        g_assert_cmpint(connack_encode(&connack, MQTT_5, &wire), ==, 0);
        assert_wire(&wire, "20020005 20020005 2003008700");
        buffer_done(&wire);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/mqtt/connack/cases", test_cases);
        g_test_add_func("/mqtt/connack/round-trip", test_round_trip);
        g_test_add_func("/mqtt/connack/wire", test_wire);
        return g_test_run();
}
