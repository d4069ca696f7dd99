/* SPDX-License-Identifier: Apache-2.0 */
/* DISCONNECT. */

#include "mqtt/disconnect.h"
#include "mqtt/reason.h"
#include "wire.h"

enum { BAD = REASON_MALFORMED_PACKET, WRONG = REASON_PROTOCOL_ERROR };

static int decode(Bytes body, MqttVersion version, uint8_t first)
{
        Disconnect disconnect;

        return disconnect_decode(body, version, &disconnect);
}

static void test_cases(void)
{
        static const WireCase cases[] = {
                {"3.1", MQTT_3_1, 0xE0, "", 0, 0},
                {"3.1.1", MQTT_3_1_1, 0xE0, "", 0, 0},
                {"5", MQTT_5, 0xE0, "", 0, 0},
                {"reason", MQTT_5, 0xE0, "04", 0, 1},
                {"reason, no properties", MQTT_5, 0xE0, "00 00", 0, 3},
                {"session expiry", MQTT_5, 0xE0, "00 05 11 00000001", 0, 3},
                {"reason in 3.1.1", MQTT_3_1_1, 0xE0, "00", BAD, 0},
                {"foreign reason", MQTT_5, 0xE0, "86", WRONG, 0},
                {"unknown reason", MQTT_5, 0xE0, "03", WRONG, 0},
                {"left over", MQTT_5, 0xE0, "00 00 00", BAD, 0},
                {"foreign property", MQTT_5, 0xE0, "00 03 21 0001", BAD, 0},
        };

        wire_run(decode, cases, G_N_ELEMENTS(cases));
}

static void test_round_trip(void)
{
        for (unsigned int i = 0; i < 3 * 256; i++) {
                MqttVersion version = all_versions[i / 256];
                Disconnect given = {.reason = (uint8_t)i}, got;
                Buffer wire = {};

                if (!reason_is_legal_in(PACKET_DISCONNECT, given.reason))
                        continue;
                for (int with = 0; with < 2; with++) {
                        given.properties.present =
                                with ? PROPERTY_BIT(PROPERTY_SERVER_REFERENCE) : 0;
                        given.properties.server_reference = BYTES_LITERAL("elsewhere");
                        buffer_clear(&wire);
                        g_assert_cmpint(disconnect_encode(&given, version, &wire), ==, 0);
                        g_assert_cmpint(disconnect_decode(
                                                wire_packet(&wire, version, PACKET_DISCONNECT).body,
                                                version, &got),
                                        ==, 0);
                        g_assert_cmpuint(got.reason, ==, version == MQTT_5 ? given.reason : 0);
                        g_assert_true(got.properties.present ==
                                      (version == MQTT_5 ? given.properties.present : 0));
                }
                buffer_done(&wire);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/mqtt/disconnect/cases", test_cases);
        g_test_add_func("/mqtt/disconnect/round-trip", test_round_trip);
        return g_test_run();
}
