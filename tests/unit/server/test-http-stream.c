/* SPDX-License-Identifier: Apache-2.0 */

/* A WebSocket that stays with libwebsockets: the test is the client and the worker. */

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/websocket-frame.h"
#include "visitor.h"

#define REQUEST                                                                                    \
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"               \
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"             \
        "Sec-WebSocket-Protocol: mqtt\r\n"                                                         \
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
/* More than all sockets on the way hold. */
#define MUCH (16U * 1024U * 1024U)
/* Nothing here depends on it, but for that a test ends which would wait for ever. */
#define PATIENCE_MS 60000

static Endpoint *endpoint;
static Http *http;

typedef struct Visitor {
        HttpVisit *visit;
        int frames, payload; /* ours */
} Visitor;

static void wait_for(int fd, short events)
{
        struct pollfd wait = {.fd = fd, .events = events};

        g_assert_cmpint(poll(&wait, 1, PATIENCE_MS), ==, 1);
}

/* So many bytes. */
static void take(int fd, void *data, size_t size)
{
        for (size_t taken = 0; taken < size;) {
                ssize_t n;

                wait_for(fd, POLLIN);
                n = recv(fd, (uint8_t *)data + taken, size - taken, 0);
                g_assert_cmpint(n, >, 0);
                taken += (size_t)n;
        }
}

static void expect(int fd, const void *data, size_t size)
{
        g_autofree uint8_t *got = g_malloc(size);

        take(fd, got, size);
        g_assert_cmpmem(got, size, data, size);
}

static void expect_end(int fd)
{
        char byte;

        wait_for(fd, POLLIN);
        g_assert_cmpint(recv(fd, &byte, 1, 0), ==, 0);
}

/* Masked with zeroes. */
static void say(const Visitor *visitor, WebsocketOpcode opcode, const void *data, size_t size)
{
        uint8_t header[WEBSOCKET_HEADER_MAX];
        const size_t n = websocket_header(opcode, size, header);

        header[1] |= 0x80;
        visitor_write(visitor->frames, header, n);
        visitor_write(visitor->frames, "\0\0\0\0", 4);
        visitor_write(visitor->frames, data, size);
}

static void come(Visitor *visitor)
{
        GString *head = g_string_new(NULL);
        char byte;
        int pair[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
                        ==, 0);
        visitor->visit = visitor_visit(endpoint);
        visitor->visit->payload_fd = pair[1];
        visitor->payload = pair[0];
        visitor->frames = visitor_come(http, visitor->visit);
        visitor_write(visitor->frames, REQUEST, strlen(REQUEST));
        while (!g_str_has_suffix(head->str, "\r\n\r\n")) {
                take(visitor->frames, &byte, 1);
                g_string_append_c(head, byte);
        }
        g_assert_cmpuint(visitor_status(head->str), ==, 101);
        g_assert_null(strcasestr(head->str, "extensions")); /* 4.1.6 aborts over them */
        g_string_free(head, TRUE);
}

static void go(Visitor *visitor)
{
        close(visitor->frames);
        if (visitor->payload >= 0)
                close(visitor->payload);
        http_visit_unref(visitor->visit);
}

static void test_both_ways(void)
{
        Visitor visitor;

        come(&visitor);
        say(&visitor, WEBSOCKET_BINARY, "hello", 5);
        expect(visitor.payload, "hello", 5);
        visitor_write(visitor.payload, "world", 5);
        expect(visitor.frames, "\x82\5world", 7);
        say(&visitor, WEBSOCKET_PING, "are you?", 8);
        expect(visitor.frames,
               "\x8a\x08"
               "are you?",
               10);
        go(&visitor);
}

static void test_text(void)
{
        Visitor visitor;

        come(&visitor);
        say(&visitor, WEBSOCKET_BINARY, "taken", 5);
        say(&visitor, WEBSOCKET_TEXT, "not", 3);
        expect(visitor.payload, "taken", 5);
        expect_end(visitor.payload);
        expect(visitor.frames, "\x88\2\x03\xeb", 4);
        go(&visitor);
}

/* With its code, behind all that it has written. */
static void test_worker_ends(gconstpointer data)
{
        const bool vanishes = GPOINTER_TO_INT(data);
        g_autofree uint8_t *sent = g_malloc0(100000);
        size_t left = 100000;
        Visitor visitor;
        uint8_t head[4];

        come(&visitor);
        atomic_store(&visitor.visit->close_code, WEBSOCKET_TOO_BIG);
        visitor_write(visitor.payload, sent, left);
        if (vanishes)
                close(TAKE_FD(visitor.payload));
        else
                g_assert_cmpint(shutdown(visitor.payload, SHUT_WR), ==, 0);
        while (left > 0) {
                g_autofree uint8_t *got = NULL;
                size_t size;

                take(visitor.frames, head, 2);
                g_assert_cmpuint(head[0], ==, 0x82);
                size = head[1];
                if (size == 126) {
                        take(visitor.frames, head, 2);
                        size = (size_t)head[0] << 8 | head[1];
                }
                g_assert_cmpuint(size, <=, left);
                got = g_malloc(size);
                take(visitor.frames, got, size);
                left -= size;
        }
        expect(visitor.frames, "\x88\2\x03\xf1", 4);
        say(&visitor, WEBSOCKET_CLOSE, "\x03\xf1", 2);
        expect_end(visitor.frames);
        go(&visitor);
}

/* The worker hears at once, behind the payload; the client gets its code back. */
static void test_client_ends(void)
{
        Visitor visitor;

        come(&visitor);
        say(&visitor, WEBSOCKET_BINARY, "last", 4);
        say(&visitor, WEBSOCKET_CLOSE, "\x03\xe9", 2);
        expect(visitor.payload, "last", 4);
        expect_end(visitor.payload);
        expect(visitor.frames, "\x88\2\x03\xe9", 4);
        expect_end(visitor.frames);
        go(&visitor);
}

static void test_client_vanishes(void)
{
        Visitor visitor;

        come(&visitor);
        say(&visitor, WEBSOCKET_BINARY, "last", 4);
        g_assert_cmpint(shutdown(visitor.frames, SHUT_WR), ==, 0);
        expect(visitor.payload, "last", 4);
        expect_end(visitor.payload);
        go(&visitor);
}

/* So much goes in while nobody takes what comes out: then it stops for good. That is known by
 * having waited, which may only make the test too mild. */
static size_t fill(int fd, const uint8_t *data, size_t size)
{
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        size_t sent = 0;

        while (sent < size && poll(&wait, 1, 300) == 1) {
                ssize_t n = send(fd, data + sent, size - sent, MSG_NOSIGNAL);

                if (n > 0)
                        sent += (size_t)n;
        }
        return sent;
}

/* A worker that does not read slows the client; nothing is lost. */
static void test_slow_worker(void)
{
        g_autofree uint8_t *wire = g_malloc(WEBSOCKET_HEADER_MAX + MUCH);
        const size_t header = websocket_header(WEBSOCKET_BINARY, MUCH, wire);
        const size_t size = header + 4 + MUCH;
        uint8_t *payload = wire + header + 4;
        Visitor visitor;
        size_t sent, taken = 0;

        come(&visitor);
        wire[1] |= 0x80;
        memset(wire + header, 0, 4);
        for (size_t i = 0; i < MUCH; i++)
                payload[i] = (uint8_t)(i * 31 >> 4);
        sent = fill(visitor.frames, wire, size);
        g_assert_cmpuint(sent, <, MUCH / 4);
        while (taken < MUCH) {
                uint8_t part[65536];
                ssize_t n;

                if (sent < size) {
                        n = send(visitor.frames, wire + sent, size - sent, MSG_NOSIGNAL);
                        sent += n > 0 ? (size_t)n : 0;
                }
                wait_for(visitor.payload, POLLIN);
                n = recv(visitor.payload, part, sizeof(part), 0);
                g_assert_cmpint(n, >, 0);
                g_assert_cmpmem(part, n, payload + taken, n);
                taken += (size_t)n;
        }
        say(&visitor, WEBSOCKET_PING, "x", 1);
        expect(visitor.frames, "\x8a\1x", 3);
        go(&visitor);
}

static void test_slow_client(void)
{
        g_autofree uint8_t *data = g_malloc0(MUCH);
        Visitor visitor;

        come(&visitor);
        g_assert_cmpuint(fill(visitor.payload, data, MUCH), <, MUCH / 4);
        go(&visitor);
}

static int adopt(bool streams, int *ret_fd)
{
        HttpVisit *visit = visitor_visit(endpoint);
        int pair[2], r;

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
                        ==, 0);
        visit->payload_fd = streams ? eventfd(0, EFD_CLOEXEC) : -1;
        r = http_adopt(http, visit, pair[1]);
        if (r < 0) {
                close(pair[0]);
                close(pair[1]);
        } else {
                *ret_fd = pair[0];
        }
        http_visit_unref(visit);
        return r;
}

/* Others still get an answer. */
static void test_too_many(void)
{
        g_autofree int *fds = g_new(int, HTTP_STREAMS_MAX + 1);
        struct rlimit limit;

        g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
        limit.rlim_cur = limit.rlim_max;
        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
        if (limit.rlim_cur < 3 * HTTP_STREAMS_MAX + 100) {
                g_test_skip("it may not have so many descriptors");
                return;
        }
        http_free(http); /* those of before may not all have ended */
        g_assert_cmpint(http_new(&http), ==, 0);
        for (unsigned i = 0; i < HTTP_STREAMS_MAX; i++)
                g_assert_cmpint(adopt(true, &fds[i]), ==, 0);
        g_assert_cmpint(adopt(true, &fds[HTTP_STREAMS_MAX]), ==, -EBUSY);
        g_assert_cmpint(adopt(false, &fds[HTTP_STREAMS_MAX]), ==, 0);
        for (unsigned i = 0; i <= HTTP_STREAMS_MAX; i++)
                close(fds[i]);
        http_free(http);
        g_assert_cmpint(http_new(&http), ==, 0);
}

/* They end with the thread. */
static void test_thread_ends(void)
{
        Visitor visitor;

        come(&visitor);
        http_free(http);
        expect_end(visitor.payload);
        expect_end(visitor.frames);
        go(&visitor);
        g_assert_cmpint(http_new(&http), ==, 0);
}

/* Where the worker has made no pair, the thread keeps nothing. */
static void test_not_asked_for(void)
{
        HttpVisit *visit = visitor_visit(endpoint);
        int fd = visitor_come(http, visit);
        g_autofree char *answer = NULL;

        visitor_write(fd, REQUEST, strlen(REQUEST));
        answer = visitor_read(fd, NULL);
        g_assert_cmpuint(visitor_status(answer), ==, 101);
        http_visit_unref(visit);
}

int main(int argc, char **argv)
{
        int r;

        g_test_init(&argc, &argv, NULL);
        endpoint = visitor_endpoint(LISTENER_WEBSOCKETS);
        g_assert_cmpint(http_new(&http), ==, 0);
        g_test_add_func("/server/http-stream/both-ways", test_both_ways);
        g_test_add_func("/server/http-stream/text", test_text);
        g_test_add_data_func("/server/http-stream/worker-ends", GINT_TO_POINTER(false),
                             test_worker_ends);
        g_test_add_data_func("/server/http-stream/worker-vanishes", GINT_TO_POINTER(true),
                             test_worker_ends);
        g_test_add_func("/server/http-stream/client-ends", test_client_ends);
        g_test_add_func("/server/http-stream/client-vanishes", test_client_vanishes);
        g_test_add_func("/server/http-stream/slow-worker", test_slow_worker);
        g_test_add_func("/server/http-stream/slow-client", test_slow_client);
        g_test_add_func("/server/http-stream/too-many", test_too_many);
        g_test_add_func("/server/http-stream/thread-ends", test_thread_ends);
        g_test_add_func("/server/http-stream/not-asked-for", test_not_asked_for);
        r = g_test_run();
        http_free(http);
        endpoint_unref(endpoint);
        return r;
}
