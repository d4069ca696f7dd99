/* SPDX-License-Identifier: Apache-2.0 */
/* The properties of MQTT 5. */

#include "mqtt/property.h"
#include "mqtt/writer.h"
#include "wire.h"

enum { BAD = REASON_MALFORMED_PACKET, WRONG = REASON_PROTOCOL_ERROR };

static int decode(const char *text, PropertyContext context)
{
        Buffer wire = wire_of(text);
        Bytes bytes = buffer_bytes(&wire);
        uint8_t *copy = g_memdup2(bytes.data, bytes.length);
        Reader reader = reader_of((Bytes){copy, bytes.length});
        Properties properties;
        int r = properties_decode(&reader, context, &properties);

        g_free(copy);
        buffer_done(&wire);
        return r;
}

typedef struct PlaceCase {
        const char *property; /* a legal one, encoded */
        const char *contexts; /* as hex numbers; 00 is the will */
} PlaceCase;

/* MQTT 5.0, table 2-4: each property, in each packet; once, and twice */
static void test_places(void)
{
        static const PlaceCase cases[] = {
                {"01 01", "00 03"},
                {"02 00000000", "00 03"},
                {"03 0000", "00 03"},
                {"08 0001 'r'", "00 03"},
                {"09 0000", "00 03"},
                {"0B 01", "03 08"},
                {"11 00000000", "01 02 0E"},
                {"12 0000", "02"},
                {"13 0000", "02"},
                {"15 0000", "01 02 0F"},
                {"17 00", "01"},
                {"18 00000000", "00"},
                {"19 00", "01"},
                {"1A 0000", "02"},
                {"1C 0000", "02 0E"},
                {"1F 0000", "02 04 05 06 07 09 0B 0E 0F"},
                {"21 0001", "01 02"},
                {"22 0000", "01 02"},
                {"23 0001", "03"},
                {"24 00", "02"},
                {"25 00", "02"},
                {"26 0000 0000", "00 01 02 03 04 05 06 07 08 09 0A 0B 0E 0F"},
                {"27 00000001", "01 02"},
                {"28 00", "02"},
                {"29 00", "02"},
                {"2A 00", "02"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Buffer one = wire_of(cases[i].property), legal = wire_of(cases[i].contexts);
                unsigned int length = (unsigned int)buffer_length(&one);
                g_autofree char *once = g_strdup_printf("%02X %s", length, cases[i].property);
                g_autofree char *twice = g_strdup_printf("%02X %s %s", 2 * length,
                                                         cases[i].property, cases[i].property);

                for (int context = 0; context < 16; context++) {
                        bool here = memchr(legal.data, context, buffer_length(&legal));
                        bool repeats = one.data[0] == 0x26 || (one.data[0] == 0x0B && context == 3);

                        g_test_message("%s in %d", cases[i].property, context);
                        g_assert_cmpint(decode(once, (PropertyContext)context), ==, here ? 0 : BAD);
                        g_assert_cmpint(decode(twice, (PropertyContext)context), ==,
                                        !here     ? BAD
                                        : repeats ? 0
                                                  : WRONG);
                }
                buffer_done(&one);
                buffer_done(&legal);
        }
}

static void test_unknown(void)
{
        static const char known[] = {0x01, 0x02, 0x03, 0x08, 0x09, 0x0B, 0x11, 0x12, 0x13,
                                     0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1C, 0x1F, 0x21,
                                     0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A};

        for (unsigned int id = 0; id < 256; id++) {
                g_autofree char *text = g_strdup_printf("05 %02X 00000001", id);

                if (id < 128 && memchr(known, (int)id, sizeof(known)))
                        continue;
                for (int context = 0; context < 16; context++)
                        g_assert_cmpint(decode(text, (PropertyContext)context), ==, BAD);
        }
}

typedef struct ValueCase {
        const char *block;
        PropertyContext context;
        int result;
} ValueCase;

static void test_values(void)
{
        static const ValueCase cases[] = {
                {"00", PROPERTIES_CONNECT, 0},
                {"02 01 02", PROPERTIES_PUBLISH, WRONG},
                {"02 01 FF", PROPERTIES_WILL, WRONG},
                {"02 17 02", PROPERTIES_CONNECT, WRONG},
                {"02 19 02", PROPERTIES_CONNECT, WRONG},
                {"02 24 02", PROPERTIES_CONNACK, WRONG},
                {"02 25 02", PROPERTIES_CONNACK, WRONG},
                {"02 28 02", PROPERTIES_CONNACK, WRONG},
                {"02 29 02", PROPERTIES_CONNACK, WRONG},
                {"02 2A 02", PROPERTIES_CONNACK, WRONG},
                {"03 21 0000", PROPERTIES_CONNECT, WRONG},
                {"03 21 0000", PROPERTIES_CONNACK, WRONG},
                {"05 27 00000000", PROPERTIES_CONNECT, WRONG},
                {"03 23 0000", PROPERTIES_PUBLISH, REASON_TOPIC_ALIAS_INVALID},
                {"02 0B 00", PROPERTIES_SUBSCRIBE, WRONG},
                {"05 0B FFFFFF7F", PROPERTIES_SUBSCRIBE, 0},
                {"06 0B FFFFFFFF 7F", PROPERTIES_SUBSCRIBE, BAD},
                {"03 0B 8000", PROPERTIES_SUBSCRIBE, BAD},
                {"04 08 0001 '+'", PROPERTIES_PUBLISH, WRONG},
                {"04 08 0001 '#'", PROPERTIES_WILL, WRONG},
                {"03 08 0000", PROPERTIES_PUBLISH, WRONG},
                {"04 16 0001 'x'", PROPERTIES_CONNECT, WRONG},
                {"08 16 0001 'x' 15 0001 'y'", PROPERTIES_CONNECT, 0},
                /* not UTF-8 */
                {"04 03 0001 FF", PROPERTIES_PUBLISH, BAD},
                {"04 09 0001 FF", PROPERTIES_PUBLISH, 0}, /* binary */
                {"04 1F 0001 00", PROPERTIES_PUBACK, BAD},
                {"06 26 0001 FF 0000", PROPERTIES_PUBACK, BAD},
                {"06 26 0000 0001 FF", PROPERTIES_PUBACK, BAD},
                /* the length */
                {"", PROPERTIES_PUBLISH, BAD},
                {"80", PROPERTIES_PUBLISH, BAD},
                {"8000", PROPERTIES_PUBLISH, BAD},
                {"8080808001", PROPERTIES_PUBLISH, BAD},
                {"01", PROPERTIES_PUBLISH, BAD},
                {"01 01", PROPERTIES_PUBLISH, BAD},
                {"02 01", PROPERTIES_PUBLISH, BAD},
                {"01 01 01", PROPERTIES_PUBLISH, BAD}, /* the value lies behind the block */
                {"03 03 0001", PROPERTIES_PUBLISH, BAD},
                {"05 26 0000 0001", PROPERTIES_PUBLISH, BAD},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_test_message("%s", cases[i].block);
                g_assert_cmpint(decode(cases[i].block, cases[i].context), ==, cases[i].result);
        }
}

static Properties full_properties(void)
{
        return (Properties){
                .present = PROPERTY_BIT(0x01) | PROPERTY_BIT(0x02) | PROPERTY_BIT(0x03) |
                           PROPERTY_BIT(0x08) | PROPERTY_BIT(0x09) | PROPERTY_BIT(0x0B) |
                           PROPERTY_BIT(0x23),
                .payload_format_indicator = 1,
                .message_expiry_interval = 0x01020304,
                .content_type = BYTES_LITERAL("text"),
                .response_topic = BYTES_LITERAL("re/ply"),
                .correlation_data = BYTES_LITERAL("\xFF\x01"),
                .subscription_identifier = 200,
                .topic_alias = 0x0506,
        };
}

static void test_round_trip(void)
{
        static const uint32_t identifiers[] = {1, 268435455};
        Properties given = full_properties(), got;
        Buffer user = wire_of("26 0001 'k' 0001 'v' 26 0001 'k' 0000"), block = {};
        size_t size;
        Reader reader;

        given.raw_user = buffer_bytes(&user);
        given.identifiers = identifiers;
        given.n_identifiers = 2;
        size = properties_block_size(&given);
        g_assert_cmpint(buffer_reserve(&block, size), ==, 0);
        g_assert_true(properties_write(&given, block.data) == block.data + size);
        buffer_commit(&block, size);
        reader = reader_of(buffer_bytes(&block));
        g_assert_cmpint(properties_decode(&reader, PROPERTIES_PUBLISH, &got), ==, 0);
        g_assert_true(reader_is_empty(&reader));

        g_assert_true(got.present == (given.present | PROPERTY_BIT(PROPERTY_USER_PROPERTY)));
        g_assert_cmpuint(got.payload_format_indicator, ==, 1);
        g_assert_cmpuint(got.message_expiry_interval, ==, 0x01020304);
        g_assert_cmpuint(got.topic_alias, ==, 0x0506);
        g_assert_cmpuint(got.subscription_identifier, ==, 200);
        assert_bytes(got.content_type, "text");
        assert_bytes(got.response_topic, "re/ply");
        assert_bytes(got.correlation_data, "\xFF\x01");
        g_assert_cmpuint(got.user_properties, ==, 2);
        g_assert_cmpuint(got.raw.length, ==, properties_size(&given));
        buffer_done(&user);
        buffer_done(&block);
}

static void test_connack_round_trip(void)
{
        Properties given = {
                .present = PROPERTY_BIT(0x11) | PROPERTY_BIT(0x12) | PROPERTY_BIT(0x13) |
                           PROPERTY_BIT(0x1A) | PROPERTY_BIT(0x1C) | PROPERTY_BIT(0x1F) |
                           PROPERTY_BIT(0x21) | PROPERTY_BIT(0x22) | PROPERTY_BIT(0x24) |
                           PROPERTY_BIT(0x25) | PROPERTY_BIT(0x27) | PROPERTY_BIT(0x28) |
                           PROPERTY_BIT(0x29) | PROPERTY_BIT(0x2A) | PROPERTY_BIT(0x15) |
                           PROPERTY_BIT(0x16),
                .session_expiry_interval = 1,
                .assigned_client_identifier = BYTES_LITERAL("id"),
                .server_keep_alive = 2,
                .authentication_method = BYTES_LITERAL("m"),
                .authentication_data = BYTES_LITERAL("d"),
                .response_information = BYTES_LITERAL("i"),
                .server_reference = BYTES_LITERAL("s"),
                .reason_string = BYTES_LITERAL("r"),
                .receive_maximum = 20,
                .topic_alias_maximum = 10,
                .maximum_qos = 1,
                .retain_available = 0,
                .maximum_packet_size = 2000000,
                .wildcard_subscription_available = 1,
                .subscription_identifier_available = 0,
                .shared_subscription_available = 1,
        };
        Buffer block = {};
        size_t size = properties_block_size(&given);

        g_assert_cmpint(buffer_reserve(&block, size), ==, 0);
        g_assert_true(properties_write(&given, block.data) == block.data + size);
        buffer_commit(&block, size);
        assert_wire(&block, "36 22 000A 11 00000001 12 0002 'id' 13 0002 15 0001 'm' 16 0001 'd' "
                            "1A 0001 'i' 1C 0001 's' 1F 0001 'r' 24 01 25 00 28 01 29 00 2A 01 "
                            "27 001E8480 21 0014");
        buffer_done(&block);
}

typedef struct SelectCase {
        const char *raw;
        bool whole; /* all of it is forwarded */
        const char *selected;
} SelectCase;

static void test_forward(void)
{
        static const SelectCase cases[] = {
                {"", true, ""},
                {"01 01 26 0001 'a' 0001 'b' 03 0001 'c' 08 0001 'r' 09 0001 'd'", true,
                 "01 01 26 0001 'a' 0001 'b' 03 0001 'c' 08 0001 'r' 09 0001 'd'"},
                {"02 00000001", false, ""},
                {"26 0001 'a' 0000 23 0001 26 0001 'b' 0000 02 00000009 26 0001 'a' 0000 0B 05",
                 false, "26 0001 'a' 0000 26 0001 'b' 0000 26 0001 'a' 0000"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Buffer raw = wire_of(cases[i].raw), selected = {};
                g_autofree char *text =
                        g_strdup_printf("%02X %s", (unsigned int)buffer_length(&raw), cases[i].raw);
                Buffer block = wire_of(text);
                Reader reader = reader_of(buffer_bytes(&block));
                Properties properties;
                size_t size;

                g_assert_cmpint(properties_decode(&reader, PROPERTIES_PUBLISH, &properties), ==, 0);
                g_assert_true(properties_forward_whole(&properties) == cases[i].whole);
                size = properties_select_size(properties.raw, PROPERTIES_FORWARDED);
                g_assert_cmpint(buffer_reserve(&selected, size + 1), ==, 0);
                g_assert_true(properties_select_write(properties.raw, PROPERTIES_FORWARDED,
                                                      selected.data) == selected.data + size);
                buffer_commit(&selected, size);
                assert_wire(&selected, cases[i].selected);
                buffer_done(&raw);
                buffer_done(&block);
                buffer_done(&selected);
        }
}

static void test_many_user_properties(void)
{
        enum { N = 50000 };
        Bytes name = BYTES_LITERAL("n"), value = BYTES_LITERAL("v");
        size_t each = user_property_size(name, value);
        Properties given = {}, got;
        Buffer user = {}, block = {};
        Reader reader;

        g_assert_cmpint(buffer_reserve(&user, N * each), ==, 0);
        for (size_t i = 0; i < N; i++) {
                user_property_write(buffer_tail(&user), name, value);
                buffer_commit(&user, each);
        }
        given.raw_user = buffer_bytes(&user);
        g_assert_cmpint(buffer_reserve(&block, properties_block_size(&given)), ==, 0);
        properties_write(&given, block.data);
        buffer_commit(&block, properties_block_size(&given));
        reader = reader_of(buffer_bytes(&block));
        g_assert_cmpint(properties_decode(&reader, PROPERTIES_PUBLISH, &got), ==, 0);
        g_assert_cmpuint(got.user_properties, ==, N);
        buffer_done(&user);
        buffer_done(&block);
}

static void test_walk(void)
{
        Buffer raw = wire_of("26 0001 'k' 0002 'vv' 21 0102 27 01020304 16 0001 'b'");
        Reader reader = reader_of(buffer_bytes(&raw));
        Property property;

        g_assert_cmpint(property_next(&reader, &property), ==, 0);
        g_assert_cmpint(property.id, ==, PROPERTY_USER_PROPERTY);
        assert_bytes(property.name, "k");
        assert_bytes(property.value, "vv");
        g_assert_cmpuint(property.encoded.length, ==, 8);
        g_assert_cmpint(property_next(&reader, &property), ==, 0);
        g_assert_cmpuint(property.number, ==, 0x0102);
        g_assert_cmpint(property_next(&reader, &property), ==, 0);
        g_assert_cmpuint(property.number, ==, 0x01020304);
        g_assert_cmpint(property_next(&reader, &property), ==, 0);
        assert_bytes(property.value, "b");
        g_assert_true(reader_is_empty(&reader));
        g_assert_cmpint(property_next(&reader, &property), ==, BAD);
        buffer_done(&raw);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/mqtt/property/places", test_places);
        g_test_add_func("/mqtt/property/unknown", test_unknown);
        g_test_add_func("/mqtt/property/values", test_values);
        g_test_add_func("/mqtt/property/round-trip", test_round_trip);
        g_test_add_func("/mqtt/property/connack-order", test_connack_round_trip);
        g_test_add_func("/mqtt/property/forward", test_forward);
        g_test_add_func("/mqtt/property/many-user-properties", test_many_user_properties);
        g_test_add_func("/mqtt/property/walk", test_walk);
        return g_test_run();
}
