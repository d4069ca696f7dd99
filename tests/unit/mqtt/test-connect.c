/* SPDX-License-Identifier: Apache-2.0 */
/* CONNECT. */

#include "mqtt/connect.h"
#include "wire.h"

enum {
        BAD = REASON_MALFORMED_PACKET,
        LEVEL = REASON_UNSUPPORTED_PROTOCOL_VERSION,
        TOPIC = REASON_TOPIC_NAME_INVALID,
};

#define V31  "0006 'MQIsdp' 03 "
#define V311 "0004 'MQTT' 04 "
#define V5   "0004 'MQTT' 05 "

static int decode(Bytes body, MqttVersion version, uint8_t first)
{
        Connect connect;
        int r = connect_decode(body, &connect);

        /* Once the protocol is known, it is told, whatever follows. */
        if (r == 0)
                g_assert_cmpint(connect.version, ==, version);
        return r;
}

static void test_good(void)
{
        static const WireCase cases[] = {
                {"3.1", MQTT_3_1, 0x10, V31 "02 003C 0002 'id'", 0, 0},
                {"3.1.1", MQTT_3_1_1, 0x10, V311 "02 003C 0002 'id'", 0, 0},
                {"5", MQTT_5, 0x10, V5 "02 003C 00 0002 'id'", 0, 0},
                {"empty identifier", MQTT_3_1_1, 0x10, V311 "02 0000 0000", 0, 0},
                {"bridge", MQTT_3_1_1, 0x10, "0004 'MQTT' 84 02 0000 0001 'b'", 0, 0},
                {"all of 3.1.1", MQTT_3_1_1, 0x10,
                 V311 "F6 000A 0001 'c' 0001 't' 0001 'p' 0001 'u' 0001 'w'", 0, 0},
                {"all of 5", MQTT_5, 0x10,
                 V5 "F6 000A 05 11 0000000A 0001 'c' 05 18 00000005 0001 't' 0001 'p' "
                    "0001 'u' 0001 'w'",
                 0, 0},
                {"password alone in 5", MQTT_5, 0x10, V5 "42 0000 00 0000 0001 'w'", 0, 0},
                {"empty will payload", MQTT_5, 0x10, V5 "06 0000 00 0000 00 0001 't' 0000", 0, 0},
                {"binary password", MQTT_3_1_1, 0x10, V311 "C2 0000 0000 0000 0002 FF00", 0, 0},
                {"3.1: bit 0", MQTT_3_1, 0x10, V31 "03 0000 0001 'a'", 0, 0},
                {"3.1: will bits without will", MQTT_3_1, 0x10, V31 "3A 0000 0001 'a'", 0, 0},
        };

        wire_run(decode, cases, G_N_ELEMENTS(cases));
}

/* MQTT 3.1, 3.1: the remaining length has precedence over the two flags */
static void test_missing_credentials(void)
{
        static const WireCase cases[] = {
                {"no user name", MQTT_3_1, 0x10, V31 "82 0000 0001 'a'", 0, 0},
                {"neither", MQTT_3_1, 0x10, V31 "C2 0000 0001 'a'", 0, 0},
                {"no password", MQTT_3_1, 0x10, V31 "C2 0000 0001 'a' 0001 'u'", 0,
                 UINT64_C(1) << 15},
                {"3.1.1", MQTT_3_1_1, 0x10, V311 "82 0000 0001 'a'", BAD, 0},
                {"5", MQTT_5, 0x10, V5 "42 0000 00 0001 'a'", BAD, 0},
        };

        wire_run(decode, cases, G_N_ELEMENTS(cases));
}

static void test_bad(void)
{
        static const WireCase cases[] = {
                {"no body", MQTT_UNKNOWN, 0x10, "", BAD, 0},
                {"bit 0 in 3.1.1", MQTT_3_1_1, 0x10, V311 "03 0000 0001 'a'", BAD, 0},
                {"bit 0 in 5", MQTT_5, 0x10, V5 "03 0000 00 0001 'a'", BAD, 0},
                {"will QoS 3", MQTT_3_1_1, 0x10, V311 "1E 0000 0001 'a' 0001 't' 0000", BAD, 0},
                {"will QoS 3 in 3.1", MQTT_3_1, 0x10, V31 "1E 0000 0001 'a' 0001 't' 0000", BAD, 0},
                {"will QoS, no will", MQTT_3_1_1, 0x10, V311 "0A 0000 0001 'a'", BAD, 0},
                {"will retain, no will", MQTT_5, 0x10, V5 "22 0000 00 0001 'a'", BAD, 0},
                {"password, no name", MQTT_3_1_1, 0x10, V311 "42 0000 0001 'a' 0001 'p'", BAD, 0},
                {"password, no name", MQTT_3_1, 0x10, V31 "42 0000 0001 'a' 0001 'p'", BAD, 0},
                {"left over", MQTT_3_1_1, 0x10, V311 "02 0000 0001 'a' 00", BAD, 0},
                {"left over", MQTT_5, 0x10, V5 "02 0000 00 0001 'a' 00", BAD, 0},
                {"identifier not UTF-8", MQTT_3_1_1, 0x10, V311 "02 0000 0001 FF", BAD, 0},
                {"identifier with U+0000", MQTT_3_1_1, 0x10, V311 "02 0000 0001 00", BAD, 0},
                {"user name not UTF-8", MQTT_5, 0x10, V5 "82 0000 00 0000 0001 C0", BAD, 0},
                {"will topic not UTF-8", MQTT_5, 0x10, V5 "06 0000 00 0000 00 0001 FF 0000", BAD,
                 0},
                {"will topic empty", MQTT_5, 0x10, V5 "06 0000 00 0000 00 0000 0000", TOPIC, 0},
                {"will topic +", MQTT_3_1_1, 0x10, V311 "06 0000 0000 0001 '+' 0000", TOPIC, 0},
                {"will topic #", MQTT_3_1, 0x10, V31 "06 0000 0000 0001 '#' 0000", TOPIC, 0},
                {"property twice", MQTT_5, 0x10, V5 "02 0000 06 210001210001 0000",
                 REASON_PROTOCOL_ERROR, 0},
                {"will property outside", MQTT_5, 0x10, V5 "02 0000 05 1800000000 0000", BAD, 0},
                {"CONNECT property in will", MQTT_5, 0x10,
                 V5 "06 0000 00 0000 05 1100000000 0001 't' 0000", BAD, 0},
        };

        wire_run(decode, cases, G_N_ELEMENTS(cases));
}

typedef struct ProtocolCase {
        const char *body;
        int result;
        int version; /* what the decoder tells */
} ProtocolCase;

static void test_protocol(void)
{
        static const ProtocolCase cases[] = {
                {"0004 'MQTT' 06 02 0000 00 0000", LEVEL, 6},
                {"0004 'MQTT' 03 02 0000 0000", LEVEL, 3},
                {"0004 'MQTT' 00", LEVEL, 0},
                {"0004 'MQTT' 7F", LEVEL, 0x7F},
                {"0006 'MQIsdp' 04 02 0000 0000", LEVEL, 4},
                {"0006 'MQIsdp' 05 02 0000 0000", LEVEL, 5},
                {"0004 'mqtt' 04 02 0000 0000", BAD, MQTT_UNKNOWN},
                {"0005 'MQTTT' 04 02 0000 0000", BAD, MQTT_UNKNOWN},
                {"0000 04 02 0000 0000", BAD, MQTT_UNKNOWN},
                {"0003 'MQT' 04 02 0000 0000", BAD, MQTT_UNKNOWN},
                {"'GET / HTTP/1.1'", BAD, MQTT_UNKNOWN},
                {"0004 'MQTT'", BAD, MQTT_UNKNOWN},
                {"0004 'MQTT' 04", BAD, 4},
                {"0004 'MQTT' 05 03", BAD, 5},
                {"0004 'MQTT' 85 02 0000 00 0000", 0, 5},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Buffer wire = wire_of(cases[i].body);
                Connect connect;

                g_test_message("%s", cases[i].body);
                g_assert_cmpint(connect_decode(buffer_bytes(&wire), &connect), ==, cases[i].result);
                g_assert_cmpint((int)connect.version, ==, cases[i].version);
                buffer_done(&wire);
        }
}

static Connect full_connect(MqttVersion version)
{
        Connect connect = {
                .version = version,
                .clean_start = true,
                .is_bridge = true,
                .has_username = true,
                .has_password = true,
                .has_will = true,
                .keep_alive = 0x1234,
                .client_id = BYTES_LITERAL("client"),
                .username = BYTES_LITERAL("user"),
                .password = BYTES_LITERAL("\xFFsecret"),
                .will = {.qos = 2,
                         .retain = true,
                         .topic = BYTES_LITERAL("last/will"),
                         .payload = BYTES_LITERAL("gone")},
        };

        if (version == MQTT_5) {
                connect.properties.present = PROPERTY_BIT(PROPERTY_RECEIVE_MAXIMUM);
                connect.properties.receive_maximum = 7;
                connect.will.properties.present = PROPERTY_BIT(PROPERTY_WILL_DELAY_INTERVAL);
                connect.will.properties.will_delay_interval = 9;
        }
        return connect;
}

static void test_round_trip(void)
{
        for (size_t i = 0; i < G_N_ELEMENTS(all_versions); i++) {
                Connect given = full_connect(all_versions[i]), got;
                Buffer wire = {};

                g_assert_cmpint(connect_encode(&given, &wire), ==, 0);
                g_assert_cmpint(
                        connect_decode(wire_packet(&wire, MQTT_UNKNOWN, PACKET_CONNECT).body, &got),
                        ==, 0);
                g_assert_cmpint(got.version, ==, given.version);
                g_assert_true(got.clean_start && got.is_bridge && got.has_username);
                g_assert_true(got.has_password && got.has_will && got.will.retain);
                g_assert_cmpuint(got.keep_alive, ==, 0x1234);
                g_assert_cmpuint(got.will.qos, ==, 2);
                g_assert_true(bytes_equal(got.client_id, given.client_id));
                g_assert_true(bytes_equal(got.username, given.username));
                g_assert_true(bytes_equal(got.password, given.password));
                g_assert_true(bytes_equal(got.will.topic, given.will.topic));
                g_assert_true(bytes_equal(got.will.payload, given.will.payload));
                g_assert_true(got.properties.present == given.properties.present);
                g_assert_true(got.will.properties.present == given.will.properties.present);
                if (all_versions[i] == MQTT_5) {
                        g_assert_cmpuint(got.properties.receive_maximum, ==, 7);
                        g_assert_cmpuint(got.will.properties.will_delay_interval, ==, 9);
                }
                buffer_done(&wire);
        }
}

/* Each flag alone, so that none is taken for another. */
static void test_flags(void)
{
        for (unsigned int flags = 0; flags < 32; flags++) {
                Connect given = {
                        .version = MQTT_5,
                        .clean_start = flags & 1,
                        .has_will = flags & 2,
                        .has_username = flags & 4,
                        .has_password = flags & 8,
                        .will = {.retain = flags & 16, .topic = BYTES_LITERAL("t")},
                };
                Connect got;
                Buffer wire = {};

                g_assert_cmpint(connect_encode(&given, &wire), ==, 0);
                g_assert_cmpint(
                        connect_decode(wire_packet(&wire, MQTT_5, PACKET_CONNECT).body, &got), ==,
                        0);
                g_assert_true(got.clean_start == given.clean_start);
                g_assert_true(got.has_will == given.has_will);
                g_assert_true(got.has_username == given.has_username);
                g_assert_true(got.has_password == given.has_password);
                g_assert_false(got.is_bridge);
                if (got.has_will)
                        g_assert_true(got.will.retain == given.will.retain);
                buffer_done(&wire);
        }
}

static void test_too_long(void)
{
        g_autofree uint8_t *text = g_malloc0(65536);
        Connect connect = {.version = MQTT_5, .client_id = {text, 65536}};
        Buffer wire = {};

        g_assert_cmpint(connect_encode(&connect, &wire), ==, -EMSGSIZE);
        g_assert_cmpuint(buffer_length(&wire), ==, 0);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/mqtt/connect/good", test_good);
        g_test_add_func("/mqtt/connect/missing-credentials-of-3.1", test_missing_credentials);
        g_test_add_func("/mqtt/connect/bad", test_bad);
        g_test_add_func("/mqtt/connect/protocol", test_protocol);
        g_test_add_func("/mqtt/connect/round-trip", test_round_trip);
        g_test_add_func("/mqtt/connect/flags", test_flags);
        g_test_add_func("/mqtt/connect/string-too-long", test_too_long);
        return g_test_run();
}
