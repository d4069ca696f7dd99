/* SPDX-License-Identifier: Apache-2.0 */
/* The fixed header. */

#include "mqtt/packet.h"
#include "mqtt/ping.h"
#include "wire.h"

enum { BAD = REASON_MALFORMED_PACKET, BIG = REASON_PACKET_TOO_LARGE, MORE = -EAGAIN };

typedef struct FrameCase {
        const char *wire;
        MqttVersion version;
        size_t max_size;
        int result;
        size_t size;
} FrameCase;

static void test_frame(void)
{
        static const FrameCase cases[] = {
                {"", MQTT_UNKNOWN, 0, MORE, 0},
                {"C0", MQTT_5, 0, MORE, 0},
                {"C000", MQTT_5, 0, 0, 2},
                {"C000 FF", MQTT_5, 0, 0, 2}, /* what follows is another packet */
                {"30", MQTT_5, 0, MORE, 0},
                {"3003", MQTT_5, 0, MORE, 5},
                {"3003 0001", MQTT_5, 0, MORE, 5},
                {"3003 0001 'a'", MQTT_5, 0, 0, 5},
                {"3080", MQTT_5, 0, MORE, 0},
                {"308001", MQTT_5, 0, MORE, 131},
                {"308001 00*127", MQTT_5, 0, MORE, 131},
                {"308001 00*128", MQTT_5, 0, 0, 131},
                {"30808001", MQTT_3_1_1, 0, MORE, 16388},
                {"3080808001", MQTT_3_1_1, 0, MORE, 2097157},
                {"30FFFFFF7F", MQTT_3_1_1, 0, MORE, 268435460},
                {"30FFFFFF", MQTT_3_1_1, 0, MORE, 0},
                {"30FFFFFFFF", MQTT_3_1_1, 0, BAD, 0},
                {"3080808080", MQTT_5, 0, BAD, 0},
                {"308080808001", MQTT_5, 0, BAD, 0},
                /* padded: [MQTT-1.5.5-1] is a rule of 5 alone */
                {"C08000", MQTT_5, 0, BAD, 0},
                {"C0808000", MQTT_5, 0, BAD, 0},
                {"C08000", MQTT_3_1_1, 0, 0, 3},
                {"C080808000", MQTT_3_1, 0, 0, 5},
                /* too large: from the header alone */
                {"3003", MQTT_5, 5, MORE, 5},
                {"3003", MQTT_5, 4, BIG, 0},
                {"308001", MQTT_5, 131, MORE, 131},
                {"308001", MQTT_5, 130, BIG, 0},
                {"30FFFFFF7F", MQTT_5, 2000000, BIG, 0},
                {"C000", MQTT_5, 1, BIG, 0},
                /* the type: 0 never, 15 in MQTT 5 alone; known from the first byte */
                {"00", MQTT_5, 0, BAD, 0},
                {"0000", MQTT_UNKNOWN, 0, BAD, 0},
                {"F000", MQTT_5, 0, 0, 2},
                {"F0", MQTT_3_1_1, 0, BAD, 0},
                {"F000", MQTT_3_1, 0, BAD, 0},
                {"31", MQTT_5, 0, MORE, 0},
                {"11", MQTT_UNKNOWN, 0, BAD, 0},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                const FrameCase *item = cases + i;
                Buffer wire = wire_of(item->wire);
                Packet packet = {.size = 77};
                int r = packet_frame(wire.data, buffer_length(&wire), item->max_size, item->version,
                                     &packet);

                g_test_message("%s", item->wire);
                g_assert_cmpint(r, ==, item->result);
                if (r <= 0)
                        g_assert_cmpuint(packet.size, ==, item->size);
                if (r == 0) {
                        g_assert_cmpint(packet.type, ==, wire.data[0] >> 4);
                        g_assert_cmpint(packet.flags, ==, wire.data[0] & 15);
                        g_assert_true(packet.body.data + packet.body.length ==
                                      wire.data + packet.size);
                }
                buffer_done(&wire);
        }
}

/* [MQTT-2.1.3-1]: every value of the first byte, in every version, both ways through the header. */
static void test_flags(void)
{
        for (size_t v = 0; v < G_N_ELEMENTS(all_versions); v++) {
                for (unsigned int first = 0; first < 256; first++) {
                        uint8_t brief[2] = {(uint8_t)first, 0};
                        uint8_t padded[132] = {(uint8_t)first, 0x81, 1};
                        MqttVersion version = all_versions[v];
                        unsigned int type = first >> 4, flags = first & 15;
                        bool request = type == PACKET_PUBREL || type == PACKET_SUBSCRIBE ||
                                       type == PACKET_UNSUBSCRIBE;
                        bool legal = flags == (request ? 2 : 0);
                        bool is_short = type == PACKET_PINGREQ || type == PACKET_PINGRESP;
                        Packet packet;

                        if (type == PACKET_PUBLISH ||
                            (request && flags == 10 && version == MQTT_3_1))
                                legal = true;
                        if (type == 0 || (type == PACKET_AUTH && version != MQTT_5))
                                legal = false;
                        g_assert_cmpint(packet_frame(brief, 2, 0, version, &packet), ==,
                                        legal ? 0 : BAD);
                        /* What never has so long a body is not waited for. */
                        if (version == MQTT_3_1 || version == MQTT_3_1_1)
                                is_short |= type == PACKET_CONNACK || type == PACKET_DISCONNECT ||
                                            type == PACKET_UNSUBACK ||
                                            (type >= PACKET_PUBACK && type <= PACKET_PUBCOMP);
                        g_assert_cmpint(packet_frame(padded, 132, 0, version, &packet), ==,
                                        legal && !is_short ? 0 : BAD);
                        g_assert_cmpint(packet_frame(padded, 1, 0, version, &packet), ==,
                                        legal ? MORE : BAD);
                }
        }
}

static void test_append(void)
{
        static const size_t sizes[] = {0, 1, 127, 128, 16383, 16384, 2097151, 2097152};

        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
                Buffer buffer = {};
                uint8_t *body;
                Packet packet;

                g_assert_cmpint(packet_append(&buffer, 0x30, sizes[i], &body), ==, 0);
                memset(body, 0, sizes[i]);
                packet = wire_packet(&buffer, MQTT_5, PACKET_PUBLISH);
                g_assert_true(packet.body.data == body);
                g_assert_cmpuint(packet.body.length, ==, sizes[i]);
                g_assert_cmpuint(packet_size(sizes[i]), ==, packet.size);
                buffer_done(&buffer);
        }
}

static void test_append_too_large(void)
{
        Buffer buffer = {};
        uint8_t *body;

        g_assert_cmpint(packet_append(&buffer, 0x30, MQTT_REMAINING_MAX + 1, &body), ==, -EMSGSIZE);
        g_assert_cmpuint(buffer_length(&buffer), ==, 0);
}

static void test_ping(void)
{
        Buffer buffer = {};

        g_assert_cmpint(ping_encode(PACKET_PINGREQ, &buffer), ==, 0);
        g_assert_cmpint(ping_encode(PACKET_PINGRESP, &buffer), ==, 0);
        assert_wire(&buffer, "C000 D000");
        g_assert_cmpint(ping_decode((Bytes){}), ==, 0);
        g_assert_cmpint(ping_decode((Bytes){buffer.data, 1}), ==, BAD);
        buffer_done(&buffer);
}

static void test_names(void)
{
        g_assert_cmpstr(packet_type_name(PACKET_CONNECT), ==, "CONNECT");
        g_assert_cmpstr(packet_type_name(PACKET_UNSUBSCRIBE), ==, "UNSUBSCRIBE");
        g_assert_cmpstr(packet_type_name(PACKET_AUTH), ==, "AUTH");
        g_assert_cmpstr(packet_type_name((PacketType)0), ==, "RESERVED");
        g_assert_cmpstr(packet_type_name((PacketType)16), ==, "RESERVED");
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/mqtt/packet/frame", test_frame);
        g_test_add_func("/mqtt/packet/flags-of-every-type", test_flags);
        g_test_add_func("/mqtt/packet/append", test_append);
        g_test_add_func("/mqtt/packet/append-too-large", test_append_too_large);
        g_test_add_func("/mqtt/packet/ping", test_ping);
        g_test_add_func("/mqtt/packet/type-names", test_names);
        return g_test_run();
}
