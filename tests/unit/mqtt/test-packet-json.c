/* SPDX-License-Identifier: Apache-2.0 */

/* Packets as people read them. */

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/packet-json.h"

/* A C string without its end. */
#define LITERAL(text) text, sizeof(text) - 1

static char *written(const char *data, size_t length, MqttVersion version, size_t cut)
{
        JsonOut json = {};
        Packet packet = {};
        char *text = NULL;
        size_t size;

        g_assert_cmpint(packet_frame((const uint8_t *)data, length, 0, version, &packet), ==, 0);
        packet.body.length -= cut;
        json.to = open_memstream(&text, &size);
        g_assert_nonnull(json.to);
        json_out_begin(&json);
        packet_json_write(&json, &packet, version, cut);
        json_out_end(&json);
        g_assert_cmpint(fclose(json.to), ==, 0);
        return text;
}

typedef struct Case {
        const char *name;
        MqttVersion version;
        const char *data;
        size_t length;
        const char *json; /* behind the size */
} Case;

static const Case cases[] = {
        {"connect", MQTT_UNKNOWN,
         LITERAL("\x10\x33\0\4MQTT\5\xC6\0\x3C\x0B\x11\0\0\0\x0A\x26\0\1a\0"
                 "\0\0\1c\0\0\1w\0\1x\0\3eve\0\x0Copen sesame!"),
         "\"protocol\":\"5.0\",\"client\":\"c\",\"clean_start\":true,\"keep_alive\":60,"
         "\"user\":\"eve\",\"password\":true,"
         "\"will\":{\"topic\":\"w\",\"qos\":0,\"retain\":false,\"payload_size\":1,"
         "\"payload\":\"x\"},\"properties\":{\"session_expiry_interval\":10,"
         "\"user_properties\":[{\"name\":\"a\",\"value\":\"\"}]}"},
        {"connack", MQTT_5, LITERAL("\x20\x06\1\0\3\x21\0\7"),
         "\"reason\":0,\"reason_name\":\"Success\",\"session_present\":true,"
         "\"properties\":{\"receive_maximum\":7}"},
        {"publish-v3", MQTT_3_1_1, LITERAL("\x3B\x07\0\1t\1\2\xff\xfe"),
         "\"topic\":\"t\",\"qos\":1,\"retain\":true,\"dup\":true,\"id\":258,\"payload_size\":2,"
         "\"payload_base64\":\"//4=\""},
        {"publish-v5", MQTT_5, LITERAL("\x30\x0E\0\0\7\x23\0\1\x0B\1\x0B\2text"),
         "\"topic\":\"\",\"qos\":0,\"retain\":false,\"dup\":false,\"payload_size\":4,"
         "\"payload\":\"text\",\"properties\":{\"topic_alias\":1,"
         "\"subscription_identifiers\":[1,2]}"},
        {"puback", MQTT_5, LITERAL("\x40\3\0\1\x10"),
         "\"id\":1,\"reason\":16,\"reason_name\":\"No matching subscribers\""},
        {"pubrel", MQTT_3_1_1, LITERAL("\x62\2\0\1"),
         "\"id\":1,\"reason\":0,\"reason_name\":\"Success\""},
        {"subscribe-v3", MQTT_3_1_1, LITERAL("\x82\x0A\0\1\0\1#\1\0\1+\2"),
         "\"id\":1,\"filters\":[{\"filter\":\"#\",\"qos\":1},{\"filter\":\"+\",\"qos\":2}]"},
        {"subscribe-v5", MQTT_5, LITERAL("\x82\x09\0\1\2\x0B\5\0\1#\x2D"),
         "\"id\":1,\"filters\":[{\"filter\":\"#\",\"qos\":1,\"no_local\":true,"
         "\"retain_as_published\":true,\"retain_handling\":2}],"
         "\"properties\":{\"subscription_identifiers\":[5]}"},
        {"suback", MQTT_3_1_1, LITERAL("\x90\4\0\1\0\x80"), "\"id\":1,\"reasons\":[0,128]"},
        {"unsubscribe", MQTT_3_1_1, LITERAL("\xA2\5\0\1\0\1#"),
         "\"id\":1,\"filters\":[{\"filter\":\"#\"}]"},
        {"unsuback-v3", MQTT_3_1_1, LITERAL("\xB0\2\0\1"), "\"id\":1,\"reasons\":[]"},
        {"unsuback-v5", MQTT_5, LITERAL("\xB0\4\0\1\0\x11"), "\"id\":1,\"reasons\":[17]"},
        {"disconnect", MQTT_5, LITERAL("\xE0\1\x8E"),
         "\"reason\":142,\"reason_name\":\"Session taken over\""},
        {"auth", MQTT_5, LITERAL("\xF0\x0D\x18\x0B\x15\0\1m\x16\0\4key!"),
         "\"reason\":24,\"reason_name\":\"Continue authentication\","
         "\"properties\":{\"authentication_method\":\"m\",\"authentication_data_size\":4}"},
        {"malformed", MQTT_5, LITERAL("\x82\2\0\1"), "\"error\":\"Malformed Packet\""},
        {"secret-in-malformed", MQTT_UNKNOWN, LITERAL("\x10\x0D\0\4MQTT\4\xC2\0\0key"),
         "\"error\":\"Malformed Packet\""},
};

static void test_case(gconstpointer data)
{
        const Case *c = data;
        char *text = written(c->data, c->length, c->version, 0);
        g_autofree char *expected = g_strdup_printf(
                "{\"packet\":\"%s\",\"size\":%zu,%s}",
                packet_type_name((PacketType)((uint8_t)c->data[0] >> 4)), c->length, c->json);

        g_assert_cmpstr(text, ==, expected);
        free(text);
}

/* What a PUBLISH to t is shown as when its payload is this. */
static void assert_payload(const char *payload, size_t length, size_t cut, const char *shown)
{
        g_autoptr(GString) packet = g_string_new("\x30");
        g_autofree char *expected =
                g_strdup_printf("\"dup\":false,\"payload_size\":%zu,\"payload%s\":\"%s\"%s}",
                                length, g_str_has_prefix(shown, "/") ? "_base64" : "", shown,
                                strlen(shown) < length ? ",\"payload_cut\":true" : "");
        char *text;

        g_assert_cmpuint(length + 3, <, 16384);
        if (length + 3 >= 128)
                g_string_append_c(packet, (char)((length + 3) % 128 | 128));
        g_string_append_c(packet, (char)(length + 3 < 128 ? length + 3 : (length + 3) / 128));
        g_string_append_len(packet, "\0\1t", 3);
        g_string_append_len(packet, payload, (gssize)length);
        text = written(packet->str, packet->len, MQTT_3_1_1, cut);
        g_assert_true(g_str_has_suffix(text, expected));
        free(text);
}

static void test_payloads(void)
{
        g_autofree char *most = g_strnfill(PACKET_JSON_PAYLOAD_MAX, 'x');
        g_autofree char *more = g_strnfill(PACKET_JSON_PAYLOAD_MAX + 1, 'x');
        g_autofree char *umlaut =
                g_strdup_printf("%.*s\xc3\xa4", PACKET_JSON_PAYLOAD_MAX - 1, most);
        g_autofree char *less = g_strnfill(PACKET_JSON_PAYLOAD_MAX - 1, 'x');

        assert_payload("", 0, 0, "");
        assert_payload(most, strlen(most), 0, most);
        assert_payload(more, strlen(more), 0, most);
        assert_payload(umlaut, strlen(umlaut), 0, less);
        /* The rest was not looked at. */
        assert_payload(more, strlen(more), 1000, "xxxxxxxxxxxxxxxxxxxxxxxxx");
        assert_payload("x\xc3\xa4", 3, 1, "x");
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path = g_strdup_printf("/mqtt/packet-json/%s", cases[i].name);

                g_test_add_data_func(path, &cases[i], test_case);
        }
        g_test_add_func("/mqtt/packet-json/payloads", test_payloads);
        return g_test_run();
}
