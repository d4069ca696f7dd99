/* SPDX-License-Identifier: Apache-2.0 */
/* AUTH. */

#include "mqtt/auth.h"
#include "wire.h"

enum { BAD = REASON_MALFORMED_PACKET, WRONG = REASON_PROTOCOL_ERROR };

static int decode(Bytes body, MqttVersion version, uint8_t first)
{
        Auth auth;

        return auth_decode(body, version, &auth);
}

static void test_cases(void)
{
        static const WireCase cases[] = {
                {"nothing", MQTT_5, 0xF0, "", 0, 0},
                {"method", MQTT_5, 0xF0, "18 04 15 0001 'm'", 0, 1},
                {"method and data", MQTT_5, 0xF0, "19 08 15 0001 'm' 16 0001 'd'", 0, 1},
                {"success without properties", MQTT_5, 0xF0, "00 00", 0, 1},
                {"not in 3.1.1", MQTT_3_1_1, 0xF0, "", WRONG, 0},
                {"reason alone", MQTT_5, 0xF0, "18", BAD, 0},
                {"no method", MQTT_5, 0xF0, "18 00", WRONG, 0},
                {"no method", MQTT_5, 0xF0, "00 04 1F 0001 'r'", WRONG, 0},
                {"data alone", MQTT_5, 0xF0, "18 04 16 0001 'd'", WRONG, 0},
                {"foreign reason", MQTT_5, 0xF0, "87 04 15 0001 'm'", WRONG, 0},
                {"left over", MQTT_5, 0xF0, "18 04 15 0001 'm' 00", BAD, 0},
        };

        wire_run(decode, cases, G_N_ELEMENTS(cases));
}

static void test_round_trip(void)
{
        static const uint8_t reasons[] = {REASON_SUCCESS, REASON_CONTINUE_AUTHENTICATION,
                                          REASON_REAUTHENTICATE};

        for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++) {
                Auth given = {.reason = reasons[i]}, got;
                Buffer wire = {};

                given.properties.present = PROPERTY_BIT(PROPERTY_AUTHENTICATION_METHOD) |
                                           PROPERTY_BIT(PROPERTY_AUTHENTICATION_DATA);
                given.properties.authentication_method = BYTES_LITERAL("SCRAM");
                given.properties.authentication_data = BYTES_LITERAL("\xFF");
                g_assert_cmpint(auth_encode(&given, MQTT_5, &wire), ==, 0);
                g_assert_cmpint(
                        auth_decode(wire_packet(&wire, MQTT_5, PACKET_AUTH).body, MQTT_5, &got), ==,
                        0);
                g_assert_cmpuint(got.reason, ==, reasons[i]);
                assert_bytes(got.properties.authentication_method, "SCRAM");
                assert_bytes(got.properties.authentication_data, "\xFF");
                g_assert_cmpint(auth_encode(&given, MQTT_3_1_1, &wire), ==, -EINVAL);
                buffer_done(&wire);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/mqtt/auth/cases", test_cases);
        g_test_add_func("/mqtt/auth/round-trip", test_round_trip);
        return g_test_run();
}
