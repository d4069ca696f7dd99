/* SPDX-License-Identifier: Apache-2.0 */
/* UNSUBACK. */

#include "mqtt/unsuback.h"
#include "wire.h"

enum { BAD = REASON_MALFORMED_PACKET, WRONG = REASON_PROTOCOL_ERROR };

static int decode(Bytes body, MqttVersion version, uint8_t first)
{
        Unsuback unsuback;

        return unsuback_decode(body, version, &unsuback);
}

static void test_cases(void)
{
        static const WireCase cases[] = {
                {"3.1", MQTT_3_1, 0xB0, "0001", 0, 0},
                {"3.1.1", MQTT_3_1_1, 0xB0, "FFFF", 0, 0},
                {"5", MQTT_5, 0xB0, "0001 00 00 11 8F", 0, 3 << 4},
                {"id 0", MQTT_3_1_1, 0xB0, "0000", WRONG, 0},
                {"left over in 3.1.1", MQTT_3_1_1, 0xB0, "0001 00", BAD, 0},
                {"nothing in 5", MQTT_5, 0xB0, "0001 00", WRONG, 0},
                {"foreign reason", MQTT_5, 0xB0, "0001 00 01", WRONG, 0},
        };

        wire_run(decode, cases, G_N_ELEMENTS(cases));
}

static void test_round_trip(void)
{
        static const uint8_t given[] = {0, 0x11, 0x87};

        for (size_t v = 0; v < G_N_ELEMENTS(all_versions); v++) {
                Unsuback unsuback = {.packet_id = 0x0102, .reasons = {given, sizeof(given)}}, got;
                Buffer wire = {};

                g_assert_cmpint(unsuback_encode(&unsuback, all_versions[v], &wire), ==, 0);
                g_assert_cmpint(
                        unsuback_decode(wire_packet(&wire, all_versions[v], PACKET_UNSUBACK).body,
                                        all_versions[v], &got),
                        ==, 0);
                g_assert_cmpuint(got.packet_id, ==, 0x0102);
                g_assert_cmpmem(got.reasons.data, got.reasons.length, given,
                                all_versions[v] == MQTT_5 ? sizeof(given) : 0);
                buffer_done(&wire);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/mqtt/unsuback/cases", test_cases);
        g_test_add_func("/mqtt/unsuback/round-trip", test_round_trip);
        return g_test_run();
}
