/* SPDX-License-Identifier: Apache-2.0 */

/* Pages of `protocol http_api`: questions to another thread, and its answers. */

#include <glib.h>
#include <poll.h>
#include <string.h>

#include "visitor.h"

static Endpoint *endpoint;
static Http *http;

/* The next one; waits for it. */
static HttpQuestion *take(void)
{
        struct pollfd wait = {.fd = http_questions_fd(http), .events = POLLIN};
        HttpQuestion *question;

        g_assert_cmpint(poll(&wait, 1, 60000), ==, 1);
        question = http_take_question(http);
        g_assert_nonnull(question);
        return question;
}

static bool has_question(void)
{
        struct pollfd wait = {.fd = http_questions_fd(http), .events = POLLIN};

        return poll(&wait, 1, 0) == 1;
}

static int send_request(const char *request)
{
        _cleanup_(http_visit_unrefp) HttpVisit *visit = visitor_visit(endpoint);
        int fd = visitor_come(http, visit);

        visitor_write(fd, request, strlen(request));
        return fd;
}

static void answer(HttpQuestion *question, unsigned status, const char *body)
{
        HttpAnswer page = {.status = status, .type = "text/plain"};

        g_assert_cmpint(buffer_append(&page.body, body, strlen(body)), ==, 0);
        http_answer(question, &page);
}

static void test_answered(void)
{
        int fd = send_request("GET /metrics?a=b&c HTTP/1.1\r\nHost: a\r\n\r\n");
        HttpQuestion *question = take();
        g_autofree char *text = NULL;

        g_assert_false(has_question());
        g_assert_null(http_take_question(http));
        g_assert_cmpstr(question->path, ==, "/metrics");
        g_assert_cmpstr(question->query, ==, "a=b&c");
        g_assert_false(question->is_head);
        g_assert_null(question->username);
        g_assert_cmpstr(question->visit->peer, ==, "192.0.2.1:49152");
        answer(question, 200, "up 1\n");
        text = visitor_read(fd, NULL);
        g_assert_cmpuint(visitor_status(text), ==, 200);
        g_assert_nonnull(strstr(text, "\r\nContent-Type: text/plain\r\n"));
        g_assert_nonnull(strstr(text, "\r\nCache-Control: no-store\r\n"));
        g_assert_true(g_str_has_suffix(text, "\r\nContent-Length: 5\r\n\r\nup 1\n"));
}

static void test_head(void)
{
        int fd = send_request("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
        HttpQuestion *question = take();
        g_autofree char *text = NULL;

        g_assert_true(question->is_head);
        g_assert_cmpstr(question->query, ==, "");
        answer(question, 200, "0123456789");
        text = visitor_read(fd, NULL);
        g_assert_true(g_str_has_suffix(text, "\r\nContent-Length: 10\r\n\r\n"));
}

/* What a browser sends, and what others make up. */
static void test_authorization(void)
{
        static const struct {
                const char *field, *username, *password;
        } rows[] = {
                {"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"},
                {"bASIC YTo=", "a", ""},
                {"Basic Og==", "", ""},
                {"Basic YTpiOmM=", "a", "b:c"},
                {"Basic YQ==", NULL, NULL},            /* no colon */
                {"Basic YTpiAGM=", NULL, NULL},        /* a NUL */
                {"Basic YTpi=", NULL, NULL},           /* no base64 */
                {"Basic ", NULL, NULL},                /* nothing */
                {"Basic", NULL, NULL},                 /* not even a blank */
                {"Bearer YTpi", NULL, NULL},           /* another scheme */
                {"Basic  YTpi", NULL, NULL},           /* a blank too many */
                {"Basic YTpi,Basic YTpi", NULL, NULL}, /* two */
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                g_autofree char *request = g_strdup_printf(
                        "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: %s\r\n\r\n", rows[i].field);
                int fd = send_request(request);
                HttpQuestion *question = take();

                g_test_message("%s", rows[i].field);
                g_assert_cmpstr(question->username, ==, rows[i].username);
                g_assert_cmpstr(question->password, ==, rows[i].password);
                answer(question, 200, "x");
                g_free(visitor_read(fd, NULL));
        }
}

/* Megabytes, to somebody who reads when all of it waits. */
static void test_large(void)
{
        int fd = send_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        g_autofree char *body = g_strnfill(8 << 20, 'x'), *text = NULL;
        size_t length;

        answer(take(), 200, body);
        text = visitor_read(fd, &length);
        g_assert_cmpuint(length, >, 8 << 20);
        g_assert_true(g_str_has_suffix(text, body));
}

static void test_refused(void)
{
        int fd = send_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        HttpAnswer page = {.status = 401, .fields = "WWW-Authenticate: Basic realm=\"a\"\r\n"};
        g_autofree char *text = NULL;

        http_answer(take(), &page);
        text = visitor_read(fd, NULL);
        g_assert_cmpuint(visitor_status(text), ==, 401);
        g_assert_nonnull(strstr(text, "\r\nWWW-Authenticate: Basic realm=\"a\"\r\n"));
        g_assert_null(strstr(text, "\r\nContent-Type"));
}

/* Nobody takes the first, the second is taken and answered too late: both get 503. */
static void test_no_answer(void)
{
        int lost = send_request("GET /lost HTTP/1.1\r\nHost: a\r\n\r\n"), late;
        g_autofree char *first = visitor_read(lost, NULL), *second = NULL;
        HttpQuestion *question;

        g_assert_cmpuint(visitor_status(first), ==, 503);
        g_assert_false(has_question());
        late = send_request("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
        question = take();
        second = visitor_read(late, NULL);
        g_assert_cmpuint(visitor_status(second), ==, 503);
        answer(question, 200, "x");
}

/* A question of somebody who has gone is withdrawn, or its answer comes to nothing. */
static void test_gone(void)
{
        int fd = send_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        HttpQuestion *question = take();

        close(fd);
        answer(question, 200, "x");
        fd = send_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        answer(take(), 204, "");
        g_free(visitor_read(fd, NULL));
}

/* Questions that nobody takes end with the thread. */
static void test_end(void)
{
        int fd = send_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        struct pollfd wait = {.fd = http_questions_fd(http), .events = POLLIN};
        g_autofree char *text = NULL;

        g_assert_cmpint(poll(&wait, 1, 60000), ==, 1);
        http = http_free(http);
        text = visitor_read(fd, NULL);
        g_assert_cmpstr(text, ==, "");
        g_assert_cmpint(http_new(&http), ==, 0);
}

static void test_no_upgrade(void)
{
        int fd = send_request("GET /mqtt HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                              "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                              "Sec-WebSocket-Protocol: mqtt\r\n\r\n");
        g_autofree char *text = visitor_read(fd, NULL);

        g_assert_cmpuint(visitor_status(text), ==, 404);
        g_assert_false(has_question());
}

int main(int argc, char **argv)
{
        int r;

        g_test_init(&argc, &argv, NULL);
        g_assert_cmpint(http_new(&http), ==, 0);
        endpoint = visitor_endpoint(LISTENER_HTTP_API);
        g_test_add_func("/server/http-question/answered", test_answered);
        g_test_add_func("/server/http-question/head", test_head);
        g_test_add_func("/server/http-question/authorization", test_authorization);
        g_test_add_func("/server/http-question/large", test_large);
        g_test_add_func("/server/http-question/refused", test_refused);
        g_test_add_func("/server/http-question/no-answer", test_no_answer);
        g_test_add_func("/server/http-question/gone", test_gone);
        g_test_add_func("/server/http-question/end", test_end);
        g_test_add_func("/server/http-question/no-upgrade", test_no_upgrade);
        r = g_test_run();
        http_free(http);
        g_assert_cmpuint(endpoint->references, ==, 1);
        endpoint_unref(endpoint);
        return r;
}
