/* SPDX-License-Identifier: Apache-2.0 */

/* Heads of HTTP requests. */

#include <errno.h>
#include <glib.h>
#include <stdio.h>

#include "server/request-head.h"
#include "util/macro.h"

#define GET   "GET / HTTP/1.1\r\n"
#define HOST  "Host: a\r\n"
#define END   "\r\n"
#define LIMIT 256

static const struct {
        const char *name;
        Bytes data;
        int result;
        size_t size; /* of a complete one */
} cases[] = {
        {"whole", BYTES_LITERAL(GET HOST END), 0, 27},
        {"no-fields", BYTES_LITERAL(GET END), 0, 18},
        {"version-1.0", BYTES_LITERAL("GET / HTTP/1.0\r\n\r\n"), 0, 18},
        {"what-follows-is-not-looked-at", BYTES_LITERAL(GET HOST END "\0\n\xFF"), 0, 27},
        {"pipelined", BYTES_LITERAL(GET HOST END GET HOST END), 0, 27},
        {"value-of-other-letters", BYTES_LITERAL(GET "X: \xC3\xBC\t\x80\r\n" END), 0, 27},
        {"empty-value", BYTES_LITERAL(GET "X:\r\n" END), 0, 22},
        {"no-body", BYTES_LITERAL(GET "content-length: 0\r\n" END), 0, 37},

        {"nothing", {}, -EAGAIN, 0},
        {"begun", BYTES_LITERAL("GE"), -EAGAIN, 0},
        {"no-end", BYTES_LITERAL(GET HOST), -EAGAIN, 0},
        {"half-an-end", BYTES_LITERAL(GET HOST "\r"), -EAGAIN, 0},

        {"lone-lf", BYTES_LITERAL("GET / HTTP/1.1\n\n"), 400, 0},
        {"lone-lf-in-a-field", BYTES_LITERAL(GET "X: a\nY: b\r\n"), 400, 0},
        {"lone-lf-at-the-end", BYTES_LITERAL(GET HOST "\n"), 400, 0},
        {"lone-cr", BYTES_LITERAL(GET "X: a\rY: b\r\n"), 400, 0},
        {"two-cr", BYTES_LITERAL("GET / HTTP/1.1\r\r\n"), 400, 0},
        {"zero", BYTES_LITERAL(GET "X: \0\r\n"), 400, 0},
        {"delete", BYTES_LITERAL(GET "X: \x7F\r\n"), 400, 0},
        {"empty-lines-before", BYTES_LITERAL("\r\n" GET), 400, 0},
        {"folded", BYTES_LITERAL(GET "X: a\r\n b\r\n"), 400, 0},
        {"blank-before-colon", BYTES_LITERAL(GET "X : a\r\n"), 400, 0},
        {"no-colon", BYTES_LITERAL(GET "X\r\n"), 400, 0},
        {"no-name", BYTES_LITERAL(GET ": a\r\n"), 400, 0},
        {"no-target", BYTES_LITERAL("GET  HTTP/1.1\r\n"), 400, 0},
        {"two-blanks", BYTES_LITERAL("GET  / HTTP/1.1\r\n"), 400, 0},
        {"blank-in-target", BYTES_LITERAL("GET /a b HTTP/1.1\r\n"), 400, 0},
        {"tab-in-target", BYTES_LITERAL("GET /a\tb HTTP/1.1\r\n"), 400, 0},
        {"version-0.9", BYTES_LITERAL("GET /\r\n"), 400, 0},
        {"no-method", BYTES_LITERAL(" / HTTP/1.1\r\n"), 400, 0},
        {"method-is-no-token", BYTES_LITERAL("G(T / HTTP/1.1\r\n"), 400, 0},
        {"mqtt", BYTES_LITERAL("\x10\x0C\0\4MQTT\4\2"), 400, 0},
        {"tls", BYTES_LITERAL("\x16\3\1\2\0\1"), 400, 0},
        {"two-hosts", BYTES_LITERAL(GET HOST "HOST: b\r\n"), 400, 0},
        {"chunked", BYTES_LITERAL(GET "Transfer-Encoding: chunked\r\n"), 400, 0},
        {"length-twice", BYTES_LITERAL(GET "Content-Length: 0, 0\r\n"), 400, 0},
        {"length-negative", BYTES_LITERAL(GET "Content-Length: -1\r\n"), 400, 0},
        {"length-none", BYTES_LITERAL(GET "Content-Length:\r\n"), 400, 0},
        {"body", BYTES_LITERAL(GET "Content-Length: 5\r\n"), 413, 0},
        {"post", BYTES_LITERAL("POST / HTTP/1.1\r\n" HOST END), 405, 0},
        {"options", BYTES_LITERAL("OPTIONS * HTTP/1.1\r\n" HOST END), 405, 0},
        {"connect", BYTES_LITERAL("CONNECT a:443 HTTP/1.1\r\n" HOST END), 405, 0},
        {"method-of-nobody", BYTES_LITERAL("BREW / HTTP/1.1\r\n" HOST END), 405, 0},
        {"method-in-other-case", BYTES_LITERAL("get / HTTP/1.1\r\n" HOST END), 405, 0},
        {"longer-method", BYTES_LITERAL("GETS / HTTP/1.1\r\n" HOST END), 405, 0},
        {"absolute-form", BYTES_LITERAL("GET http://a/ HTTP/1.1\r\n" HOST END), 400, 0},
        {"no-path", BYTES_LITERAL("GET mqtt HTTP/1.1\r\n" HOST END), 400, 0},
        {"head", BYTES_LITERAL("HEAD / HTTP/1.1\r\n" HOST END), 0, 28},
        {"version-2", BYTES_LITERAL("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505, 0},
        {"version-1.2", BYTES_LITERAL("GET / HTTP/1.2\r\n"), 505, 0},
};

/* Whatever its pieces, it is found out with the same byte. */
static int take(Bytes data, size_t step, RequestHead *head)
{
        int r = -EAGAIN;

        *head = (RequestHead){};
        for (size_t at = MIN(step, data.length);; at = MIN(at + step, data.length)) {
                r = request_head_take(head, (Bytes){data.data, at}, LIMIT);
                if (r != -EAGAIN || at == data.length)
                        return r;
        }
}

static void test_case(gconstpointer data)
{
        const size_t i = GPOINTER_TO_SIZE(data);
        RequestHead head;

        for (size_t step = 1; step <= MAX(cases[i].data.length, (size_t)1); step++) {
                g_assert_cmpint(take(cases[i].data, step, &head), ==, cases[i].result);
                if (cases[i].result == 0)
                        g_assert_cmpuint(head.size, ==, cases[i].size);
        }
}

static void test_limit(void)
{
        const size_t room = LIMIT - strlen(GET "X: \r\n" END);
        char data[2 * LIMIT];
        RequestHead head = {};
        size_t size;

        for (size_t n = room; n <= room + 1; n++) {
                size = (size_t)snprintf(data, sizeof(data), GET "X: %0*d\r\n" END, (int)n, 0);
                g_assert_cmpint(take((Bytes){(uint8_t *)data, size}, size, &head), ==,
                                n == room ? 0 : 431);
        }
        /* One that fills the room has no end any more. */
        memset(data, 'a', LIMIT);
        g_assert_cmpint(take((Bytes){(uint8_t *)data, LIMIT - 1}, LIMIT, &head), ==, -EAGAIN);
        g_assert_cmpint(take((Bytes){(uint8_t *)data, LIMIT}, LIMIT, &head), ==, 431);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                g_autofree char *name = g_strdup_printf("/server/request-head/%s", cases[i].name);

                g_test_add_data_func(name, GSIZE_TO_POINTER(i), test_case);
        }
        g_test_add_func("/server/request-head/limit", test_limit);
        return g_test_run();
}
