/* SPDX-License-Identifier: Apache-2.0 */

/* Connections that begin with HTTP; the test is the HTTP thread, and the client. */

#include <errno.h>
#include <glib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mqtt/protocol.h"
#include "server/client.h"
#include "server/connection.h"
#include "stage-park.h"
#include "stage-web.h"

/* An answer of this status, and then the end. */
static void hear_status(Client *client, const char *status)
{
        g_autofree char *line = g_strdup_printf("HTTP/1.1 %s\r\nConnection: close\r\n", status);
        g_autofree char *body = g_strdup_printf("\r\n\r\n%s\n", status);
        g_autoptr(GByteArray) all = NULL;
        bool ended;

        stage_turn(client->stage);
        all = read_all(client->fd, &ended);
        g_assert_true(ended);
        g_byte_array_append(all, (const uint8_t *)"", 1);
        g_assert_true(g_str_has_prefix((const char *)all->data, line));
        g_assert_true(g_str_has_suffix((const char *)all->data, body));
}

/* --- the stage --- */

static void http_api(Settings *settings)
{
        websockets(settings);
        settings->listeners[0].protocol = LISTENER_HTTP_API;
}

static void one_newcomer(Settings *settings)
{
        websockets(settings);
        settings->max_unauthenticated = 1;
}

static void one_connection(Settings *settings)
{
        http_api(settings);
        settings->listeners[0].max_connections = 1;
}

static Client *begin(Stage *stage, unsigned workers, void (*adjust)(Settings *settings))
{
        fake_begin();
        stage_init(stage, workers, adjust);
        return client_new(stage, workers - 1, MQTT_3_1_1);
}

static ListenerFigures figures(const Stage *stage)
{
        ListenerFigures sum = {};

        listening_socket_sum(stage->endpoint->socket, &sum);
        return sum;
}

/* --- upgrades --- */

/* The request is passed on without a byte of what follows, which is not lost. */
static void test_upgrade(void)
{
        for (unsigned workers = 1; workers <= 4; workers += 3) {
                Stage stage;
                Client *client = begin(&stage, workers, websockets);

                say(client, BYTES_LITERAL(HEAD CONNECT));
                fake_take(BYTES_LITERAL(HEAD));
                hear(client, (Bytes){}, false);
                fake_answer(&stage, BYTES_LITERAL(UPGRADED));
                hear(client, BYTES_LITERAL(UPGRADED CONNACK), false);
                g_assert_cmpuint(figures(&stage).upgrades, ==, 1);
                g_assert_cmpuint(figures(&stage).upgrades_refused, ==, 0);
                end_stage(&stage, client);
        }
}

static void test_in_pieces(void)
{
        const Bytes ask = BYTES_LITERAL(HEAD CONNECT), answer = BYTES_LITERAL(UPGRADED);
        Stage stage;
        Client *client = begin(&stage, 1, websockets);

        for (size_t i = 0; i < ask.length; i++)
                say(client, (Bytes){ask.data + i, 1});
        fake_take(BYTES_LITERAL(HEAD));
        for (size_t i = 0; i + 1 < answer.length; i++)
                fake_answer(&stage, (Bytes){answer.data + i, 1});
        hear(client, (Bytes){}, false);
        fake_answer(&stage, BYTES_LITERAL("\n"));
        hear(client, BYTES_LITERAL(UPGRADED CONNACK), false);
        end_stage(&stage, client);
}

/* The HTTP thread need not have closed, nor does it matter what it says then. */
static void test_goes_on_alone(void)
{
        Stage stage;
        Client *client = upgrade(&stage, websockets);

        g_assert_cmpint(send(fake.fd, "x", 1, MSG_NOSIGNAL), <, 0);
        say(client, BYTES_LITERAL(CONNECT));
        hear(client, BYTES_LITERAL(CONNACK), false);
        say(client, BYTES_LITERAL("\x82\x82" MASK "\xC0\0"));
        hear(client, BYTES_LITERAL("\x82\2\xD0\0"), false);
        end_stage(&stage, client);
}

/* --- answers --- */

static void test_answer_is_relayed(void)
{
        const Bytes answer = BYTES_LITERAL("HTTP/1.1 404 Not Found\r\n\r\nno");
        Stage stage;
        Client *client = begin(&stage, 1, websockets);

        say(client, BYTES_LITERAL(HEAD HEAD));
        for (size_t i = 0; i < answer.length; i++)
                fake_answer(&stage, (Bytes){answer.data + i, 1});
        hear(client, answer, false);
        fake_end();
        hear(client, (Bytes){}, true);
        g_assert_cmpuint(fake.n_visits, ==, 1);
        g_assert_cmpuint(figures(&stage).upgrades_refused, ==, 1);
        end_stage(&stage, client);
}

/* Who reads slowly makes the HTTP thread wait. */
static void test_backpressure(void)
{
        static uint8_t data[16384];
        size_t sent = 0, received = 0;
        Stage stage;
        Client *client = begin(&stage, 1, http_api);
        bool ended = false;
        ssize_t n;

        say(client, BYTES_LITERAL(HEAD));
        fake_answer(&stage, BYTES_LITERAL("HTTP/1.1 200 OK\r\n\r\n"));
        memset(data, 'x', sizeof(data));
        do {
                n = send(fake.fd, data, sizeof(data), MSG_DONTWAIT | MSG_NOSIGNAL);
                sent += n > 0 ? (size_t)n : 0;
                stage_turn(&stage);
                g_assert_cmpuint(stage_counters(&stage).output_bytes, <=, 256 * 1024);
        } while (n > 0 && sent < 64 * 1024 * 1024);
        g_assert_cmpint(n, <, 0);
        close(TAKE_FD(fake.fd));
        while (!ended) {
                g_autoptr(GByteArray) all = read_all(client->fd, &ended);

                received += all->len;
                stage_turn(&stage);
        }
        g_assert_cmpuint(received, ==, sent + strlen("HTTP/1.1 200 OK\r\n\r\n"));
        end_stage(&stage, client);
}

/* A file may take longer than a CONNECT, as long as it gets on. */
static void test_time_for_each_part(void)
{
        static uint8_t part[4096];
        Stage stage;
        Client *client = begin(&stage, 1, http_api);

        say(client, BYTES_LITERAL(HEAD));
        fake_answer(&stage, BYTES_LITERAL("HTTP/1.1 200 OK\r\n\r\n"));
        hear(client, BYTES_LITERAL("HTTP/1.1 200 OK\r\n\r\n"), false);
        for (unsigned i = 0; i < 3; i++) {
                stage_pass(&stage, 9900);
                fake_answer(&stage, (Bytes){part, sizeof(part)});
                hear(client, (Bytes){part, sizeof(part)}, false);
        }
        stage_pass(&stage, 5000);
        fake_answer(&stage, BYTES_LITERAL("x"));
        hear(client, BYTES_LITERAL("x"), false);
        stage_pass(&stage, 4999);
        g_assert_cmpuint(stage_counters(&stage).connects_timed_out, ==, 0);
        stage_pass(&stage, 2);
        g_assert_cmpuint(stage_counters(&stage).connects_timed_out, ==, 1);
        hear(client, (Bytes){}, true);
        end_stage(&stage, client);
}

static const struct {
        const char *name;
        const char *request, *answer; /* NULL: none, and the end */
        void (*adjust)(Settings *settings);
        int refuse;
        const char *status;
} refusals[] = {
        {"busy", HEAD, NULL, websockets, -EBUSY, "503 Service Unavailable"},
        {"no-descriptor", HEAD, NULL, websockets, -EMFILE, "503 Service Unavailable"},
        {"not-understood", HEAD, "", websockets, 0, "400 Bad Request"},
        {"not-whole", HEAD, "HTTP/1.1 101 OK\r\n", websockets, 0, "400 Bad Request"},
        {"no-answer", HEAD, "nonsense", websockets, 0, "502 Bad Gateway"},
        {"extension", HEAD,
         "HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nSec-WebSocket-Extensions: x"
         "\r\n\r\n",
         websockets, 0, "502 Bad Gateway"},
        {"upgrade-of-http-api", HEAD, UPGRADED, http_api, 0, "502 Bad Gateway"},
        {"bad-request", "BLA\n", NULL, websockets, 0, "400 Bad Request"},
        {"mqtt", "\x10\x0C", NULL, websockets, 0, "400 Bad Request"},
        {"body", "GET / HTTP/1.1\r\nContent-Length: 1\r\n", NULL, websockets, 0,
         "413 Content Too Large"},
        {"version-2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", NULL, websockets, 0,
         "505 HTTP Version Not Supported"},
};

static void test_refusal(gconstpointer data)
{
        const size_t i = GPOINTER_TO_SIZE(data);
        Stage stage;
        Client *client = begin(&stage, 1, refusals[i].adjust);

        fake.refuse = refusals[i].refuse;
        say(client, bytes_from_string(refusals[i].request));
        if (refusals[i].answer) {
                if (*refusals[i].answer)
                        fake_answer(&stage, bytes_from_string(refusals[i].answer));
                fake_end();
        }
        g_assert_cmpuint(fake.n_visits, ==, refusals[i].answer != NULL);
        hear_status(client, refusals[i].status);
        g_assert_cmpuint(figures(&stage).upgrades, ==, 0);
        g_assert_cmpuint(figures(&stage).upgrades_refused, ==,
                         refusals[i].adjust == websockets ? 1 : 0);
        end_stage(&stage, client);
}

/* However much more has come than fits. */
static void test_large_head(void)
{
        static uint8_t data[100000];
        Stage stage;
        Client *client = begin(&stage, 1, websockets);

        memset(data, 'a', sizeof(data));
        memcpy(data, HEAD, strlen(HEAD) - 2);
        say(client, (Bytes){data, sizeof(data)});
        hear_status(client, "431 Request Header Fields Too Large");
        g_assert_cmpuint(fake.n_visits, ==, 0);
        end_stage(&stage, client);
}

/* --- ends --- */

/* In whatever it is just doing. */
static void test_client_leaves(void)
{
        const char *const asked[] = {"", "GET", HEAD};

        for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
                Stage stage;
                Client *client = begin(&stage, 1, websockets);
                bool ended;

                say(client, bytes_from_string(asked[i]));
                client_free(client);
                stage_turn(&stage);
                g_assert_cmpuint(stage_counters(&stage).sockets_open, ==, 0);
                if (fake.fd >= 0) {
                        g_byte_array_unref(read_all(fake.fd, &ended));
                        g_assert_true(ended);
                }
                fake_end();
                stage_done(&stage);
        }
}

static const struct {
        const char *name;
        const char *request, *answer;
        const char *late, *stopped; /* NULL: it just ends */
} ends[] = {
        {"silent", "", "", NULL, NULL},
        {"slow", "GET", "", "408 Request Timeout", "503 Service Unavailable"},
        {"no-answer", HEAD, "", "504 Gateway Timeout", "503 Service Unavailable"},
        {"slow-answer", HEAD, "HTTP/1.1 200 OK\r\n\r\n", NULL, NULL},
};

static Client *begin_end(size_t i, Stage *stage)
{
        Client *client = begin(stage, 1, websockets);

        say(client, bytes_from_string(ends[i].request));
        if (*ends[i].answer)
                fake_answer(stage, bytes_from_string(ends[i].answer));
        return client;
}

static void hear_end(size_t i, const char *status, Client *client)
{
        if (status)
                hear_status(client, status);
        else
                hear(client, bytes_from_string(ends[i].answer), true);
}

static void test_time(gconstpointer data)
{
        const size_t i = GPOINTER_TO_SIZE(data);
        Stage stage;
        Client *client = begin_end(i, &stage);

        stage_pass(&stage, 9999);
        g_assert_cmpuint(stage_counters(&stage).connects_timed_out, ==, 0);
        stage_pass(&stage, 2);
        g_assert_cmpuint(stage_counters(&stage).connects_timed_out, ==, 1);
        hear_end(i, ends[i].late, client);
        end_stage(&stage, client);
}

static void test_stop(gconstpointer data)
{
        const size_t i = GPOINTER_TO_SIZE(data);
        Stage stage;
        Client *client = begin_end(i, &stage);

        fake.visit = http_visit_unref(fake.visit);
        stage_stop(&stage);
        hear_end(i, ends[i].stopped, client);
        fake_end();
        client_free(client);
        stage_done(&stage);
}

/* Those that are in the middle of it stay behind. */
static void test_restart(gconstpointer data)
{
        const size_t i = GPOINTER_TO_SIZE(data);
        ArrivalCounts counts;
        Stage stage;
        Client *client = begin_end(i, &stage);

        fake.visit = http_visit_unref(fake.visit);
        counts = stage_restart(&stage, 1);
        g_assert_cmpuint(counts.connections, ==, 0);
        hear_end(i, ends[i].stopped, client);
        end_stage(&stage, client);
}

/* It is a newcomer until it is let in. */
static void test_newcomers(void)
{
        Stage stage;
        Client *first = begin(&stage, 1, one_newcomer), *second;

        say(first, BYTES_LITERAL(HEAD));
        second = client_new(&stage, 0, MQTT_3_1_1);
        hear(first, (Bytes){}, true);
        fake_end();
        say(second, BYTES_LITERAL(HEAD CONNECT));
        fake_answer(&stage, BYTES_LITERAL(UPGRADED));
        hear(second, BYTES_LITERAL(UPGRADED CONNACK), false);
        client_free(first);
        end_stage(&stage, second);
}

/* CONNACK cannot tell it that there are too many. */
static void test_refused_by_limit(void)
{
        static const Address nobody = {.storage.ss_family = AF_UNIX, .length = sizeof(sa_family_t)};
        int fds[2];
        Client *client = NULL;
        Stage stage;

        fake_begin();
        stage_init(&stage, 1, one_connection);
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), ==, 0);
        g_assert_cmpint(client_accept(stage_shard(&stage, 0),
                                      &(ConnectionOrigin){.endpoint = stage.endpoint,
                                                          .peer = &nobody,
                                                          .fd = fds[1],
                                                          .refuse = REASON_QUOTA_EXCEEDED}),
                        ==, 0);
        client = g_new0(Client, 1);
        *client = (Client){.stage = &stage, .fd = fds[0]};
        say(client, BYTES_LITERAL(HEAD));
        hear_status(client, "503 Service Unavailable");
        g_assert_cmpuint(fake.n_visits, ==, 0);
        close(fds[0]);
        g_free(client);
        end_stage(&stage, NULL);
}

/* The settings that it began with hold for the upgrade. */
static void test_reload(void)
{
        Stage stage;
        Client *client = begin(&stage, 1, websockets);

        say(client, BYTES_LITERAL(HEAD CONNECT));
        stage_reload(&stage, NULL);
        stage_turn(&stage);
        fake_answer(&stage, BYTES_LITERAL(UPGRADED));
        hear(client, BYTES_LITERAL(UPGRADED CONNACK), false);
        end_stage(&stage, client);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/upgrade/early-frames-are-not-lost", test_upgrade);
        g_test_add_func("/server/upgrade/in-pieces", test_in_pieces);
        g_test_add_func("/server/upgrade/goes-on-alone", test_goes_on_alone);
        g_test_add_func("/server/upgrade/other-answers-are-relayed", test_answer_is_relayed);
        g_test_add_func("/server/upgrade/slow-readers-slow-the-answer", test_backpressure);
        g_test_add_func("/server/upgrade/an-answer-has-time-for-each-part",
                        test_time_for_each_part);
        g_test_add_func("/server/upgrade/large-head", test_large_head);
        g_test_add_func("/server/upgrade/client-leaves", test_client_leaves);
        g_test_add_func("/server/upgrade/newcomers", test_newcomers);
        g_test_add_func("/server/upgrade/reload", test_reload);
        g_test_add_func("/server/upgrade/refused-by-limit", test_refused_by_limit);
        for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
                g_autofree char *name =
                        g_strdup_printf("/server/upgrade/refusal/%s", refusals[i].name);

                g_test_add_data_func(name, GSIZE_TO_POINTER(i), test_refusal);
        }
        for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
                g_autofree char *late = g_strdup_printf("/server/upgrade/late/%s", ends[i].name);
                g_autofree char *stop = g_strdup_printf("/server/upgrade/stop/%s", ends[i].name);
                g_autofree char *restart =
                        g_strdup_printf("/server/upgrade/restart/%s", ends[i].name);

                g_test_add_data_func(late, GSIZE_TO_POINTER(i), test_time);
                g_test_add_data_func(stop, GSIZE_TO_POINTER(i), test_stop);
                g_test_add_data_func(restart, GSIZE_TO_POINTER(i), test_restart);
        }
        return g_test_run();
}
