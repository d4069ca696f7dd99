/* SPDX-License-Identifier: Apache-2.0 */
/* SUBACK. */

#include "mqtt/suback.h"
#include "wire.h"

enum { BAD = REASON_MALFORMED_PACKET, WRONG = REASON_PROTOCOL_ERROR };

static int decode(Bytes body, MqttVersion version, uint8_t first)
{
        Suback suback;

        return suback_decode(body, version, &suback);
}

static void test_cases(void)
{
        static const WireCase cases[] = {
                {"3.1", MQTT_3_1, 0x90, "0001 02", 0, 0},
                {"3.1.1", MQTT_3_1_1, 0x90, "0001 00 01 02 80", 0, 7 << 3},
                {"5", MQTT_5, 0x90, "0001 00 00 01 02 80 87 8F A2", 0, 0x3F << 4},
                {"reason string", MQTT_5, 0x90, "0001 04 1F 0001 'r' 00", 0, 0},
                {"id 0", MQTT_3_1_1, 0x90, "0000 00", WRONG, 0},
                {"nothing", MQTT_3_1_1, 0x90, "0001", WRONG, 0},
                {"nothing in 5", MQTT_5, 0x90, "0001 00", WRONG, 0},
                {"reserved", MQTT_3_1_1, 0x90, "0001 03", WRONG, 0},
                {"reason of 5 in 3.1.1", MQTT_3_1_1, 0x90, "0001 87", WRONG, 0},
                {"foreign reason", MQTT_5, 0x90, "0001 00 11", WRONG, 0},
                {"foreign property", MQTT_5, 0x90, "0001 02 01 00 00", BAD, 0},
        };

        wire_run(decode, cases, G_N_ELEMENTS(cases));
}

static void test_round_trip(void)
{
        static const uint8_t given[] = {0, 1, 2, 0x80, 0x87}, in_v3[] = {0, 1, 2, 0x80, 0x80};

        for (size_t v = 0; v < G_N_ELEMENTS(all_versions); v++) {
                Suback suback = {.packet_id = 0x0102, .reasons = {given, sizeof(given)}}, got;
                const uint8_t *expected = all_versions[v] == MQTT_5 ? given : in_v3;
                Buffer wire = {};

                g_assert_cmpint(suback_encode(&suback, all_versions[v], &wire), ==, 0);
                g_assert_cmpint(
                        suback_decode(wire_packet(&wire, all_versions[v], PACKET_SUBACK).body,
                                      all_versions[v], &got),
                        ==, 0);
                g_assert_cmpuint(got.packet_id, ==, 0x0102);
                g_assert_cmpmem(got.reasons.data, got.reasons.length, expected, sizeof(given));
                buffer_done(&wire);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/mqtt/suback/cases", test_cases);
        g_test_add_func("/mqtt/suback/round-trip", test_round_trip);
        return g_test_run();
}
