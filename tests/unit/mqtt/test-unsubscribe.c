/* SPDX-License-Identifier: Apache-2.0 */
/* UNSUBSCRIBE. */

#include "mqtt/unsubscribe.h"
#include "wire.h"

enum {
        BAD = REASON_MALFORMED_PACKET,
        WRONG = REASON_PROTOCOL_ERROR,
        FILTER = REASON_TOPIC_FILTER_INVALID,
};

static int decode(Bytes body, MqttVersion version, uint8_t first)
{
        Unsubscribe unsubscribe;

        return unsubscribe_decode(body, version, &unsubscribe);
}

static void test_cases(void)
{
        static const WireCase cases[] = {
                {"3.1", MQTT_3_1, 0xA2, "0001 0001 'a'", 0, 0},
                {"3.1.1", MQTT_3_1_1, 0xA2, "0001 0001 'a' 0003 'b/#'", 0, 1 << 5},
                {"5", MQTT_5, 0xA2, "0001 00 0001 'a'", 0, 0},
                {"user property", MQTT_5, 0xA2, "0001 05 26 0000 0000 0001 'a'", 0, 0},
                {"shared", MQTT_5, 0xA2, "0001 00 000A '$share/g/a'", 0, 0},
                {"id 0", MQTT_3_1_1, 0xA2, "0000 0001 'a'", WRONG, 0},
                {"no filter", MQTT_3_1_1, 0xA2, "0001", WRONG, 0},
                {"no filter in 5", MQTT_5, 0xA2, "0001 00", WRONG, 0},
                {"empty filter", MQTT_3_1_1, 0xA2, "0001 0000", FILTER, 0},
                {"bad filter", MQTT_5, 0xA2, "0001 00 0003 '#/a'", FILTER, 0},
                {"not UTF-8", MQTT_3_1_1, 0xA2, "0001 0001 FF", BAD, 0},
                {"foreign property", MQTT_5, 0xA2, "0001 02 0B 01 0001 'a'", BAD, 0},
        };

        wire_run(decode, cases, G_N_ELEMENTS(cases));
}

static void test_round_trip(void)
{
        for (size_t v = 0; v < G_N_ELEMENTS(all_versions); v++) {
                Unsubscribe given = {.packet_id = 0x0102}, got;
                Buffer list = {}, wire = {};
                Bytes filter;

                g_assert_cmpint(unsubscribe_filter_encode(BYTES_LITERAL("a/b"), &list), ==, 0);
                g_assert_cmpint(unsubscribe_filter_encode(BYTES_LITERAL("#"), &list), ==, 0);
                given.filters = reader_of(buffer_bytes(&list));
                g_assert_cmpint(unsubscribe_encode(&given, all_versions[v], &wire), ==, 0);
                g_assert_cmpint(
                        unsubscribe_decode(
                                wire_packet(&wire, all_versions[v], PACKET_UNSUBSCRIBE).body,
                                all_versions[v], &got),
                        ==, 0);
                g_assert_cmpuint(got.packet_id, ==, 0x0102);
                g_assert_cmpuint(got.n_filters, ==, 2);
                g_assert_true(unsubscribe_next(&got, &filter));
                assert_bytes(filter, "a/b");
                g_assert_true(unsubscribe_next(&got, &filter));
                assert_bytes(filter, "#");
                g_assert_false(unsubscribe_next(&got, &filter));
                buffer_done(&list);
                buffer_done(&wire);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/mqtt/unsubscribe/cases", test_cases);
        g_test_add_func("/mqtt/unsubscribe/round-trip", test_round_trip);
        return g_test_run();
}
