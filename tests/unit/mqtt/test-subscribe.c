/* SPDX-License-Identifier: Apache-2.0 */
/* SUBSCRIBE. */

#include "mqtt/subscribe.h"
#include "wire.h"

enum {
        BAD = REASON_MALFORMED_PACKET,
        WRONG = REASON_PROTOCOL_ERROR,
        FILTER = REASON_TOPIC_FILTER_INVALID,
};

static int decode(Bytes body, MqttVersion version, uint8_t first)
{
        Subscribe subscribe;

        return subscribe_decode(body, version, &subscribe);
}

static void test_cases(void)
{
        static const WireCase cases[] = {
                {"3.1", MQTT_3_1, 0x82, "0001 0001 'a' 00", 0, 0},
                {"3.1.1", MQTT_3_1_1, 0x82, "0001 0001 'a' 02", 0, 0},
                {"5", MQTT_5, 0x82, "0001 00 0001 'a' 2E", 0, 0},
                {"two", MQTT_3_1_1, 0x82, "0001 0001 'a' 00 0003 'b/#' 01", 0, 1 << 6},
                {"identifier", MQTT_5, 0x82, "0001 02 0B 05 0001 'a' 00", 0, 0},
                {"shared", MQTT_5, 0x82, "0001 00 000A '$share/g/a' 01", 0, 0},
                {"id 0", MQTT_3_1_1, 0x82, "0000 0001 'a' 00", WRONG, 0},
                {"no entry", MQTT_3_1_1, 0x82, "0001", WRONG, 0},
                {"no entry in 5", MQTT_5, 0x82, "0001 00", WRONG, 0},
                {"QoS 3", MQTT_3_1_1, 0x82, "0001 0001 'a' 03", WRONG, 0},
                {"QoS 3 in 5", MQTT_5, 0x82, "0001 00 0001 'a' 03", WRONG, 0},
                {"No Local in 3.1.1", MQTT_3_1_1, 0x82, "0001 0001 'a' 04", BAD, 0},
                {"bit 3 in 3.1", MQTT_3_1, 0x82, "0001 0001 'a' 08", BAD, 0},
                {"bit 6", MQTT_5, 0x82, "0001 00 0001 'a' 40", BAD, 0},
                {"bit 7", MQTT_5, 0x82, "0001 00 0001 'a' 80", BAD, 0},
                {"Retain Handling 3", MQTT_5, 0x82, "0001 00 0001 'a' 30", WRONG, 0},
                {"No Local, shared", MQTT_5, 0x82, "0001 00 000A '$share/g/a' 04", WRONG, 0},
                {"empty filter", MQTT_3_1_1, 0x82, "0001 0000 00", FILTER, 0},
                {"bad filter", MQTT_5, 0x82, "0001 00 0002 'a#' 00", FILTER, 0},
                {"bad share", MQTT_5, 0x82, "0001 00 0008 '$share/g' 00", FILTER, 0},
                {"bad second", MQTT_3_1_1, 0x82, "0001 0001 'a' 00 0001 'b' 03", WRONG, 0},
                {"filter not UTF-8", MQTT_3_1_1, 0x82, "0001 0001 FF 00", BAD, 0},
                {"filter with U+0000", MQTT_3_1_1, 0x82, "0001 0001 00 00", BAD, 0},
                {"identifier 0", MQTT_5, 0x82, "0001 02 0B 00 0001 'a' 00", WRONG, 0},
                {"identifier twice", MQTT_5, 0x82, "0001 04 0B 01 0B 02 0001 'a' 00", WRONG, 0},
        };

        wire_run(decode, cases, G_N_ELEMENTS(cases));
}

/* Every byte of options, by version. */
static void test_options(void)
{
        for (size_t i = 0; i < 256 * G_N_ELEMENTS(all_versions); i++) {
                MqttVersion version = all_versions[i / 256];
                uint8_t v5[] = {0, 1, 0, 0, 1, 'a', (uint8_t)i},
                        v3[] = {0, 1, 0, 1, 'a', (uint8_t)i};
                Bytes body = version == MQTT_5 ? (Bytes){v5, sizeof(v5)} : (Bytes){v3, sizeof(v3)};
                uint8_t options = (uint8_t)i;
                bool legal = (options & 3) != 3 && (options >> 4 & 3) != 3 &&
                             !(options & (version == MQTT_5 ? 0xC0 : 0xFC));
                Subscribe subscribe;
                SubscribeEntry entry;

                g_assert_true((subscribe_decode(body, version, &subscribe) == 0) == legal);
                if (!legal)
                        continue;
                g_assert_true(subscribe_next(&subscribe, &entry));
                g_assert_cmpuint(entry.qos, ==, options & 3);
                g_assert_true(entry.no_local == !!(options & 4));
                g_assert_true(entry.retain_as_published == !!(options & 8));
                g_assert_cmpuint(entry.retain_handling, ==, options >> 4);
        }
}

static void test_round_trip(void)
{
        static const SubscribeEntry entries[] = {
                {.filter = BYTES_LITERAL("a/+"), .qos = 1, .no_local = true},
                {.filter = BYTES_LITERAL("#"), .qos = 2, .retain_as_published = true},
                {.filter = BYTES_LITERAL("$share/g/b"), .retain_handling = 2},
        };

        for (size_t v = 0; v < G_N_ELEMENTS(all_versions); v++) {
                Subscribe given = {.packet_id = 0x0102}, got;
                bool is_5 = all_versions[v] == MQTT_5;
                Buffer list = {}, wire = {};
                SubscribeEntry entry;

                for (size_t i = 0; i < G_N_ELEMENTS(entries); i++)
                        g_assert_cmpint(subscribe_entry_encode(entries + i, all_versions[v], &list),
                                        ==, 0);
                given.entries = reader_of(buffer_bytes(&list));
                given.properties.present = PROPERTY_BIT(PROPERTY_SUBSCRIPTION_IDENTIFIER);
                given.properties.subscription_identifier = 300;
                g_assert_cmpint(subscribe_encode(&given, all_versions[v], &wire), ==, 0);
                g_assert_cmpint(
                        subscribe_decode(wire_packet(&wire, all_versions[v], PACKET_SUBSCRIBE).body,
                                         all_versions[v], &got),
                        ==, 0);
                g_assert_cmpuint(got.packet_id, ==, 0x0102);
                g_assert_cmpuint(got.n_entries, ==, G_N_ELEMENTS(entries));
                if (is_5)
                        g_assert_cmpuint(got.properties.subscription_identifier, ==, 300);
                for (size_t i = 0; i < G_N_ELEMENTS(entries); i++) {
                        g_assert_true(subscribe_next(&got, &entry));
                        g_assert_true(bytes_equal(entry.filter, entries[i].filter));
                        g_assert_cmpuint(entry.qos, ==, entries[i].qos);
                        g_assert_true(entry.no_local == (is_5 && entries[i].no_local));
                        g_assert_true(entry.retain_as_published ==
                                      (is_5 && entries[i].retain_as_published));
                        g_assert_cmpuint(entry.retain_handling, ==,
                                         is_5 ? entries[i].retain_handling : 0);
                }
                g_assert_false(subscribe_next(&got, &entry));
                buffer_done(&list);
                buffer_done(&wire);
        }
}

static void test_too_long(void)
{
        SubscribeEntry entry = {.filter = {NULL, 65536}};
        Buffer list = {};

        g_assert_cmpint(subscribe_entry_encode(&entry, MQTT_5, &list), ==, -EMSGSIZE);
        g_assert_cmpuint(buffer_length(&list), ==, 0);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/mqtt/subscribe/cases", test_cases);
        g_test_add_func("/mqtt/subscribe/options", test_options);
        g_test_add_func("/mqtt/subscribe/round-trip", test_round_trip);
        g_test_add_func("/mqtt/subscribe/filter-too-long", test_too_long);
        return g_test_run();
}
