/* SPDX-License-Identifier: Apache-2.0 */
/* The cursor over received bytes, and its counterpart that writes. */

#include "mqtt/reader.h"
#include "mqtt/writer.h"
#include "wire.h"

typedef struct VarintCase {
        const char *wire;
        int result;
        uint32_t value;
} VarintCase;

static void test_varint(void)
{
        /* MQTT 5.0, table 1-1, and what is not in it */
        static const VarintCase cases[] = {
                {"00", 0, 0},
                {"7F", 0, 127},
                {"8001", 0, 128},
                {"FF7F", 0, 16383},
                {"808001", 0, 16384},
                {"FFFF7F", 0, 2097151},
                {"80808001", 0, 2097152},
                {"FFFFFF7F", 0, 268435455},
                {"", REASON_MALFORMED_PACKET, 0},
                {"80", REASON_MALFORMED_PACKET, 0},
                {"FFFFFF", REASON_MALFORMED_PACKET, 0},
                {"FFFFFFFF", REASON_MALFORMED_PACKET, 0},
                {"8080808001", REASON_MALFORMED_PACKET, 0},
                {"8000", REASON_MALFORMED_PACKET, 0},
                {"FF8000", REASON_MALFORMED_PACKET, 0},
                {"80808000", REASON_MALFORMED_PACKET, 0},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Buffer wire = wire_of(cases[i].wire);
                Reader reader = reader_of(buffer_bytes(&wire));
                const uint8_t *start = reader.at;
                uint32_t value = 0xABCD;

                g_test_message("%s", cases[i].wire);
                g_assert_cmpint(reader_varint(&reader, &value), ==, cases[i].result);
                if (cases[i].result == 0) {
                        uint8_t written[4];

                        g_assert_cmpuint(value, ==, cases[i].value);
                        g_assert_true(reader_is_empty(&reader));
                        g_assert_cmpmem(written, (size_t)(write_varint(written, value) - written),
                                        wire.data, buffer_length(&wire));
                        g_assert_cmpuint(varint_size(value), ==, buffer_length(&wire));
                } else {
                        g_assert_cmpuint(value, ==, 0xABCD);
                        g_assert_true(reader.at == start);
                }
                buffer_done(&wire);
        }
}

static void test_integers(void)
{
        Buffer wire = wire_of("01 0203 04050607 0000");
        Reader reader = reader_of(buffer_bytes(&wire));
        uint8_t u8 = 0;
        uint16_t u16 = 0;
        uint32_t u32 = 0;

        g_assert_cmpint(reader_u8(&reader, &u8), ==, 0);
        g_assert_cmpint(reader_u16(&reader, &u16), ==, 0);
        g_assert_cmpint(reader_u32(&reader, &u32), ==, 0);
        g_assert_cmpuint(u8, ==, 0x01);
        g_assert_cmpuint(u16, ==, 0x0203);
        g_assert_cmpuint(u32, ==, 0x04050607);
        g_assert_cmpint(reader_u32(&reader, &u32), ==, REASON_MALFORMED_PACKET);
        g_assert_cmpuint(reader_left(&reader), ==, 2);
        g_assert_cmpint(reader_packet_id(&reader, &u16), ==, REASON_PROTOCOL_ERROR);
        buffer_done(&wire);
}

static void test_nothing_left(void)
{
        Reader reader = reader_of((Bytes){});
        Bytes bytes;
        uint8_t u8 = 0;
        uint16_t u16 = 0;
        uint32_t u32 = 0;

        g_assert_true(reader_is_empty(&reader));
        g_assert_cmpint(reader_u8(&reader, &u8), ==, REASON_MALFORMED_PACKET);
        g_assert_cmpint(reader_u16(&reader, &u16), ==, REASON_MALFORMED_PACKET);
        g_assert_cmpint(reader_u32(&reader, &u32), ==, REASON_MALFORMED_PACKET);
        g_assert_cmpint(reader_varint(&reader, &u32), ==, REASON_MALFORMED_PACKET);
        g_assert_cmpint(reader_binary(&reader, &bytes), ==, REASON_MALFORMED_PACKET);
        g_assert_cmpint(reader_string(&reader, &bytes), ==, REASON_MALFORMED_PACKET);
        g_assert_cmpint(reader_packet_id(&reader, &u16), ==, REASON_MALFORMED_PACKET);
        g_assert_cmpint(reader_bytes(&reader, 0, &bytes), ==, 0);
        g_assert_cmpuint(bytes.length, ==, 0);
}

typedef struct StringCase {
        const char *wire;
        int string, binary;
} StringCase;

static void test_string(void)
{
        enum { BAD = REASON_MALFORMED_PACKET };
        static const StringCase cases[] = {
                {"0000", 0, 0},
                {"0003 'abc'", 0, 0},
                {"0004 'abc'", BAD, BAD},
                {"00", BAD, BAD},
                {"0002 C3A9", 0, 0},       /* é */
                {"0003 EFBBBF", 0, 0},     /* a byte order mark stays [MQTT-1.5.4-3] */
                {"0004 F0AA9B94", 0, 0},   /* U+2A6D4, the standard's own example */
                {"0001 00", BAD, 0},       /* U+0000 */
                {"0002 C080", BAD, 0},     /* the same, disguised */
                {"0003 EDA080", BAD, 0},   /* U+D800 */
                {"0003 EDBFBF", BAD, 0},   /* U+DFFF */
                {"0004 F4908080", BAD, 0}, /* beyond U+10FFFF */
                {"0001 C3", BAD, 0},
                {"0001 80", BAD, 0},
                {"0001 FF", BAD, 0},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Buffer wire = wire_of(cases[i].wire);
                Reader text = reader_of(buffer_bytes(&wire)), binary = text;
                Bytes bytes;

                g_test_message("%s", cases[i].wire);
                g_assert_cmpint(reader_string(&text, &bytes), ==, cases[i].string);
                g_assert_cmpint(reader_binary(&binary, &bytes), ==, cases[i].binary);
                g_assert_true(reader_is_empty(&binary) == (cases[i].binary == 0));
                g_assert_true(reader_is_empty(&text) == (cases[i].string == 0));
                buffer_done(&wire);
        }
}

static void test_sizes(void)
{
        g_assert_cmpuint(string_size((Bytes){NULL, 65535}), ==, 65537);
        g_assert_cmpuint(string_size((Bytes){NULL, 65536}), >, MQTT_REMAINING_MAX);
        g_assert_cmpuint(varint_size(MQTT_VARINT_MAX), ==, 4);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/mqtt/reader/varint", test_varint);
        g_test_add_func("/mqtt/reader/integers", test_integers);
        g_test_add_func("/mqtt/reader/nothing-left", test_nothing_left);
        g_test_add_func("/mqtt/reader/string-and-binary", test_string);
        g_test_add_func("/mqtt/reader/sizes", test_sizes);
        return g_test_run();
}
