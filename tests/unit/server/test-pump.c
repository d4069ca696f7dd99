/* SPDX-License-Identifier: Apache-2.0 */

/* Bytes both ways between a client and the HTTP thread: here the test is both of them. */

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/pump.h"
#include "transport/stream.h"
#include "visitor.h"

/* More than a pair and a piece hold. */
#define MUCH (8U * 1024U * 1024U)

typedef struct Bench {
        Loop loop;
        Endpoint *endpoint;
        HttpVisit *visit;
        Pump *pump;
        int client, frames; /* the other ends */
        uint8_t *scratch;
} Bench;

static void make_pair(int *ret_ours, int *ret_other)
{
        int fds[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==,
                        0);
        *ret_ours = fds[0];
        *ret_other = fds[1];
}

static void bench_init(Bench *bench)
{
        Transport below;
        int fd;

        *bench = (Bench){.scratch = g_malloc(PUMP_PIECE)};
        g_assert_cmpint(loop_init(&bench->loop), ==, 0);
        bench->endpoint = visitor_endpoint(LISTENER_WEBSOCKETS);
        bench->visit = visitor_visit(bench->endpoint);
        make_pair(&fd, &bench->client);
        stream_init(&below, fd, true);
        make_pair(&fd, &bench->frames);
        g_assert_cmpint(pump_new(&below, fd, bench->visit, &bench->pump), ==, 0);
        g_assert_cmpint(pump_start(bench->pump, &bench->loop, bench->scratch), ==, 0);
        pump_set_late(bench->pump, false);
}

static void bench_done(Bench *bench)
{
        pump_free(bench->pump);
        if (bench->client >= 0)
                close(bench->client);
        if (bench->frames >= 0)
                close(bench->frames);
        http_visit_unref(bench->visit);
        endpoint_unref(bench->endpoint);
        loop_done(&bench->loop);
        g_free(bench->scratch);
}

/* Until nothing is left to do. A source that is told of over and over would never end. */
static void turn(Bench *bench)
{
        for (unsigned i = 0; loop_turn(&bench->loop, 0) > 0; i++)
                g_assert_cmpuint(i, <, 10000);
}

/* As much as goes; how much. */
static size_t push(Bench *bench, int fd, size_t size)
{
        g_autofree uint8_t *data = g_malloc(4096);
        size_t pushed = 0;

        while (pushed < size) {
                ssize_t n;

                for (size_t i = 0; i < 4096; i++)
                        data[i] = (uint8_t)((pushed + i) * 31 >> 3);
                n = send(fd, data, MIN((size_t)4096, size - pushed), MSG_DONTWAIT | MSG_NOSIGNAL);
                if (n > 0)
                        pushed += (size_t)n;
                else if (loop_turn(&bench->loop, 0) <= 0)
                        break;
        }
        turn(bench);
        return pushed;
}

/* What there is, which goes on with what was pull()ed; how much. -1 in ret_end: no end. */
static size_t pull(Bench *bench, int fd, size_t pulled, bool *ret_ended)
{
        uint8_t data[4096];
        ssize_t n;

        *ret_ended = false;
        for (;;) {
                n = recv(fd, data, sizeof(data), MSG_DONTWAIT);
                if (n < 0 && errno == EAGAIN && loop_turn(&bench->loop, 0) > 0)
                        continue;
                if (n <= 0)
                        break;
                for (ssize_t i = 0; i < n; i++)
                        g_assert_cmpuint(data[i], ==, (uint8_t)((pulled + (size_t)i) * 31 >> 3));
                pulled += (size_t)n;
        }
        *ret_ended = n == 0;
        turn(bench);
        return pulled;
}

static void test_both_ways(void)
{
        Bench bench;
        bool ended;

        bench_init(&bench);
        g_assert_cmpuint(push(&bench, bench.client, 1000), ==, 1000);
        g_assert_cmpuint(push(&bench, bench.frames, 70000), ==, 70000);
        g_assert_cmpuint(pull(&bench, bench.frames, 0, &ended), ==, 1000);
        g_assert_false(ended);
        g_assert_cmpuint(pull(&bench, bench.client, 0, &ended), ==, 70000);
        g_assert_false(ended || pump_is_over(bench.pump));
        bench_done(&bench);
}

/* Who does not read slows who writes; nothing is lost, and little is kept. */
static void test_slow(gconstpointer data)
{
        const bool is_up = GPOINTER_TO_INT(data);
        Bench bench;
        Buffer *kept;
        size_t pushed, pulled = 0;
        int from, to;
        bool ended;

        bench_init(&bench);
        from = is_up ? bench.client : bench.frames;
        to = is_up ? bench.frames : bench.client;
        kept = is_up ? &bench.pump->up : &bench.pump->down;
        pushed = push(&bench, from, MUCH);
        g_assert_cmpuint(pushed, <, MUCH / 4);
        g_assert_cmpuint(buffer_length(kept), >, 0);
        g_assert_cmpuint(buffer_length(kept), <=, PUMP_PIECE);
        /* The other direction goes on. */
        g_assert_cmpuint(push(&bench, to, 100), ==, 100);
        g_assert_cmpuint(pull(&bench, from, 0, &ended), ==, 100);
        pulled = pull(&bench, to, 0, &ended);
        g_assert_cmpuint(pulled, ==, pushed);
        g_assert_false(ended);
        g_assert_cmpuint(kept->capacity, ==, 0);
        bench_done(&bench);
}

/* It may have said its last before the HTTP thread has read the first of it. */
static void test_client_ends(gconstpointer data)
{
        const bool vanishes = GPOINTER_TO_INT(data);
        Bench bench;
        size_t pushed;
        bool ended;

        bench_init(&bench);
        pushed = push(&bench, bench.client, MUCH);
        if (vanishes)
                close(TAKE_FD(bench.client));
        else
                g_assert_cmpint(shutdown(bench.client, SHUT_WR), ==, 0);
        turn(&bench);
        g_assert_cmpuint(pull(&bench, bench.frames, 0, &ended), ==, pushed);
        g_assert_true(ended);
        g_assert_false(pump_is_over(bench.pump));
        if (!vanishes) {
                g_assert_cmpuint(push(&bench, bench.frames, 100), ==, 100);
                g_assert_cmpuint(pull(&bench, bench.client, 0, &ended), ==, 100);
                g_assert_false(ended);
        }
        close(TAKE_FD(bench.frames));
        turn(&bench);
        g_assert_true(pump_is_over(bench.pump));
        bench_done(&bench);
}

/* The client gets all of it, then the end, and has time to read that. */
static void test_frames_end(gconstpointer data)
{
        const bool is_much = GPOINTER_TO_INT(data);
        Bench bench;
        size_t pushed;
        bool ended;

        bench_init(&bench);
        pushed = push(&bench, bench.frames, is_much ? MUCH : 10);
        close(TAKE_FD(bench.frames));
        turn(&bench);
        g_assert_cmpuint(pull(&bench, bench.client, 0, &ended), ==, pushed);
        g_assert_true(ended);
        g_assert_false(pump_is_over(bench.pump));
        g_assert_cmpuint(push(&bench, bench.client, MUCH), ==, MUCH);
        g_assert_false(pump_is_over(bench.pump));
        g_assert_cmpuint(bench.pump->up.capacity, ==, 0);
        close(TAKE_FD(bench.client));
        turn(&bench);
        g_assert_true(pump_is_over(bench.pump));
        bench_done(&bench);
}

/* With what it has kept, to another worker. */
static void test_moves(void)
{
        Bench bench;
        Loop second;
        size_t pushed;
        bool ended;

        bench_init(&bench);
        pushed = push(&bench, bench.client, MUCH);
        pump_stop(bench.pump);
        pump_stop(bench.pump);
        g_assert_cmpint(loop_init(&second), ==, 0);
        loop_done(&bench.loop);
        bench.loop = second;
        g_assert_cmpint(pump_start(bench.pump, &bench.loop, bench.scratch), ==, 0);
        g_assert_cmpuint(pull(&bench, bench.frames, 0, &ended), ==, pushed);
        g_assert_cmpuint(push(&bench, bench.frames, 5000), ==, 5000);
        g_assert_cmpuint(pull(&bench, bench.client, 0, &ended), ==, 5000);
        bench_done(&bench);
}

/* Its connection ends: so do both sides, and the HTTP thread learns the code. */
static void test_freed(void)
{
        Bench bench;
        bool ended;

        bench_init(&bench);
        g_assert_cmpuint(atomic_load(&bench.visit->close_code), ==, WEBSOCKET_NORMAL);
        pump_set_code(bench.pump, WEBSOCKET_TOO_BIG);
        g_assert_cmpuint(atomic_load(&bench.visit->close_code), ==, WEBSOCKET_TOO_BIG);
        bench.pump = pump_free(bench.pump);
        g_assert_cmpuint(pull(&bench, bench.client, 0, &ended), ==, 0);
        g_assert_true(ended);
        g_assert_cmpuint(pull(&bench, bench.frames, 0, &ended), ==, 0);
        g_assert_true(ended);
        bench_done(&bench);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/pump/both-ways", test_both_ways);
        g_test_add_data_func("/server/pump/slow-http-thread", GINT_TO_POINTER(true), test_slow);
        g_test_add_data_func("/server/pump/slow-client", GINT_TO_POINTER(false), test_slow);
        g_test_add_data_func("/server/pump/client-ends", GINT_TO_POINTER(false), test_client_ends);
        g_test_add_data_func("/server/pump/client-vanishes", GINT_TO_POINTER(true),
                             test_client_ends);
        g_test_add_data_func("/server/pump/frames-end", GINT_TO_POINTER(false), test_frames_end);
        g_test_add_data_func("/server/pump/frames-end-behind-much", GINT_TO_POINTER(true),
                             test_frames_end);
        g_test_add_func("/server/pump/moves", test_moves);
        g_test_add_func("/server/pump/freed", test_freed);
        return g_test_run();
}
