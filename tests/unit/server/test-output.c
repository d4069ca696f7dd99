/* SPDX-License-Identifier: Apache-2.0 */

/* What a connection still has to write. */

#include "server/output.h"

#include <stdio.h>

#include "fake-transport.h"

/* Bytes and pieces as a text: a lower-case letter is ten bytes of it, an upper-case one a shared
 * payload of OUTPUT_SHARE_MIN bytes. */
typedef struct Script {
        Output output;
        GByteArray *expected;
        Message *message; /* all payloads lie in this one, by letter */
} Script;

static void script_init(Script *script)
{
        _cleanup_free_ uint8_t *payload = malloc(26 * OUTPUT_SHARE_MIN);
        MessageParts parts = {
                .topic = BYTES_LITERAL("t"),
                .payload = {payload, 26 * OUTPUT_SHARE_MIN},
                .expires = MESSAGE_NEVER_EXPIRES,
        };

        *script = (Script){.expected = g_byte_array_new()};
        for (size_t i = 0; i < 26 * OUTPUT_SHARE_MIN; i++)
                payload[i] = (uint8_t)('A' + i / OUTPUT_SHARE_MIN);
        g_assert_cmpint(message_new(&parts, &script->message), ==, 0);
}

static void script_done(Script *script)
{
        output_done(&script->output);
        g_assert_cmpuint(script->message->references, ==, 1);
        message_unref(script->message);
        g_byte_array_unref(script->expected);
}

static void script_append(Script *script, const char *text)
{
        for (; *text; text++) {
                if (g_ascii_islower(*text)) {
                        uint8_t ten[10];

                        memset(ten, *text, sizeof(ten));
                        g_assert_cmpint(buffer_append(&script->output.bytes, ten, sizeof(ten)), ==,
                                        0);
                        g_byte_array_append(script->expected, ten, sizeof(ten));
                } else {
                        Bytes payload = {message_payload(script->message).data +
                                                 (size_t)(*text - 'A') * OUTPUT_SHARE_MIN,
                                         OUTPUT_SHARE_MIN};

                        g_assert_cmpint(output_share(&script->output, script->message, payload), ==,
                                        0);
                        g_byte_array_append(script->expected, payload.data, OUTPUT_SHARE_MIN);
                }
        }
}

static void assert_all_written(const Script *script, const FakeTransport *fake)
{
        g_assert_cmpuint(output_length(&script->output), ==, 0);
        g_assert_cmpmem(fake->got->data, fake->got->len, script->expected->data,
                        script->expected->len);
        g_assert_cmpuint(script->message->references, ==, 1);
}

/* The order of everything that can stand beside everything. */
static const char *const scripts[] = {
        "a", "A", "aA", "Aa", "AB", "aAbB", "AaBb", "aABb", "AaB", "aAAAb", "abABCcdDeEf",
};

/* Writes with the same quota at each call until all is written. */
static void write_in_steps(Script *script, FakeTransport *fake)
{
        size_t left = output_length(&script->output);
        int r;

        do {
                size_t written;

                r = output_write(&script->output, &fake->transport, &written);
                g_assert_cmpuint(written, <=, left);
                left -= written;
                g_assert_cmpuint(output_length(&script->output), ==, left);
                g_assert_cmpint(r, ==, left > 0 ? -EAGAIN : 0);
        } while (r != 0);
}

static void test_steps(void)
{
        static const size_t steps[] = {1, 2, 3, 7, 9, 10, 11, 511, 512, 513, 1000, SIZE_MAX};

        for (size_t i = 0; i < ARRAY_SIZE(scripts); i++)
                for (size_t k = 0; k < ARRAY_SIZE(steps); k++) {
                        FakeTransport fake;
                        Script script;

                        fake_init(&fake, steps[k]);
                        script_init(&script);
                        script_append(&script, scripts[i]);
                        write_in_steps(&script, &fake);
                        assert_all_written(&script, &fake);
                        script_done(&script);
                        fake_done(&fake);
                }
}

/* One short write at each place of the stream, then the rest. */
static void split_at(const char *text, size_t at)
{
        FakeTransport fake;
        Script script;
        size_t written;

        fake_init(&fake, at);
        script_init(&script);
        script_append(&script, text);
        g_assert_cmpint(output_write(&script.output, &fake.transport, &written), ==, -EAGAIN);
        g_assert_cmpuint(written, ==, at);
        fake.per_call = SIZE_MAX;
        write_in_steps(&script, &fake);
        assert_all_written(&script, &fake);
        script_done(&script);
        fake_done(&fake);
}

static void test_every_split(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
                size_t length = 0;

                for (const char *at = scripts[i]; *at; at++)
                        length += g_ascii_islower(*at) ? 10 : OUTPUT_SHARE_MIN;
                for (size_t at = 0; at < length; at++)
                        split_at(scripts[i], at);
        }
}

/* What comes while something is still unwritten goes behind it. */
static void test_append_in_between(void)
{
        for (size_t step = 1; step < 700; step += 23) {
                FakeTransport fake;
                Script script;
                size_t written;

                fake_init(&fake, step);
                script_init(&script);
                for (unsigned turn = 0; turn < 40; turn++) {
                        script_append(&script, scripts[turn % ARRAY_SIZE(scripts)]);
                        output_write(&script.output, &fake.transport, &written);
                }
                write_in_steps(&script, &fake);
                assert_all_written(&script, &fake);
                script_done(&script);
                fake_done(&fake);
        }
}

/* More pieces than one writev() takes, with and without bytes in between. */
static void test_many_pieces(void)
{
        static const char *const texts[] = {"A", "aA", "Aab"};

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                FakeTransport fake;
                Script script;
                size_t written;

                fake_init(&fake, SIZE_MAX);
                script_init(&script);
                for (unsigned n = 0; n < 300; n++)
                        script_append(&script, texts[i]);
                g_assert_cmpint(output_write(&script.output, &fake.transport, &written), ==, 0);
                g_assert_cmpuint(written, ==, script.expected->len);
                assert_all_written(&script, &fake);
                g_assert_cmpint(fake.most_pieces, <=, 64);
                g_assert_cmpuint(fake.calls, <=, 11);
                script_done(&script);
                fake_done(&fake);
        }
}

static void test_one_call_for_small(void)
{
        FakeTransport fake;
        Script script;
        size_t written;

        fake_init(&fake, SIZE_MAX);
        script_init(&script);
        script_append(&script, "abcdefgh");
        g_assert_cmpint(output_write(&script.output, &fake.transport, &written), ==, 0);
        g_assert_cmpuint(fake.calls, ==, 1);
        g_assert_cmpint(fake.most_pieces, ==, 1);
        g_assert_cmpint(output_write(&script.output, &fake.transport, &written), ==, 0);
        g_assert_cmpuint(written, ==, 0);
        g_assert_cmpuint(fake.calls, ==, 1);
        script_done(&script);
        fake_done(&fake);
}

/* Like one with a header of its own: overwrites what it may. */
static ssize_t fake_write_with_room(Transport *transport, uint8_t *data, size_t size)
{
        FakeTransport *fake = container_of(transport, FakeTransport, transport);

        memset(data - TRANSPORT_ROOM, '!', TRANSPORT_ROOM);
        fake->with_room++;
        return fake_writev(transport, &(struct iovec){data, size}, 1);
}

/* Returns how often there was room. */
static unsigned write_indented(const char *text, size_t indent, size_t per_call)
{
        static const TransportOps ops = {
                .name = "fake",
                .writev = fake_writev,
                .write_with_room = fake_write_with_room,
        };
        FakeTransport fake;
        Script script;

        fake_init(&fake, per_call);
        fake.transport.ops = &ops;
        script_init(&script);
        g_assert_cmpint(buffer_reserve(&script.output.bytes, 100), ==, 0);
        buffer_indent(&script.output.bytes, indent);
        script_append(&script, text);
        write_in_steps(&script, &fake);
        assert_all_written(&script, &fake);
        script_done(&script);
        fake_done(&fake);
        return fake.with_room;
}

/* Only what is nobody's is lent: room that was left, or what has been written already. */
static void test_room_is_lent(void)
{
        g_assert_cmpuint(write_indented("abc", 0, SIZE_MAX), ==, 0);
        g_assert_cmpuint(write_indented("abc", TRANSPORT_ROOM - 1, SIZE_MAX), ==, 0);
        g_assert_cmpuint(write_indented("abc", TRANSPORT_ROOM, SIZE_MAX), ==, 1);
        for (size_t per_call = 1; per_call <= 3 * TRANSPORT_ROOM; per_call++)
                for (size_t indent = 0; indent <= TRANSPORT_ROOM; indent += TRANSPORT_ROOM) {
                        write_indented("abc", indent, per_call);
                        g_assert_cmpuint(write_indented("abcAdefghi", indent, per_call), >, 0);
                }
}

/* The peer is gone: said at once, with what it had taken before; nothing is lost from the count. */
static void test_errors(void)
{
        static const char *const texts[] = {"ab", "aAbB"};

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                FakeTransport fake;
                Script script;
                size_t written, length;

                fake_init(&fake, 5);
                script_init(&script);
                script_append(&script, texts[i]);
                length = output_length(&script.output);
                g_assert_cmpint(output_write(&script.output, &fake.transport, &written), ==,
                                -EAGAIN);
                fake.refuse = -EPIPE;
                g_assert_cmpint(output_write(&script.output, &fake.transport, &written), ==,
                                -EPIPE);
                g_assert_cmpuint(written, ==, 0);
                g_assert_cmpuint(output_length(&script.output), ==, length - 5);
                script_done(&script); /* asserts that the references are dropped */
                fake_done(&fake);
        }
}

/* The queue of pieces does not grow for ever while its head moves. */
static void test_queue_is_reused(void)
{
        FakeTransport fake;
        Script script;
        size_t written;

        fake_init(&fake, OUTPUT_SHARE_MIN);
        script_init(&script);
        script_append(&script, "ABCD");
        for (unsigned turn = 0; turn < 1000; turn++) {
                script_append(&script, "E");
                output_write(&script.output, &fake.transport, &written);
        }
        g_assert_cmpuint(script.output.pieces->capacity, <=, 16);
        fake.per_call = SIZE_MAX;
        write_in_steps(&script, &fake);
        assert_all_written(&script, &fake);
        script_done(&script);
        fake_done(&fake);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/output/steps-of-every-size", test_steps);
        g_test_add_func("/server/output/split-at-every-byte", test_every_split);
        g_test_add_func("/server/output/append-in-between", test_append_in_between);
        g_test_add_func("/server/output/more-pieces-than-a-writev", test_many_pieces);
        g_test_add_func("/server/output/small-is-one-call", test_one_call_for_small);
        g_test_add_func("/server/output/room-is-lent", test_room_is_lent);
        g_test_add_func("/server/output/errors-end-the-write", test_errors);
        g_test_add_func("/server/output/queue-of-pieces-is-reused", test_queue_is_reused);
        return g_test_run();
}
