/* SPDX-License-Identifier: Apache-2.0 */

/* The HTTP thread: what becomes of a socketpair that it is given. */

#include <dirent.h>
#include <errno.h>
#include <glib.h>
#include <malloc.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include "util/log.h"
#include "visitor.h"

#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
/* Of RFC 6455, 1.3. */
#define ACCEPTED "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

#define UPGRADE(_fields)                                                                           \
        "GET /mqtt HTTP/1.1\r\nHost: broker.example\r\nUpgrade: websocket\r\n"                     \
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" KEY _fields "\r\n"

static Http *http;

static bool contains(const char *answer, const char *text)
{
        return strstr(answer, text) != NULL;
}

static void test_upgrade(void)
{
        const char *names[] = {"mqtt", "mqttv3.1"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                _cleanup_(endpoint_unrefp) Endpoint *endpoint =
                        visitor_endpoint(LISTENER_WEBSOCKETS);
                g_autofree char *request =
                        g_strdup_printf(UPGRADE("Sec-WebSocket-Protocol: %s\r\n"), names[i]);
                g_autofree char *chosen =
                        g_strdup_printf("\r\nSec-WebSocket-Protocol: %s\r\n", names[i]);
                g_autofree char *answer = visitor_ask(http, endpoint, request);

                g_assert_cmpuint(visitor_status(answer), ==, 101);
                g_assert_true(contains(answer, ACCEPTED));
                g_assert_true(contains(answer, chosen));
                /* The worker looks for its end there. */
                g_assert_true(g_str_has_suffix(answer, "\r\n\r\n"));
                g_assert_true(strstr(answer, "\r\n\r\n") == answer + strlen(answer) - 4);
        }
}

static void test_other_answer(void)
{
        _cleanup_(endpoint_unrefp) Endpoint *endpoint = visitor_endpoint(LISTENER_WEBSOCKETS);
        g_autofree char *answer =
                visitor_ask(http, endpoint, UPGRADE("Sec-WebSocket-Protocol: chat\r\n"));

        g_assert_cmpuint(visitor_status(answer), ==, 400);
        g_assert_true(contains(answer, "\r\nConnection: close\r\n"));
        g_assert_true(contains(answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
        g_assert_true(contains(answer, "\r\nContent-Length: 16\r\n"));
        g_assert_true(g_str_has_suffix(answer, "\r\n\r\n400 Bad Request\n"));
}

/* Who says nothing has gone with its end, and with the thread's. */
static void test_silence(void)
{
        _cleanup_(endpoint_unrefp) Endpoint *endpoint = visitor_endpoint(LISTENER_WEBSOCKETS);
        _cleanup_(http_freep) Http *own = NULL;
        HttpVisit *visit = visitor_visit(endpoint);
        g_autofree char *answer = NULL;
        int gone, stays;

        g_assert_cmpint(http_new(&own), ==, 0);
        gone = visitor_come(own, visit);
        stays = visitor_come(own, visit);
        close(gone);
        /* That one is answered tells that the thread has those before it. */
        g_free(visitor_ask(own, endpoint, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
        own = http_free(own);
        answer = visitor_read(stays, NULL);
        g_assert_cmpstr(answer, ==, "");
        g_assert_cmpuint(visit->references, ==, 1);
        http_visit_unref(visit);
}

/* As many as there may be, who say nothing; and one more. When one has gone there is room. */
static void test_too_many(void)
{
        _cleanup_(endpoint_unrefp) Endpoint *endpoint = visitor_endpoint(LISTENER_WEBSOCKETS);
        struct rlimit limit, before;
        _cleanup_(http_freep) Http *own = NULL;
        g_autofree int *fds = g_new(int, HTTP_VISITS_MAX);
        HttpVisit *visit = visitor_visit(endpoint);
        int pair[2], r = -EBUSY;

        g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
        limit = before;
        limit.rlim_cur = limit.rlim_max;
        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
        if (limit.rlim_cur < 2 * HTTP_VISITS_MAX + 100) {
                g_test_skip("it may not have so many descriptors");
                http_visit_unref(visit);
                return;
        }
        g_assert_cmpint(http_new(&own), ==, 0);
        for (unsigned i = 0; i < HTTP_VISITS_MAX; i++)
                fds[i] = visitor_come(own, visit);
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
        g_assert_cmpint(http_adopt(own, visit, pair[1]), ==, -EBUSY);
        g_assert_cmpuint(visit->references, ==, 1 + HTTP_VISITS_MAX);
        close(fds[0]);
        for (gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
             r == -EBUSY && g_get_monotonic_time() < end;)
                r = http_adopt(own, visit, pair[1]);
        g_assert_cmpint(r, ==, 0);
        /* The last of them is served as the first one would be. */
        visitor_write(pair[0], UPGRADE("Sec-WebSocket-Protocol: mqtt\r\n"),
                      strlen(UPGRADE("Sec-WebSocket-Protocol: mqtt\r\n")));
        g_free(visitor_read(pair[0], NULL));
        own = http_free(own);
        g_assert_cmpuint(visit->references, ==, 1);
        for (unsigned i = 1; i < HTTP_VISITS_MAX; i++)
                close(fds[i]);
        http_visit_unref(visit);
        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
}

static uint64_t cpu_ms(void)
{
        struct timespec used;

        g_assert_cmpint(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), ==, 0);
        return (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
}

/* Who never ends its request, and who does not read, are waited for for a while, and in sleep. */
static void test_deadlines(void)
{
        static const char begun[] = "GET / HTTP/1.1\r\nHost: a\r\n";
        static const char whole[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        _cleanup_(endpoint_unrefp) Endpoint *sockets = visitor_endpoint(LISTENER_WEBSOCKETS);
        _cleanup_(endpoint_unrefp) Endpoint *pages = visitor_endpoint(LISTENER_HTTP_API);
        HttpVisit *slow = visitor_visit(sockets), *deaf = visitor_visit(pages);
        int fds[2] = {visitor_come(http, slow), visitor_come(http, deaf)};
        struct pollfd wait = {.fd = http_questions_fd(http), .events = POLLIN};
        HttpAnswer page = {.status = 200, .type = "text/plain"};
        uint64_t used;

        visitor_write(fds[0], begun, strlen(begun));
        visitor_write(fds[1], whole, strlen(whole));
        g_assert_cmpint(poll(&wait, 1, 60000), ==, 1);
        g_assert_cmpint(buffer_reserve(&page.body, 8 << 20), ==, 0);
        memset(buffer_tail(&page.body), 'x', 8 << 20);
        buffer_commit(&page.body, 8 << 20);
        http_answer(http_take_question(http), &page);
        used = cpu_ms();
        g_free(visitor_read(fds[0], NULL));
        wait = (struct pollfd){.fd = fds[1], .events = POLLRDHUP};
        g_assert_cmpint(poll(&wait, 1, 60000), ==, 1);
        g_assert_cmpuint(cpu_ms() - used, <, 2000);
        close(fds[1]);
        http_visit_unref(slow);
        http_visit_unref(deaf);
}

static unsigned n_lines;

static void count_line(void *data, LogCategory category, const char *line)
{
        g_assert_cmpint(category, ==, LOG_CATEGORY_WEBSOCKETS);
        g_assert_true(g_str_has_prefix(line, "libwebsockets: "));
        __atomic_add_fetch(&n_lines, 1, __ATOMIC_RELAXED);
}

/* What libwebsockets has to tell goes to our log, and only if it is asked for. */
static void test_log(void)
{
        static const char request[] = UPGRADE("Sec-WebSocket-Protocol: mqtt\r\n");
        const LogSettings settings = {
                .destinations = LOG_TO_TOPIC,
                .categories = LOG_CATEGORY_BIT(LOG_CATEGORY_WEBSOCKETS),
        };
        _cleanup_(endpoint_unrefp) Endpoint *quiet = visitor_endpoint(LISTENER_WEBSOCKETS);
        _cleanup_(endpoint_unrefp) Endpoint *loud = visitor_endpoint(LISTENER_WEBSOCKETS);

        loud->settings->websockets_log_level = 0x7FF;
        log_set_topic_sink(count_line, NULL);
        g_assert_cmpint(log_configure(&settings), ==, 0);
        g_free(visitor_ask(http, quiet, request));
        g_free(visitor_ask(http, quiet, request));
        g_assert_cmpuint(__atomic_load_n(&n_lines, __ATOMIC_RELAXED), ==, 0);
        g_free(visitor_ask(http, loud, request));
        g_assert_cmpuint(__atomic_load_n(&n_lines, __ATOMIC_RELAXED), >, 0);
        g_free(visitor_ask(http, quiet, request));
        /* The thread ends: nothing more is logged from here on. */
        http = http_free(http);
        log_done();
        g_assert_cmpint(http_new(&http), ==, 0);
}

static unsigned count_fds(void)
{
        DIR *dir = opendir("/proc/self/fd");
        unsigned n = 0;

        while (readdir(dir))
                n++;
        closedir(dir);
        return n;
}

static void adopt_many(Endpoint *endpoint, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                g_autofree char *answer = NULL;

                if (i % 3 == 0) {
                        _cleanup_(http_visit_unrefp) HttpVisit *visit = visitor_visit(endpoint);

                        close(visitor_come(http, visit));
                        continue;
                }
                answer = visitor_ask(http, endpoint,
                                     i % 3 == 1 ? UPGRADE("Sec-WebSocket-Protocol: mqtt\r\n")
                                                : "GET /no HTTP/1.1\r\nHost: a\r\n\r\n");
                g_assert_cmpuint(visitor_status(answer), ==, i % 3 == 1 ? 101 : 404);
        }
}

/* The end of a visit is seen before libwebsockets has forgotten it: so the thread is ended. */
static void test_nothing_is_left(void)
{
        _cleanup_(endpoint_unrefp) Endpoint *endpoint = visitor_endpoint(LISTENER_WEBSOCKETS);
        unsigned fds = count_fds();
        size_t memory = 0;

        for (unsigned round = 0; round < 2; round++) {
                http = http_free(http);
                g_assert_cmpuint(endpoint->references, ==, 1);
                g_assert_cmpuint(count_fds(), <=, fds);
                if (round == 1)
                        memory = mallinfo2().uordblks;
                g_assert_cmpint(http_new(&http), ==, 0);
                adopt_many(endpoint, round == 1 ? 5000 : 500);
        }
        http = http_free(http);
        g_assert_cmpuint(count_fds(), <=, fds);
        g_assert_cmpuint(endpoint->references, ==, 1);
        g_assert_cmpuint(mallinfo2().uordblks, <=, memory + 65536);
        g_assert_cmpint(http_new(&http), ==, 0);
}

int main(int argc, char **argv)
{
        int r;

        g_test_init(&argc, &argv, NULL);
        g_assert_cmpint(http_new(&http), ==, 0);
        g_test_add_func("/server/http/upgrade", test_upgrade);
        g_test_add_func("/server/http/other-answer", test_other_answer);
        g_test_add_func("/server/http/silence", test_silence);
        g_test_add_func("/server/http/too-many", test_too_many);
        g_test_add_func("/server/http/deadlines", test_deadlines);
        g_test_add_func("/server/http/log", test_log);
        g_test_add_func("/server/http/nothing-is-left", test_nothing_is_left);
        r = g_test_run();
        http_free(http);
        return r;
}
