/* SPDX-License-Identifier: Apache-2.0 */

/* The cases of RFC 6455, section 5, as a table; each is taken whole, byte by byte, and in pieces.
 */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "transport/websocket-frame.h"

/* A frame of a case: opcode, flags, payload. */
typedef enum FrameFlags {
        FINAL = 1,
        PLAIN = 2, /* without a mask */
        RSV1 = 4,
        RSV3 = 8,
        LONG_16 = 16, /* a longer form of the length than it needs */
        LONG_64 = 32,
} FrameFlags;

typedef struct Frame {
        unsigned opcode, flags;
        const char *payload;
        gssize length; /* -1: the text's */
        gssize said;   /* the length in the header, if it is not 0 */
} Frame;

typedef struct Case {
        const char *name;
        Frame frames[6]; /* until an opcode that is above 15 */
        int code;        /* what decoding answers */
        const char *data;
        int closed; /* the code of its Close frame; 0: none */
        const char *ping;
} Case;

#define END                                                                                        \
        {                                                                                          \
                .opcode = 16                                                                       \
        }
#define T125                                                                                       \
        "1234567890123456789012345678901234567890123456789012345678901234567890"                   \
        "1234567890123456789012345678901234567890123456789012345"

/* clang-format off */
static const Case cases[] = {
        {"binary", {{2, FINAL, "abc", -1}, END}, 0, "abc"},
        {"empty", {{2, FINAL, "", -1}, END}, 0, ""},
        {"several", {{2, FINAL, "ab", -1}, {2, FINAL, "c", -1}, END}, 0, "abc"},
        {"text", {{1, FINAL, "abc", -1}, END}, 1003, ""},
        {"text-after-data", {{2, FINAL, "ab", -1}, {1, FINAL, "c", -1}, END}, 1003, "ab"},
        {"unmasked", {{2, FINAL | PLAIN, "abc", -1}, END}, 1002, ""},
        {"unmasked-ping", {{9, FINAL | PLAIN, "abc", -1}, END}, 1002, ""},
        {"rsv-1", {{2, FINAL | RSV1, "abc", -1}, END}, 1002, ""},
        {"rsv-3-of-ping", {{9, FINAL | RSV3, "abc", -1}, END}, 1002, ""},
        {"opcode-3", {{3, FINAL, "abc", -1}, END}, 1002, ""},
        {"opcode-7", {{7, FINAL, "abc", -1}, END}, 1002, ""},
        {"opcode-11", {{11, FINAL, "abc", -1}, END}, 1002, ""},
        {"opcode-15", {{15, FINAL, "abc", -1}, END}, 1002, ""},
        {"fragments", {{2, 0, "a", -1}, {0, 0, "b", -1}, {0, FINAL, "c", -1}, END}, 0, "abc"},
        {"empty-fragments", {{2, 0, "", -1}, {0, 0, "", -1}, {0, FINAL, "", -1}, END}, 0, ""},
        {"fragments-of-text", {{1, 0, "a", -1}, {0, FINAL, "b", -1}, END}, 1003, ""},
        {"continuation-of-nothing", {{0, FINAL, "a", -1}, END}, 1002, ""},
        {"continuation-after-the-end", {{2, FINAL, "a", -1}, {0, FINAL, "b", -1}, END}, 1002, "a"},
        {"message-in-a-message", {{2, 0, "a", -1}, {2, FINAL, "b", -1}, END}, 1002, "a"},
        {"unfinished-message", {{2, 0, "a", -1}, END}, 0, "a"},
        {"ping", {{9, FINAL, "hello", -1}, END}, 0, "", 0, "hello"},
        {"ping-without-payload", {{9, FINAL, "", -1}, END}, 0, "", 0, ""},
        {"ping-125", {{9, FINAL, T125, -1}, END}, 0, "", 0, T125},
        {"ping-126", {{9, FINAL, T125 "6", -1}, END}, 1002, ""},
        {"ping-of-two-frames", {{9, 0, "a", -1}, {0, FINAL, "b", -1}, END}, 1002, ""},
        {"ping-between-fragments",
         {{2, 0, "a", -1}, {9, FINAL, "p", -1}, {0, FINAL, "b", -1}, END}, 0, "ab", 0, "p"},
        {"last-ping-counts",
         {{9, FINAL, "a", -1}, {2, FINAL, "x", -1}, {9, FINAL, "b", -1}, END}, 0, "x", 0, "b"},
        {"pong-is-nothing", {{10, FINAL, "a", -1}, {2, FINAL, "x", -1}, END}, 0, "x"},
        {"pong-leaves-a-ping", {{9, FINAL, "a", -1}, {10, FINAL, "b", -1}, END}, 0, "", 0, "a"},
        {"pong-126", {{10, FINAL, T125 "6", -1}, END}, 1002, ""},
        {"pong-of-two-frames", {{10, 0, "a", -1}, END}, 1002, ""},
        {"close", {{8, FINAL, "\x03\xe8", -1}, END}, 0, "", 1000},
        {"close-without-code", {{8, FINAL, "", -1}, END}, 0, "", 1005},
        {"close-with-reason", {{8, FINAL, "\x03\xe9gr\xc3\xbc\xc3\x9f", -1}, END}, 0, "", 1001},
        {"close-with-zero", {{8, FINAL, "\x03\xe8" "a\0b", 5}, END}, 0, "", 1000},
        {"close-of-a-byte", {{8, FINAL, "\x03", -1}, END}, 1002, ""},
        {"close-reason-not-utf-8", {{8, FINAL, "\x03\xe8\xff", -1}, END}, 1007, ""},
        {"close-reason-cut", {{8, FINAL, "\x03\xe8\xc3", -1}, END}, 1007, ""},
        {"close-999", {{8, FINAL, "\x03\xe7", -1}, END}, 1002, ""},
        {"close-1004", {{8, FINAL, "\x03\xec", -1}, END}, 1002, ""},
        {"close-1005", {{8, FINAL, "\x03\xed", -1}, END}, 1002, ""},
        {"close-1006", {{8, FINAL, "\x03\xee", -1}, END}, 1002, ""},
        {"close-1007", {{8, FINAL, "\x03\xef", -1}, END}, 0, "", 1007},
        {"close-1015", {{8, FINAL, "\x03\xf7", -1}, END}, 1002, ""},
        {"close-2999", {{8, FINAL, "\x0b\xb7", -1}, END}, 1002, ""},
        {"close-3000", {{8, FINAL, "\x0b\xb8", -1}, END}, 0, "", 3000},
        {"close-4999", {{8, FINAL, "\x13\x87", -1}, END}, 0, "", 4999},
        {"close-5000", {{8, FINAL, "\x13\x88", -1}, END}, 1002, ""},
        {"close-126", {{8, FINAL, "\x03\xe8" T125, 126}, END}, 1002, ""},
        {"close-of-two-frames", {{8, 0, "\x03\xe8", -1}, END}, 1002, ""},
        {"data-after-close",
         {{2, FINAL, "a", -1}, {8, FINAL, "\x03\xe8", -1}, {2, FINAL, "b", -1}, END}, 0, "a", 1000},
        {"fault-after-close", {{8, FINAL, "\x03\xe8", -1}, {3, FINAL, "b", -1}, END}, 0, "", 1000},
        {"close-in-a-message", {{2, 0, "a", -1}, {8, FINAL, "\x03\xe8", -1}, END}, 0, "a", 1000},
        {"ping-and-close",
         {{9, FINAL, "p", -1}, {8, FINAL, "\x03\xe8", -1}, END}, 0, "", 1000, "p"},
        {"length-of-16-bits", {{2, FINAL, T125 "6", -1}, END}, 0, T125 "6"},
        {"length-longer-than-needed", {{2, FINAL | LONG_16, "abc", -1}, END}, 1002, ""},
        {"length-much-longer-than-needed", {{2, FINAL | LONG_64, T125 "6", -1}, END}, 1002, ""},
        {"length-above-63-bits", {{2, FINAL | LONG_64, "a", -1, G_MINSSIZE}, END}, 1002, ""},
        {"long-ping", {{9, FINAL | LONG_64, "a", -1, 1 << 20}, END}, 1002, ""},
        {"begin-of-a-huge-frame", {{2, FINAL | LONG_64, "abc", -1, G_MAXSSIZE}, END}, 0, "abc"},
};
/* clang-format on */

static void put_length(GByteArray *wire, const Frame *frame, uint64_t length)
{
        const uint8_t mask = frame->flags & PLAIN ? 0 : 0x80;
        uint8_t bytes[9];
        unsigned n = 0;

        if (frame->flags & LONG_64 || length > 65535)
                n = 8;
        else if (frame->flags & LONG_16 || length > 125)
                n = 2;
        bytes[0] = (uint8_t)(mask | (n == 8 ? 127U : n == 2 ? 126U : length));
        for (unsigned i = 0; i < n; i++)
                bytes[1 + i] = (uint8_t)(length >> (8 * (n - 1 - i)));
        g_byte_array_append(wire, bytes, 1 + n);
}

static void put_frame(GByteArray *wire, const Frame *frame)
{
        static const uint8_t mask[4] = {0x12, 0xfe, 0x00, 0x7b};
        const uint8_t first =
                (uint8_t)(frame->opcode | (frame->flags & FINAL ? 0x80 : 0) |
                          (frame->flags & RSV1 ? 0x40 : 0) | (frame->flags & RSV3 ? 0x10 : 0));
        const size_t length = frame->length < 0 ? strlen(frame->payload) : (size_t)frame->length;

        g_byte_array_append(wire, &first, 1);
        put_length(wire, frame, frame->said != 0 ? (uint64_t)frame->said : length);
        if (!(frame->flags & PLAIN))
                g_byte_array_append(wire, mask, 4);
        for (size_t i = 0; i < length; i++) {
                uint8_t byte = (uint8_t)frame->payload[i];

                if (!(frame->flags & PLAIN))
                        byte ^= mask[i % 4];
                g_byte_array_append(wire, &byte, 1);
        }
}

/* step: so many bytes at a time. */
static int decode(WebsocketDecoder *decoder, const GByteArray *wire, size_t step, GByteArray *data)
{
        int r = 0;

        for (size_t at = 0; at < wire->len && r == 0; at += step) {
                const size_t n = MIN(step, wire->len - at);
                g_autofree uint8_t *piece = g_memdup2(wire->data + at, n);
                size_t size = SIZE_MAX;

                r = websocket_decode(decoder, piece, n, &size);
                g_assert_cmpuint(size, <=, n);
                g_byte_array_append(data, piece, (guint)size);
        }
        return r;
}

static void check(const Case *one, const GByteArray *wire, size_t step)
{
        g_autoptr(GByteArray) data = g_byte_array_new();
        WebsocketDecoder decoder = {};

        g_assert_cmpint(decode(&decoder, wire, step, data), ==, one->code);
        g_assert_cmpmem(data->data, data->len, one->data, strlen(one->data));
        if (one->code == 0) {
                g_assert_cmpint(decoder.is_closed ? decoder.code : 0, ==, one->closed);
                g_assert_cmpint(decoder.ping != NULL, ==, one->ping != NULL);
                if (one->ping)
                        g_assert_cmpmem(decoder.ping->data, decoder.ping->length, one->ping,
                                        strlen(one->ping));
        }
        websocket_decoder_done(&decoder);
}

static void test_case(gconstpointer data)
{
        const Case *one = data;
        g_autoptr(GByteArray) wire = g_byte_array_new();

        for (const Frame *frame = one->frames; frame->opcode <= 15; frame++)
                put_frame(wire, frame);
        for (size_t step = 1; step <= wire->len; step++)
                check(one, wire, step);
}

/* Of all lengths around the forms, masks and alignments. */
static void test_long_payloads(void)
{
        static const unsigned lengths[] = {0,   1,   7,    8,    9,     124,   125,
                                           126, 127, 4079, 4096, 65535, 65536, 70001};
        g_autofree char *payload = g_malloc(70001);

        for (unsigned i = 0; i < 70001; i++)
                payload[i] = (char)(i * 31 + i / 251);
        for (unsigned i = 0; i < G_N_ELEMENTS(lengths); i++) {
                const Frame frame = {2, FINAL, payload, (gssize)lengths[i], 0};

                for (size_t step = 4093; step < 4110; step++) {
                        g_autoptr(GByteArray) wire = g_byte_array_new();
                        g_autoptr(GByteArray) data = g_byte_array_new();
                        WebsocketDecoder decoder = {};

                        put_frame(wire, &frame);
                        g_assert_cmpint(decode(&decoder, wire, step, data), ==, 0);
                        g_assert_cmpmem(data->data, data->len, payload, lengths[i]);
                        g_assert_false(decoder.in_payload);
                        websocket_decoder_done(&decoder);
                }
        }
}

static void test_header(void)
{
        static const uint64_t lengths[] = {0, 125, 126, 65535, 65536, INT64_MAX};
        static const size_t sizes[] = {2, 2, 4, 4, 10, 10};

        for (unsigned i = 0; i < G_N_ELEMENTS(lengths); i++) {
                const Frame frame = {2, FINAL | PLAIN, "", 0, (gssize)lengths[i]};
                g_autoptr(GByteArray) wire = g_byte_array_new();
                uint8_t header[WEBSOCKET_HEADER_MAX];

                put_frame(wire, &frame);
                g_assert_cmpuint(websocket_header(WEBSOCKET_BINARY, lengths[i], header), ==,
                                 sizes[i]);
                g_assert_cmpmem(header, sizes[i], wire->data, wire->len);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path =
                        g_strdup_printf("/transport/websocket-frame/%s", cases[i].name);

                g_test_add_data_func(path, &cases[i], test_case);
        }
        g_test_add_func("/transport/websocket-frame/long-payloads", test_long_payloads);
        g_test_add_func("/transport/websocket-frame/header", test_header);
        return g_test_run();
}
