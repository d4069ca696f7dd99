/* SPDX-License-Identifier: Apache-2.0 */

/* Answers of the HTTP thread. */

#include <errno.h>
#include <glib.h>

#include "server/answer-head.h"
#include "util/macro.h"

#define UPGRADE "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n"

static const struct {
        const char *name;
        Bytes data;
        int result;
        AnswerKind kind;
        size_t size;
} cases[] = {
        {"upgrade", BYTES_LITERAL(UPGRADE "\r\n"), 0, ANSWER_UPGRADES, 56},
        {"upgrade-and-more", BYTES_LITERAL(UPGRADE "Sec-WebSocket-Protocol: mqtt\r\n\r\n\x81"), 0,
         ANSWER_UPGRADES, 86},
        {"upgrade-begun", BYTES_LITERAL(UPGRADE), -EAGAIN, ANSWER_OTHER, 0},
        {"extension", BYTES_LITERAL(UPGRADE "sec-websocket-extensions: permessage-deflate\r\n\r\n"),
         -EPROTO, ANSWER_OTHER, 0},
        {"upgrade-to-h2c", BYTES_LITERAL("HTTP/1.1 101 OK\r\nUpgrade: h2c\r\n\r\n"), -EPROTO,
         ANSWER_OTHER, 0},
        {"upgrade-to-nothing", BYTES_LITERAL("HTTP/1.1 101 OK\r\n\r\n"), -EPROTO, ANSWER_OTHER, 0},
        {"upgrade-malformed", BYTES_LITERAL(UPGRADE "nothing\r\n\r\n"), -EPROTO, ANSWER_OTHER, 0},
        {"found", BYTES_LITERAL("HTTP/1.1 200"), 0, ANSWER_OTHER, 0},
        {"found-1.0", BYTES_LITERAL("HTTP/1.0 404 Not Found\r\n"), 0, ANSWER_OTHER, 0},
        {"nothing", {}, -EAGAIN, ANSWER_OTHER, 0},
        {"begun", BYTES_LITERAL("HTTP/1.1 10"), -EAGAIN, ANSWER_OTHER, 0},
        {"version-2", BYTES_LITERAL("HTTP/2"), -EPROTO, ANSWER_OTHER, 0},
        {"no-http", BYTES_LITERAL("\0\0\x12\4"), -EPROTO, ANSWER_OTHER, 0},
};

static void test_case(gconstpointer data)
{
        const size_t i = GPOINTER_TO_SIZE(data);
        AnswerKind kind = ANSWER_OTHER;
        size_t size = 0;

        g_assert_cmpint(answer_head_parse(cases[i].data, &kind, &size), ==, cases[i].result);
        g_assert_cmpint(kind, ==, cases[i].kind);
        g_assert_cmpuint(size, ==, cases[i].size);
}

static void test_endless(void)
{
        static uint8_t data[ANSWER_HEAD_MAX];
        AnswerKind kind;
        size_t size;

        memset(data, 'a', sizeof(data));
        memcpy(data, UPGRADE, strlen(UPGRADE));
        g_assert_cmpint(answer_head_parse((Bytes){data, sizeof(data) - 1}, &kind, &size), ==,
                        -EAGAIN);
        g_assert_cmpint(answer_head_parse((Bytes){data, sizeof(data)}, &kind, &size), ==, -EPROTO);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                g_autofree char *name = g_strdup_printf("/server/answer-head/%s", cases[i].name);

                g_test_add_data_func(name, GSIZE_TO_POINTER(i), test_case);
        }
        g_test_add_func("/server/answer-head/endless", test_endless);
        return g_test_run();
}
