/* SPDX-License-Identifier: Apache-2.0 */

/* A message into PUBLISH packets for many takers: each way to encode gives the same bytes. */

#include "server/publish-encoder.h"

#include <stdio.h>

#include "fake-transport.h"
#include "mqtt/packet.h"

#define NOW (100 * MSEC_PER_SEC)

static const MqttVersion versions[] = {MQTT_3_1, MQTT_3_1_1, MQTT_5};
static const size_t sizes[] = {0, 1, 100, OUTPUT_SHARE_MIN - 1, OUTPUT_SHARE_MIN, 20000};

/* A user property k: v. */
static const uint8_t user_property[] = {0x26, 0, 1, 'k', 0, 1, 'v'};

typedef struct MessageKind {
        const char *topic;
        bool has_properties;
        bool expires;
} MessageKind;

static const MessageKind kinds[] = {
        {"t", false, false},
        {"home/kitchen/temperature", true, false},
        {"mount/a", false, true},
        {"mount/b/c", true, true},
};

static Message *make_message(const MessageKind *kind, size_t size)
{
        _cleanup_free_ uint8_t *payload = malloc(size + 1);
        MessageParts parts = {
                .topic = bytes_from_string(kind->topic),
                .properties = {user_property, kind->has_properties ? sizeof(user_property) : 0},
                .payload = {payload, size},
                .expires = kind->expires ? message_expires_at(NOW, 30) : MESSAGE_NEVER_EXPIRES,
        };
        Message *message;

        for (size_t i = 0; i < size; i++)
                payload[i] = (uint8_t)(i * 7);
        g_assert_cmpint(message_new(&parts, &message), ==, 0);
        return message;
}

/* What the room below makes of it, from first principles. */
static void expect(GByteArray *expected, const Message *message, const Delivery *delivery,
                   MqttVersion version)
{
        Publish publish = {
                .topic = message_topic(message),
                .payload = message_payload(message),
                .packet_id = delivery->packet_id,
                .qos = delivery->qos,
                .dup = delivery->dup,
                .retain = delivery->retain,
        };
        Buffer buffer = {};

        properties_init(&publish.properties);
        publish.properties.raw_user = message_properties(message);
        if (message->expires != MESSAGE_NEVER_EXPIRES) {
                publish.properties.present |= PROPERTY_BIT(PROPERTY_MESSAGE_EXPIRY_INTERVAL);
                publish.properties.message_expiry_interval = 30;
        }
        if (delivery->n_identifiers > 0) {
                publish.properties.present |= PROPERTY_BIT(PROPERTY_SUBSCRIPTION_IDENTIFIER);
                publish.properties.subscription_identifier = delivery->identifiers[0];
                publish.properties.identifiers = delivery->identifiers + 1;
                publish.properties.n_identifiers = delivery->n_identifiers - 1U;
        }
        g_assert_cmpint(publish_encode(&publish, version, &buffer), ==, 0);
        g_byte_array_append(expected, buffer.data, (guint)buffer_length(&buffer));
        buffer_done(&buffer);
}

static void assert_output(Output *output, const GByteArray *expected)
{
        FakeTransport sink;
        size_t written;

        fake_init(&sink, SIZE_MAX);
        g_assert_cmpuint(output_length(output), ==, expected->len);
        g_assert_cmpint(output_write(output, &sink.transport, &written), ==, 0);
        g_assert_cmpmem(sink.got->data, sink.got->len, expected->data, expected->len);
        fake_done(&sink);
}

/* All layouts of one message, each twice, mixed as subscribers are; with templates or without. */
static void encode_all(PublishEncoder *encoder, Message *message, bool many)
{
        GByteArray *expected = g_byte_array_new();
        Output output = {};
        uint16_t id = 1;

        if (many)
                publish_encoder_begin(encoder, message, NOW);
        for (unsigned i = 0; i < 2 * ARRAY_SIZE(versions) * 3 * 2; i++) {
                PublishTarget target = {
                        .output = &output,
                        .version = versions[i % ARRAY_SIZE(versions)],
                };
                Delivery delivery = {
                        .message = message,
                        .qos = (uint8_t)(i / 3 % 3),
                        .retain = i / 9 % 2,
                };
                size_t size, before = expected->len;

                delivery.packet_id = delivery.qos > 0 ? (uint16_t)(id += 257) : 0;
                expect(expected, message, &delivery, target.version);
                g_assert_cmpint(publish_encoder_append(encoder, &delivery, NOW, &target, &size), ==,
                                0);
                g_assert_cmpuint(size, ==, expected->len - before);
        }
        publish_encoder_end(encoder);
        assert_output(&output, expected);
        output_done(&output);
        g_byte_array_unref(expected);
}

static void test_same_bytes(void)
{
        PublishEncoder encoder = {};

        for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
                for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
                        _cleanup_(message_unrefp) Message *message =
                                make_message(&kinds[k], sizes[s]);

                        encode_all(&encoder, message, false);
                        encode_all(&encoder, message, true);
                        encode_all(&encoder, message, true); /* the templates start anew */
                        g_assert_cmpuint(message->references, ==, 1);
                }
        publish_encoder_done(&encoder);
}

/* What is particular to one taker does not come from, nor go into, a template. */
static void test_particular(void)
{
        static const uint32_t identifiers[] = {1, 300, 268435455};
        static const struct {
                uint16_t n_identifiers;
                bool dup;
        } cases[] = {{0, false}, {1, false}, {3, false}, {0, true}, {2, true}, {0, false}};
        _cleanup_(message_unrefp) Message *message = make_message(&kinds[1], 50);
        GByteArray *expected = g_byte_array_new();
        PublishEncoder encoder = {};
        Output output = {};

        publish_encoder_begin(&encoder, message, NOW);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                PublishTarget target = {.output = &output, .version = MQTT_5};
                Delivery delivery = {
                        .message = message,
                        .qos = 1,
                        .packet_id = (uint16_t)(i + 1),
                        .dup = cases[i].dup,
                        .identifiers = identifiers,
                        .n_identifiers = cases[i].n_identifiers,
                };
                size_t size;

                expect(expected, message, &delivery, MQTT_5);
                g_assert_cmpint(publish_encoder_append(&encoder, &delivery, NOW, &target, &size),
                                ==, 0);
        }
        publish_encoder_end(&encoder);
        assert_output(&output, expected);
        output_done(&output);
        g_byte_array_unref(expected);
        publish_encoder_done(&encoder);
}

/* Another message than the one that is being sent to many. */
static void test_other_message(void)
{
        _cleanup_(message_unrefp) Message *many = make_message(&kinds[0], 50);
        _cleanup_(message_unrefp) Message *other = make_message(&kinds[1], 60);
        GByteArray *expected = g_byte_array_new();
        PublishEncoder encoder = {};
        Output output = {};
        PublishTarget target = {.output = &output, .version = MQTT_3_1_1};
        Message *order[] = {many, other, many};
        size_t size;

        publish_encoder_begin(&encoder, many, NOW);
        for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
                Delivery delivery = {.message = order[i]};

                expect(expected, order[i], &delivery, MQTT_3_1_1);
                g_assert_cmpint(publish_encoder_append(&encoder, &delivery, NOW, &target, &size),
                                ==, 0);
        }
        assert_output(&output, expected);
        output_done(&output);
        g_byte_array_unref(expected);
        publish_encoder_done(&encoder);
}

/* The one packet in the output. */
static Publish decode(const Output *output, MqttVersion version)
{
        Bytes bytes = buffer_bytes(&output->bytes);
        Publish publish;
        Packet packet;

        g_assert_cmpint(packet_frame(bytes.data, bytes.length, 0, version, &packet), ==, 0);
        g_assert_cmpuint(packet.size, ==, bytes.length);
        g_assert_cmpint(publish_decode(packet.body, version, packet.flags, &publish), ==, 0);
        return publish;
}

static void test_mount_point(void)
{
        static const struct {
                const char *strip, *topic, *shown;
        } cases[] = {
                {"mount/", "mount/a", "a"},
                {"mount/", "mount/b/c", "b/c"},
                {"mount", "mount/a", "/a"},
                {"", "mount/a", "mount/a"},
        };
        PublishEncoder encoder = {};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                for (unsigned many = 0; many < 2; many++) {
                        MessageKind kind = {cases[i].topic, false, false};
                        _cleanup_(message_unrefp) Message *message = make_message(&kind, 5);
                        Delivery delivery = {.message = message};
                        Output output = {};
                        PublishTarget target = {
                                .output = &output,
                                .strip = bytes_from_string(cases[i].strip),
                                .version = MQTT_5,
                        };
                        Publish publish;
                        size_t size;

                        if (many)
                                publish_encoder_begin(&encoder, message, NOW);
                        g_assert_cmpint(
                                publish_encoder_append(&encoder, &delivery, NOW, &target, &size),
                                ==, 0);
                        publish_encoder_end(&encoder);
                        publish = decode(&output, MQTT_5);
                        g_assert_cmpmem(publish.topic.data, publish.topic.length, cases[i].shown,
                                        strlen(cases[i].shown));
                        output_done(&output);
                }
        publish_encoder_done(&encoder);
}

/* One byte more than the client takes, and not a byte is appended; as much as it takes goes out. */
static void test_max_size(void)
{
        PublishEncoder encoder = {};

        for (size_t s = 0; s < ARRAY_SIZE(sizes); s++)
                for (unsigned many = 0; many < 2; many++) {
                        _cleanup_(message_unrefp) Message *message =
                                make_message(&kinds[1], sizes[s]);
                        Delivery delivery = {.message = message, .qos = 1, .packet_id = 9};
                        Output output = {};
                        PublishTarget target = {.output = &output, .version = MQTT_5};
                        size_t size = 0, same;

                        if (many)
                                publish_encoder_begin(&encoder, message, NOW);
                        g_assert_cmpint(
                                publish_encoder_append(&encoder, &delivery, NOW, &target, &size),
                                ==, 0);
                        g_assert_cmpuint(output_length(&output), ==, size);
                        target.max_size = (uint32_t)size - 1;
                        g_assert_cmpint(
                                publish_encoder_append(&encoder, &delivery, NOW, &target, &same),
                                ==, REASON_PACKET_TOO_LARGE);
                        g_assert_cmpuint(output_length(&output), ==, size);
                        target.max_size = (uint32_t)size;
                        g_assert_cmpint(
                                publish_encoder_append(&encoder, &delivery, NOW, &target, &same),
                                ==, 0);
                        g_assert_cmpuint(output_length(&output), ==, 2 * size);
                        publish_encoder_end(&encoder);
                        output_done(&output);
                }
        publish_encoder_done(&encoder);
}

static void append_aliased(PublishEncoder *encoder, Message *message, const PublishTarget *target,
                           const char *topic, uint16_t alias)
{
        Delivery delivery = {.message = message};
        Publish publish;
        size_t size;

        buffer_clear(&target->output->bytes);
        g_assert_cmpint(publish_encoder_append(encoder, &delivery, NOW, target, &size), ==, 0);
        publish = decode(target->output, MQTT_5);
        g_assert_cmpmem(publish.topic.data, publish.topic.length, topic, strlen(topic));
        g_assert_true(properties_has(&publish.properties, PROPERTY_TOPIC_ALIAS) == (alias > 0));
        if (alias > 0)
                g_assert_cmpuint(publish.properties.topic_alias, ==, alias);
}

/* First the topic with its alias, then the alias alone; who comes too late has the topic alone. */
static void test_aliases(void)
{
        _cleanup_(message_unrefp) Message *a = make_message(&kinds[2], 5);
        _cleanup_(message_unrefp) Message *b = make_message(&kinds[3], 5);
        _cleanup_(aliases_freep) Aliases *aliases = NULL;
        PublishEncoder encoder = {};
        Output output = {};
        PublishTarget target = {
                .output = &output,
                .strip = BYTES_LITERAL("mount/"),
                .version = MQTT_5,
        };

        g_assert_cmpint(aliases_new(0, 1, &aliases), ==, 0);
        target.aliases = aliases;
        append_aliased(&encoder, a, &target, "a", 1);
        append_aliased(&encoder, a, &target, "", 1);
        append_aliased(&encoder, b, &target, "b/c", 0);
        publish_encoder_begin(&encoder, a, NOW);
        append_aliased(&encoder, a, &target, "", 1);
        publish_encoder_end(&encoder);
        output_done(&output);
        publish_encoder_done(&encoder);
}

/* A packet that fits without its new alias only goes without it, and the alias stays free. */
static void test_alias_does_not_fit(void)
{
        _cleanup_(message_unrefp) Message *a = make_message(&kinds[0], 5);
        _cleanup_(aliases_freep) Aliases *aliases = NULL;
        Delivery delivery = {.message = a};
        PublishEncoder encoder = {};
        Output output = {};
        PublishTarget target = {.output = &output, .version = MQTT_5};
        size_t size;
        bool known;

        g_assert_cmpint(publish_encoder_append(&encoder, &delivery, NOW, &target, &size), ==, 0);
        g_assert_cmpint(aliases_new(0, 1, &aliases), ==, 0);
        target.aliases = aliases;
        target.max_size = (uint32_t)size;
        append_aliased(&encoder, a, &target, "t", 0);
        g_assert_cmpuint(aliases_for(aliases, BYTES_LITERAL("t"), &known), ==, 1);
        g_assert_false(known);
        target.max_size = (uint32_t)size - 1;
        g_assert_cmpint(publish_encoder_append(&encoder, &delivery, NOW, &target, &size), ==,
                        REASON_PACKET_TOO_LARGE);
        output_done(&output);
        publish_encoder_done(&encoder);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/publish-encoder/templates-give-the-same-bytes", test_same_bytes);
        g_test_add_func("/server/publish-encoder/particular-to-one-taker", test_particular);
        g_test_add_func("/server/publish-encoder/another-message-between", test_other_message);
        g_test_add_func("/server/publish-encoder/mount-point-is-stripped", test_mount_point);
        g_test_add_func("/server/publish-encoder/max-size-to-the-byte", test_max_size);
        g_test_add_func("/server/publish-encoder/aliases", test_aliases);
        g_test_add_func("/server/publish-encoder/alias-left-out-to-fit", test_alias_does_not_fit);
        return g_test_run();
}
