/* SPDX-License-Identifier: Apache-2.0 */

/* Requests, good and hostile ones, and what the HTTP thread answers. */

#include <glib.h>
#include <string.h>

#include "server/http-field.h"
#include "visitor.h"

#define HOST "Host: broker.example\r\n"
#define KEY  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define V13  "Sec-WebSocket-Version: 13\r\n"
#define UP   "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define MQTT "Sec-WebSocket-Protocol: mqtt\r\n"

/* An upgrade to which nothing is missing; and the line for others. */
#define GOOD      HOST UP V13 KEY MQTT
#define GET(_uri) "GET " _uri " HTTP/1.1\r\n"

/* Silence, or a page of libwebsockets' own. */
#define NOTHING 0

typedef struct Row {
        const char *name, *request;
        unsigned status;
        const char *also; /* in the answer; NULL: nothing in particular */
        bool any;         /* what a worker does not let through: any refusal will do */
} Row;

static const Row rows[] = {
        {"upgrade", GET("/mqtt") GOOD "\r\n", 101,
         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
        {"upgrade of the root", GET("/") GOOD "\r\n", 101},
        {"upgrade with a query", GET("/mqtt?a=b&c=d%20e") GOOD "\r\n", 101},
        {"upgrade with an escaped path", GET("/%6dqtt") GOOD "\r\n", 101},
        {"upgrade of 3.1", GET("/") HOST UP V13 KEY "Sec-WebSocket-Protocol: mqttv3.1\r\n\r\n", 101,
         "Sec-WebSocket-Protocol: mqttv3.1\r\n"},
        {"the first of ours that is offered",
         GET("/") HOST UP V13 KEY "Sec-WebSocket-Protocol: chat, mqttv3.1, mqtt\r\n\r\n", 101,
         "Sec-WebSocket-Protocol: mqttv3.1\r\n"},
        {"upgrade, offered in two fields",
         GET("/") HOST UP V13 KEY
         "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
         101, "Sec-WebSocket-Protocol: mqtt\r\n"},
        {"upgrade, names in other case",
         GET("/") "hOST: a\r\nuPGRADE: WebSocket\r\ncONNECTION: uPGRADE\r\nsec-websocket-version: "
                  "13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: "
                  "mqtt\r\n\r\n",
         101},
        {"upgrade, kept alive",
         GET("/") HOST "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" V13 KEY MQTT
                       "\r\n",
         101},
        {"upgrade, no blanks",
         GET("/") "Host:a\r\nUpgrade:websocket\r\nConnection:Upgrade\r\nSec-WebSocket-Version:"
                  "13\r\nSec-WebSocket-Key:dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol:"
                  "mqtt\r\n\r\n",
         101},
        {"upgrade with an origin", GET("/") GOOD "Origin: https://a.example\r\n\r\n", 101},
        {"upgrade that offers deflate",
         GET("/") GOOD "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", 101},
        {"upgrade with cookies",
         GET("/") GOOD
         "Cookie: a=b; c=d\r\nUser-Agent: x\r\nPragma: no-cache\r\nX-Unknown: 1\r\n\r\n",
         101},
        {"upgrade with authorization", GET("/") GOOD "Authorization: Basic YTpi\r\n\r\n", 101},

        {"no version", GET("/") HOST UP KEY MQTT "\r\n", 426, "\r\nSec-WebSocket-Version: 13\r\n"},
        {"version 8", GET("/") HOST UP "Sec-WebSocket-Version: 8\r\n" KEY MQTT "\r\n", 426,
         "\r\nUpgrade: websocket\r\n"},
        {"version 130", GET("/") HOST UP "Sec-WebSocket-Version: 130\r\n" KEY MQTT "\r\n", 426},
        {"version 13 twice", GET("/") HOST UP V13 V13 KEY MQTT "\r\n", 426},
        {"no key", GET("/") HOST UP V13 MQTT "\r\n", 400},
        {"short key", GET("/") HOST UP V13 MQTT "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n\r\n", 400},
        {"long key",
         GET("/") HOST UP V13 MQTT
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSBhbmQgbW9yZQ==\r\n\r\n",
         400},
        {"key that is no base64",
         GET("/") HOST UP V13 MQTT "Sec-WebSocket-Key: !!!!IHNhbXBsZSBub25jZQ==\r\n\r\n", 400},
        {"two keys", GET("/") GOOD KEY "\r\n", 400},
        {"no subprotocol", GET("/") HOST UP V13 KEY "\r\n", 400},
        {"another subprotocol", GET("/") HOST UP V13 KEY "Sec-WebSocket-Protocol: chat\r\n\r\n",
         400},
        {"subprotocol in another case",
         GET("/") HOST UP V13 KEY "Sec-WebSocket-Protocol: MQTT\r\n\r\n", 400},
        {"a longer subprotocol", GET("/") HOST UP V13 KEY "Sec-WebSocket-Protocol: mqttv5\r\n\r\n",
         400},
        {"the name of our own",
         GET("/") HOST UP V13 KEY "Sec-WebSocket-Protocol: no subprotocol\r\n\r\n", 400},
        {"empty subprotocol", GET("/") HOST UP V13 KEY "Sec-WebSocket-Protocol:\r\n\r\n", 400},
        {"no connection", GET("/") HOST "Upgrade: websocket\r\n" V13 KEY MQTT "\r\n", 400},
        {"connection closes",
         GET("/") HOST "Upgrade: websocket\r\nConnection: close\r\n" V13 KEY MQTT "\r\n", 400},
        {"connection not quite",
         GET("/") HOST "Upgrade: websocket\r\nConnection: Upgraded\r\n" V13 KEY MQTT "\r\n", 400},
        {"no upgrade", GET("/") HOST "Connection: Upgrade\r\n" V13 KEY MQTT "\r\n", 404},
        {"upgrade without a host", GET("/") UP V13 KEY MQTT "\r\n", 400},
        {"upgrade in 1.0", "GET / HTTP/1.0\r\n" GOOD "\r\n", 400},
        {"upgrade by HEAD", "HEAD / HTTP/1.1\r\n" GOOD "\r\n", 400},
        {"upgrade by POST", "POST / HTTP/1.1\r\n" GOOD "\r\n", 405, "\r\nAllow: GET, HEAD\r\n"},
        {"upgrade with a body", GET("/") GOOD "Content-Length: 5\r\n\r\nhello", 413},
        {"upgrade, chunked", GET("/") GOOD "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"upgrade to h2c",
         GET("/") HOST "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: "
                       "AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n",
         400},
        {"upgrade to TLS", GET("/") HOST "Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n", 403,
         NULL, true},
        {"upgrade to nothing",
         GET("/") HOST "Connection: Upgrade\r\nUpgrade:\r\n" V13 KEY MQTT "\r\n", NOTHING, NULL,
         true},

        {"page", GET("/") HOST "\r\n", 404, "\r\nConnection: close\r\n"},
        {"page, not to be kept", GET("/") HOST "\r\n", 404, "\r\nCache-Control: no-store\r\n"},
        {"page, not to be guessed", GET("/") HOST "\r\n", 404,
         "\r\nX-Content-Type-Options: nosniff\r\n"},
        {"page, with a text", GET("/") HOST "\r\n", 404, "\r\n\r\n404 Not Found\n"},
        {"page in 1.0", "GET / HTTP/1.0\r\n\r\n", 404},
        {"page without a host", GET("/") "\r\n", 400},
        {"page and no body", GET("/") HOST "Content-Length: 0\r\n\r\n", 404},
        {"page and a body", GET("/") HOST "Content-Length: 1\r\n\r\na", 413},
        {"a body that is negative", GET("/") HOST "Content-Length: -1\r\n\r\n", 413},
        {"two lengths", GET("/") HOST "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", 413, NULL,
         true},
        {"length and chunks",
         GET("/") HOST "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"HEAD", "HEAD / HTTP/1.1\r\n" HOST "\r\n", 404, "\r\nContent-Length: 14\r\n\r\n"},
        {"POST", "POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 405,
         "\r\nAllow: GET, HEAD\r\n"},
        {"POST without a length", "POST / HTTP/1.1\r\n" HOST "\r\n", 405},
        {"PUT", "PUT / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 405},
        {"DELETE", "DELETE / HTTP/1.1\r\n" HOST "\r\n", 405},
        {"OPTIONS", "OPTIONS / HTTP/1.1\r\n" HOST "\r\n", 405},
        {"PATCH", "PATCH / HTTP/1.1\r\n" HOST "\r\n", 405},
        {"OPTIONS of all", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", NOTHING, NULL, true},
        {"CONNECT", "CONNECT a.example:443 HTTP/1.1\r\n" HOST "\r\n", NOTHING, NULL, true},
        {"TRACE", "TRACE / HTTP/1.1\r\n" HOST "\r\n", NOTHING, NULL, true},
        {"no method known to anybody", "BREW / HTTP/1.1\r\n" HOST "\r\n", NOTHING, NULL, true},
        {"method in another case", "get / HTTP/1.1\r\n" HOST "\r\n", NOTHING, NULL, true},
        {"absolute form", GET("http://broker.example/") HOST "\r\n", NOTHING, NULL, true},
        {"a path that is none", GET("mqtt") GOOD "\r\n", NOTHING, NULL, true},
        {"NUL in the path", GET("/a%00b") HOST "\r\n", NOTHING, NULL, true},
        {"upwards", GET("/../../etc/passwd") HOST "\r\n", NOTHING, NULL, true},
        {"upwards, escaped", GET("/%2e%2e/%2e%2e/etc/passwd") HOST "\r\n", NOTHING, NULL, true},
        {"h2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", NOTHING, NULL, true},
        {"HTTP/2", "GET / HTTP/2.0\r\n" HOST "\r\n", NOTHING, NULL, true},
        {"HTTP/0.9", "GET /\r\n\r\n", NOTHING, NULL, true},
        {"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", NOTHING, NULL, true},
        {"MQTT",
         "\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04"
         "abcd",
         NOTHING, NULL, true},
        {"binary", "\xff\xfe\xfd\xfc\r\n\r\n", NOTHING, NULL, true},
        {"another one behind it", GET("/a") HOST "\r\n" GET("/b") HOST "\r\n", 404},
};

static Endpoint *endpoint;
static Http *http;

static unsigned count(const char *text, const char *what)
{
        unsigned n = 0;

        while ((text = strstr(text, what)))
                n++, text += strlen(what);
        return n;
}

static void check_row(const Row *row)
{
        /* Who is cut off in the middle of its request says no more. */
        _cleanup_(http_visit_unrefp) HttpVisit *visit = visitor_visit(endpoint);
        int fd = visitor_come(http, visit);
        g_autofree char *answer = NULL;
        unsigned status;

        visitor_write(fd, row->request, strlen(row->request));
        shutdown(fd, SHUT_WR);
        answer = visitor_read(fd, NULL);
        status = visitor_status(answer);
        /* One answer, however many were asked for. */
        if (!(row->any ? status == NOTHING || status / 100 == 4 : status == row->status) ||
            (row->also && !strstr(answer, row->also)) || count(answer, "HTTP/1.1 ") > 1) {
                g_test_message("%s: not %u: %s", row->name, row->status, answer);
                g_test_fail();
        }
}

static void test_table(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                check_row(&rows[i]);
}

/* The rules of a listener: which paths, for pages from where. */
static void test_listener(void)
{
        static const struct {
                const char *request;
                unsigned status;
        } asked[] = {
                {GET("/mqtt") GOOD "\r\n", 101},
                {GET("/a%20b?c=d") GOOD "\r\n", 101},
                {GET("/") GOOD "\r\n", 404},
                {GET("/MQTT") GOOD "\r\n", 404},
                {GET("/mqtt/a") GOOD "\r\n", 404},
                {GET("/mqt") GOOD "\r\n", 404},
                {GET("/a/../mqtt") GOOD "\r\n", 101},
                {GET("/mqtt") GOOD "Origin: https://a.example\r\n\r\n", 101},
                {GET("/mqtt") GOOD "Origin: https://b.example\r\n\r\n", 101},
                {GET("/mqtt") GOOD "Origin: https://evil.example\r\n\r\n", 403},
                {GET("/mqtt") GOOD "Origin: null\r\n\r\n", 403},
                {GET("/mqtt") GOOD "Origin:\r\n\r\n", 403},
                {GET("/mqtt") GOOD "Origin: \r\n\r\n", 403},
                {GET("/mqtt") GOOD
                 "Origin: https://a.example\r\nOrigin: https://evil.example\r\n\r\n",
                 403},
                {GET("/") GOOD "Origin: https://evil.example\r\n\r\n", 404},
        };
        _cleanup_(endpoint_unrefp) Endpoint *strict = visitor_endpoint(LISTENER_WEBSOCKETS);
        ListenerSettings *listener = visitor_listener(strict);

        listener->websockets_path = strdup("/mqtt\n/a b");
        listener->websockets_origin = strdup("https://a.example\nhttps://b.example:443");
        for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
                g_autofree char *answer = visitor_ask(http, strict, asked[i].request);

                g_test_message("%s", asked[i].request);
                g_assert_cmpuint(visitor_status(answer), ==, asked[i].status);
        }
}

/* Heads as large as packet_buffer_size may be. */
static void test_large(void)
{
        static const char *const names[] = {"Cookie", "X-Unknown", "User-Agent", "Origin"};
        static const size_t sizes[] = {3000, 4000, 8000, 60000};
        g_autofree char *text = g_strnfill(60000, 'x');

        for (size_t i = 0; i < ARRAY_SIZE(names) * ARRAY_SIZE(sizes); i++) {
                const char *name = names[i % ARRAY_SIZE(names)];
                int size = (int)sizes[i / ARRAY_SIZE(names)];
                g_autofree char *request =
                        g_strdup_printf(GET("/") GOOD "%s: %.*s\r\n\r\n", name, size, text);
                g_autofree char *answer = visitor_ask(http, endpoint, request);

                g_test_message("%s: %d", name, size);
                g_assert_cmpuint(visitor_status(answer), ==, 101);
        }
}

/* In single bytes. */
static void test_pieces(void)
{
        static const char request[] = GET("/mqtt") GOOD "\r\n";
        _cleanup_(http_visit_unrefp) HttpVisit *visit = visitor_visit(endpoint);
        int fd = visitor_come(http, visit);
        g_autofree char *answer = NULL;

        for (size_t i = 0; i < strlen(request); i++)
                visitor_write(fd, request + i, 1);
        answer = visitor_read(fd, NULL);
        g_assert_cmpuint(visitor_status(answer), ==, 101);
}

/* What a worker lets through is all that counts; names that libwebsockets mistakes it does not. */
static void test_filter(void)
{
        static const char head[] = GET("/mqtt?a=b") GOOD
                "X-Auth: a\r\nA: b\r\nOrigin:\r\ncookie: Host: c\r\nX-Forwarded: d\r\n"
                "x-FORWARDED-for: 192.0.2.1\r\nIf-None-Match: *\r\nAuthorization: Basic YTpi\r\n"
                "If-Modified-Since: e\r\nContent-Length: 0\r\nSec-WebSocket-Extensions: f\r\n\r\n";
        static const char filtered[] = GET("/mqtt?a=b") GOOD
                "Origin:\r\nx-FORWARDED-for: 192.0.2.1\r\nIf-None-Match: *\r\n"
                "Authorization: Basic YTpi\r\nIf-Modified-Since: e\r\nContent-Length: 0\r\n\r\n";
        Buffer to = {};

        g_assert_cmpint(http_field_filter(bytes_from_string(head), &to), ==, 0);
        g_assert_cmpuint(buffer_length(&to), ==, strlen(filtered));
        g_assert_cmpint(memcmp(buffer_head(&to), filtered, strlen(filtered)), ==, 0);
        buffer_done(&to);
}

/* All that gets an upgrade gets it as a worker passes it on, too. */
static void test_filtered(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                g_autofree char *answer = NULL, *text = NULL;
                Buffer to = {};

                if (rows[i].any || !g_str_has_suffix(rows[i].request, "\r\n\r\n"))
                        continue;
                g_test_message("%s", rows[i].name);
                g_assert_cmpint(http_field_filter(bytes_from_string(rows[i].request), &to), ==, 0);
                text = g_strndup((const char *)buffer_head(&to), buffer_length(&to));
                buffer_done(&to);
                answer = visitor_ask(http, endpoint, text);
                g_assert_cmpuint(visitor_status(answer), ==, rows[i].status);
        }
}

/* What X-Forwarded-For says is there before the 101 is; of who may not say so, nothing. */
static void test_forwarded(void)
{
        static const struct {
                bool may_forward;
                const char *field, *client; /* NULL: nothing is known */
        } asked[] = {
                {true, "X-Forwarded-For: 203.0.113.7\r\n", "203.0.113.7"},
                {true, "x-forwarded-for: 198.51.100.1\r\nX-Forwarded-For: 203.0.113.7\r\n",
                 "203.0.113.7"},
                {true, "X-Forwarded-For: nobody\r\n", NULL},
                {true, "", NULL},
                {false, "X-Forwarded-For: 203.0.113.7\r\n", NULL},
        };

        for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
                g_autofree char *request = g_strconcat(GET("/") GOOD, asked[i].field, "\r\n", NULL);
                char text[ADDRESS_TEXT_MAX] = "";
                HttpVisit *visit = NULL;
                g_autofree char *answer = NULL;
                int fd;

                g_assert_cmpint(
                        http_visit_new(endpoint, true, asked[i].may_forward, "10.1.2.3:4", &visit),
                        ==, 0);
                fd = visitor_come(http, visit);
                visitor_write(fd, request, strlen(request));
                answer = visitor_read(fd, NULL);
                g_assert_cmpuint(visitor_status(answer), ==, 101);
                g_assert_cmpint(visit->has_forwarded, ==, !!asked[i].client);
                if (asked[i].client)
                        g_assert_cmpstr(address_format_host(&visit->forwarded, text, sizeof(text)),
                                        ==, asked[i].client);
                http_visit_unref(visit);
        }
}

/* The head of an answer to HEAD is that to GET, and no more. */
static void test_head_has_no_body(void)
{
        g_autofree char *get = visitor_ask(http, endpoint, GET("/") HOST "\r\n");
        g_autofree char *head = visitor_ask(http, endpoint, "HEAD / HTTP/1.1\r\n" HOST "\r\n");

        *(strstr(get, "\r\n\r\n") + 4) = 0;
        g_assert_cmpstr(get, ==, head);
}

int main(int argc, char **argv)
{
        int r;

        g_test_init(&argc, &argv, NULL);
        g_assert_cmpint(http_new(&http), ==, 0);
        endpoint = visitor_endpoint(LISTENER_WEBSOCKETS);
        g_test_add_func("/server/http-requests/table", test_table);
        g_test_add_func("/server/http-requests/listener", test_listener);
        g_test_add_func("/server/http-requests/large", test_large);
        g_test_add_func("/server/http-requests/pieces", test_pieces);
        g_test_add_func("/server/http-requests/filter", test_filter);
        g_test_add_func("/server/http-requests/filtered", test_filtered);
        g_test_add_func("/server/http-requests/forwarded", test_forwarded);
        g_test_add_func("/server/http-requests/head-has-no-body", test_head_has_no_body);
        r = g_test_run();
        http_free(http);
        endpoint_unref(endpoint);
        return r;
}
