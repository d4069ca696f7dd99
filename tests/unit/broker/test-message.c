/* SPDX-License-Identifier: Apache-2.0 */
/* test-message.c: the one copy of what was published. */
#include <errno.h>
#include <glib.h>

#include "broker/message-record.h"
#include "broker/message.h"
#include "util/buffer.h"

static MessageParts parts_of(const char *topic, const char *properties, const char *payload)
{
        return (MessageParts){
                .topic = bytes_from_string(topic),
                .properties = bytes_from_string(properties),
                .payload = bytes_from_string(payload),
                .expires = MESSAGE_NEVER_EXPIRES,
                .qos = 2,
                .retain = true,
        };
}

static void test_holds_all_parts(void)
{
        static const char *const cases[][3] = {
                {"a/b", "properties", "payload"},
                {"a/b", "", "payload"},
                {"a/b", "properties", ""},
                {"t", NULL, NULL},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                MessageParts parts = parts_of(cases[i][0], cases[i][1], cases[i][2]);
                _cleanup_(message_unrefp) Message *message = NULL;

                g_assert_cmpint(message_new(&parts, &message), ==, 0);
                g_assert_true(bytes_equal(message_topic(message), parts.topic));
                g_assert_true(bytes_equal(message_properties(message), parts.properties));
                g_assert_true(bytes_equal(message_payload(message), parts.payload));
                g_assert_cmpuint(message_size(message), ==,
                                 parts.topic.length + parts.properties.length +
                                         parts.payload.length);
                g_assert_cmpuint(message->qos, ==, 2);
                g_assert_true(message->retain);
        }
}

static void assert_author(const Message *message, const MessageAuthor *expected)
{
        MessageAuthor author;

        g_assert_true(message_author(message, &author) == (expected != NULL));
        if (!expected)
                return;
        g_assert_true(!author.username.data == !expected->username.data);
        g_assert_true(bytes_equal(author.username, expected->username));
        g_assert_true(bytes_equal(author.client_id, expected->client_id));
        g_assert_true(bytes_equal(author.listener, expected->listener));
}

/* Behind the payload, and over a restart. */
static void test_remembers_its_author(void)
{
        static const MessageAuthor authors[] = {
                {BYTES_LITERAL("user"), BYTES_LITERAL("client"), BYTES_LITERAL("1883")},
                {BYTES_LITERAL(""), BYTES_LITERAL("client"), {}},
                {{}, BYTES_LITERAL("client"), {}},
                {BYTES_LITERAL("user"), {}, {}},
        };

        for (size_t i = 0; i <= ARRAY_SIZE(authors); i++) {
                _cleanup_(message_unrefp) Message *message = NULL, *copy = NULL;
                MessageParts parts = parts_of("a/b", "properties", "payload");
                Buffer buffer = {};
                Bytes image;
                RecordReader reader;
                RecordWriter writer;
                Record record;

                parts.author = i < ARRAY_SIZE(authors) ? &authors[i] : NULL;
                parts.number = i % 2 ? UINT64_C(0x0123456789abcdef) : 0;
                g_assert_cmpint(message_new(&parts, &message), ==, 0);
                assert_author(message, parts.author);
                g_assert_cmpuint(message_number(message), ==, parts.number);
                g_assert_true(bytes_equal(message_payload(message), parts.payload));
                writer = record_begin(&buffer, 1, 1, 0);
                message_record_put(&writer, message);
                g_assert_cmpint(record_end(&writer), ==, 0);
                image = buffer_bytes(&buffer);
                g_assert_cmpint(record_next(&image, &record), ==, 1);
                reader = record_reader(record.payload);
                g_assert_cmpint(message_record_get(&reader, &copy), ==, 0);
                assert_author(copy, parts.author);
                g_assert_true(copy->retain && copy->qos == 2);
                g_assert_true(bytes_equal(message_payload(copy), parts.payload));
                buffer_done(&buffer);
        }
}

static void test_refuses_what_it_cannot_count(void)
{
        static const uint8_t byte;
        Message *message = NULL;
        MessageParts cases[] = {
                {.topic = {&byte, 65536}},
                {.payload = {&byte, SIZE_MAX}},
                {.properties = {&byte, SIZE_MAX}},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                g_assert_cmpint(message_new(&cases[i], &message), ==, -E2BIG);
                g_assert_null(message);
        }
}

static void test_last_reference_frees(void)
{
        MessageParts parts = parts_of("a", "", "b");
        Message *message;

        g_assert_null(message_unref(NULL));
        g_assert_cmpint(message_new(&parts, &message), ==, 0);
        g_assert_true(message_ref(message) == message);
        g_assert_null(message_unref(message));
        g_assert_cmpuint(message_payload(message).length, ==, 1);
        g_assert_null(message_unref(message));
}

static void test_expiry(void)
{
        /* Published at `at` with `interval`; seen at `now`. */
        static const struct {
                msec_t at;
                uint32_t interval;
                msec_t now;
                bool expired;
                uint32_t left;
        } cases[] = {
                {5000, 10, 5000, false, 10},
                {5000, 10, 14999, false, 1},
                {5000, 10, 15000, true, 1},
                {5001, 10, 5001, false, 10}, /* never more than what came */
                {5999, 10, 5999, false, 10},
                {5999, 10, 15999, false, 1}, /* never earlier than it should */
                {5999, 10, 16000, true, 1},
                {5999, 1, 6000, false, 1},
                {0, 0, 0, true, 1},
                {0, UINT32_MAX, (msec_t)UINT32_MAX * 900, false, 429496728},
                {(msec_t)UINT32_MAX * 1000, UINT32_MAX, (msec_t)UINT32_MAX * 1000, true, 1},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                MessageParts parts = parts_of("a", "", "b");
                _cleanup_(message_unrefp) Message *message = NULL;

                parts.expires = message_expires_at(cases[i].at, cases[i].interval);
                g_assert_cmpuint(parts.expires, !=, MESSAGE_NEVER_EXPIRES);
                g_assert_cmpint(message_new(&parts, &message), ==, 0);
                g_assert_true(message_is_expired(message, cases[i].now) == cases[i].expired);
                g_assert_cmpuint(message_expiry_left(message, cases[i].now), ==, cases[i].left);
        }
}

static void test_never_expires(void)
{
        MessageParts parts = parts_of("a", "", "b");
        _cleanup_(message_unrefp) Message *message = NULL;

        g_assert_cmpint(message_new(&parts, &message), ==, 0);
        g_assert_false(message_is_expired(message, MSEC_INFINITY));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/message/holds-all-parts", test_holds_all_parts);
        g_test_add_func("/broker/message/refuses-what-it-cannot-count",
                        test_refuses_what_it_cannot_count);
        g_test_add_func("/broker/message/last-reference-frees", test_last_reference_frees);
        g_test_add_func("/broker/message/expiry", test_expiry);
        g_test_add_func("/broker/message/never-expires", test_never_expires);
        g_test_add_func("/broker/message/remembers-its-author", test_remembers_its_author);
        return g_test_run();
}
