/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of each reason code. */

#include "mqtt/reason.h"
#include "wire.h"

typedef struct LegalCase {
        PacketType type;
        const char *reasons; /* all that are legal */
} LegalCase;

static void test_legal(void)
{
        /* MQTT 5.0, tables 3-1, 3-4 to 3-10, 3-8 */
        static const LegalCase cases[] = {
                {PACKET_CONNACK,
                 "00 80 81 82 83 84 85 86 87 88 89 8A 8C 90 95 97 99 9A 9B 9C 9D 9F"},
                {PACKET_PUBACK, "00 10 80 83 87 90 91 97 99"},
                {PACKET_PUBREC, "00 10 80 83 87 90 91 97 99"},
                {PACKET_PUBREL, "00 92"},
                {PACKET_PUBCOMP, "00 92"},
                {PACKET_SUBACK, "00 01 02 80 83 87 8F 91 97 9E A1 A2"},
                {PACKET_UNSUBACK, "00 11 80 83 87 8F 91"},
                {PACKET_DISCONNECT,
                 "00 04 80 81 82 83 87 89 8B 8C 8D 8E 8F 90 93 94 95 96 97 98 99 "
                 "9A 9B 9C 9D 9E 9F A0 A1 A2"},
                {PACKET_AUTH, "00 18 19"},
                {PACKET_CONNECT, ""},
                {PACKET_PUBLISH, ""},
                {PACKET_SUBSCRIBE, ""},
                {PACKET_PINGREQ, ""},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Buffer legal = wire_of(cases[i].reasons);

                for (unsigned int reason = 0; reason < 256; reason++) {
                        bool expected = legal.data &&
                                        memchr(legal.data, (int)reason, buffer_length(&legal));

                        g_test_message("%s 0x%02X", packet_type_name(cases[i].type), reason);
                        g_assert_true(reason_is_legal_in(cases[i].type, (uint8_t)reason) ==
                                      expected);
                }
                buffer_done(&legal);
        }
}

static void test_name(void)
{
        g_assert_cmpstr(reason_name(0x00), ==, "Success");
        g_assert_cmpstr(reason_name(0x81), ==, "Malformed Packet");
        g_assert_cmpstr(reason_name(0xA2), ==, "Wildcard Subscriptions not supported");
        g_assert_cmpstr(reason_name(0x03), ==, "Unknown reason");
        g_assert_cmpstr(reason_name(0xA3), ==, "Unknown reason");
        g_assert_cmpstr(reason_name(0xFF), ==, "Unknown reason");
}

static void test_connack_v3(void)
{
        for (unsigned int code = 0; code <= 5; code++)
                g_assert_cmpint(reason_to_connack_v3(reason_from_connack_v3((uint8_t)code)), ==,
                                (int)code);
        g_assert_cmpint(reason_from_connack_v3(6), ==, REASON_UNSPECIFIED_ERROR);
        g_assert_cmpint(reason_to_connack_v3(REASON_BANNED), ==, 5);
        g_assert_cmpint(reason_to_connack_v3(REASON_CONNECTION_RATE_EXCEEDED), ==, 3);
        for (unsigned int reason = 0x80; reason < 256; reason++)
                g_assert_cmpint(reason_to_connack_v3((uint8_t)reason), >, 0);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/mqtt/reason/legal-in", test_legal);
        g_test_add_func("/mqtt/reason/name", test_name);
        g_test_add_func("/mqtt/reason/connack-of-mqtt-3", test_connack_v3);
        return g_test_run();
}
