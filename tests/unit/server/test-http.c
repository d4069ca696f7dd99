/* SPDX-License-Identifier: Apache-2.0 */

/* The HTTP thread: what becomes of a socketpair that it is given. */

#include <dirent.h>
#include <glib.h>
#include <malloc.h>
#include <string.h>

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
        g_test_add_func("/server/http/nothing-is-left", test_nothing_is_left);
        r = g_test_run();
        http_free(http);
        return r;
}
