/* SPDX-License-Identifier: Apache-2.0 */

/* Clients over a WebSocket: how they end, how they move, whom they count for. */

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "server/connection.h"
#include "stage-park.h"
#include "stage-web.h"

#define CLOSE(code) "\x88\2" code
#define PING        "\x82\x82" MASK "\xC0\0"
#define PONG        "\x82\2\xD0\0"
#define DISCONNECT  "\x82\x82" MASK "\xE0\0"
/* Of MQTT 5. */
#define CONNECT_5 "\x82\x90" MASK "\x10\x0E\0\4MQTT\5\2\0\0\0\0\1a"

static void small_packets(Settings *settings)
{
        websockets(settings);
        settings->max_packet_size = 1000;
}

static Client *join(Stage *stage, void (*adjust)(Settings *settings))
{
        Client *client = upgrade(stage, adjust);

        say(client, BYTES_LITERAL(CONNECT));
        hear(client, BYTES_LITERAL(CONNACK), false);
        return client;
}

/* --- ends --- */

static const struct {
        const char *name;
        Bytes said, heard;
} ends[] = {
        {"disconnect", BYTES_LITERAL(DISCONNECT), BYTES_LITERAL(CLOSE("\x03\xE8"))},
        {"disconnect-and-close", BYTES_LITERAL(DISCONNECT "\x88\x82" MASK "\x03\xE8"),
         BYTES_LITERAL(CLOSE("\x03\xE8"))},
        {"answers-before", BYTES_LITERAL(PING DISCONNECT), BYTES_LITERAL(PONG CLOSE("\x03\xE8"))},
        {"close", BYTES_LITERAL("\x88\x82" MASK "\x03\xE9"), BYTES_LITERAL(CLOSE("\x03\xE9"))},
        {"close-without-code", BYTES_LITERAL("\x88\x80" MASK), BYTES_LITERAL("\x88\0")},
        {"close-code-of-nobody", BYTES_LITERAL("\x88\x82" MASK "\x03\xED"),
         BYTES_LITERAL(CLOSE("\x03\xEA"))},
        {"text", BYTES_LITERAL("\x81\x81" MASK "a"), BYTES_LITERAL(CLOSE("\x03\xEB"))},
        {"unmasked", BYTES_LITERAL("\x82\2\xC0\0"), BYTES_LITERAL(CLOSE("\x03\xEA"))},
        {"data-before-the-fault", BYTES_LITERAL(PING "\x81\x80" MASK),
         BYTES_LITERAL(PONG CLOSE("\x03\xEB"))},
        {"packet-at-fault", BYTES_LITERAL(CONNECT), BYTES_LITERAL(CLOSE("\x03\xEA"))},
        {"packet-too-large", BYTES_LITERAL("\x82\x85" MASK "\x30\xFF\xFF\xFF\x7F"),
         BYTES_LITERAL(CLOSE("\x03\xF1"))},
        {"frame-of-any-size",
         BYTES_LITERAL("\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF" MASK
                       "\xC0\0\x30\xFF\xFF\xFF\x7F"),
         BYTES_LITERAL(PONG CLOSE("\x03\xF1"))},
};

static void test_end(gconstpointer data)
{
        const size_t i = GPOINTER_TO_SIZE(data);
        Stage stage;
        Client *client = join(&stage, small_packets);

        say(client, ends[i].said);
        hear(client, ends[i].heard, true);
        end_stage(&stage, client);
}

typedef struct Return {
        Client *before, *after;
} Return;

static void leave_and_connect(void *data)
{
        const Return *clients = data;

        client_send_bytes(clients->before, BYTES_LITERAL(PING DISCONNECT));
        client_send(clients->after, CONNECT + 4, sizeof(CONNECT) - 5);
}

/* Its last words count, although its worker reads the socket first by which it has come back. */
static void test_end_before_return(void)
{
        Stage stage;
        Return clients = {.before = join(&stage, websockets)};

        clients.after = client_new(&stage, 0, MQTT_3_1_1);
        say(clients.after, BYTES_LITERAL(HEAD));
        fake_answer(&stage, BYTES_LITERAL(UPGRADED));
        hear(clients.after, BYTES_LITERAL(UPGRADED), false);
        client_send(clients.after, CONNECT, 4);
        stage_stall(&stage, 0, leave_and_connect, &clients);
        hear(clients.after, BYTES_LITERAL(CONNACK), false);
        hear(clients.before, BYTES_LITERAL(PONG CLOSE("\x03\xE8")), true);
        client_free(clients.before);
        end_stage(&stage, clients.after);
}

/* What comes meanwhile does not keep the reason from it. */
static void test_end_is_heard(void)
{
        static const uint8_t junk[100000];
        Stage stage;
        Client *client = join(&stage, websockets);

        say(client, BYTES_LITERAL("\x81\x81" MASK "a"));
        for (unsigned i = 0; i < 20; i++)
                say(client, (Bytes){junk, sizeof(junk)});
        g_assert_cmpuint(stage_counters(&stage).sockets_open, ==, 1);
        hear(client, BYTES_LITERAL(CLOSE("\x03\xEB")), true);
        stage_pass(&stage, 1001);
        g_assert_cmpuint(stage_counters(&stage).sockets_open, ==, 0);
        end_stage(&stage, client);
}

static void test_before_connect(void)
{
        Stage stage;
        Client *client = upgrade(&stage, websockets);

        stage_pass(&stage, 10001);
        g_assert_cmpuint(stage_counters(&stage).connects_timed_out, ==, 1);
        hear(client, BYTES_LITERAL(CLOSE("\x03\xF0")), true);
        end_stage(&stage, client);
        client = upgrade(&stage, websockets);
        say(client, BYTES_LITERAL(PING));
        hear(client, BYTES_LITERAL(CLOSE("\x03\xEA")), true);
        end_stage(&stage, client);
}

/* MQTT 5 has words for it, too. */
static void test_stop(void)
{
        Stage stage;
        Client *client = join(&stage, websockets);

        fake_end();
        stage_stop(&stage);
        hear(client, BYTES_LITERAL(CLOSE("\x03\xE9")), true);
        client_free(client);
        stage_done(&stage);
}

static void test_words_of_mqtt_5(void)
{
        g_autoptr(GByteArray) all = NULL;
        Stage stage;
        Client *client = upgrade(&stage, small_packets);
        bool ended;

        say(client, BYTES_LITERAL(CONNECT_5));
        g_byte_array_unref(read_all(client->fd, &ended));
        g_assert_false(ended);
        say(client, BYTES_LITERAL("\x82\x85" MASK "\x30\xFF\xFF\xFF\x7F"));
        all = read_all(client->fd, &ended);
        g_assert_true(ended);
        g_assert_cmpuint(all->data[2], ==, 0xE0);
        g_assert_cmpuint(all->data[4], ==, 0x95);
        g_assert_cmpmem(all->data + all->len - 4, 4, CLOSE("\x03\xF1"), 4);
        end_stage(&stage, client);
}

/* --- frames --- */

/* Packets and frames have nothing to do with each other. */
static void test_frames(void)
{
        Stage stage;
        Client *client = join(&stage, websockets);

        say(client, BYTES_LITERAL("\x02\x81" MASK "\xC0"));
        hear(client, (Bytes){}, false);
        say(client, BYTES_LITERAL("\x89\x81" MASK "p"));
        hear(client, BYTES_LITERAL("\x8A\1p"), false);
        say(client, BYTES_LITERAL("\x00\x80" MASK "\x80\x83" MASK "\0\xC0\0"));
        hear(client, BYTES_LITERAL("\x82\4\xD0\0\xD0\0"), false);
        end_stage(&stage, client);
}

/* --- restarts --- */

/* With every byte in another process, but for those of the upgrade. */
static void test_restarts_amid_input(void)
{
        const Bytes said = BYTES_LITERAL("\x02\x8E" MASK "\x10\x0D\0\4MQTT\4\2\0\0\0\1"
                                         "\x80\x83" MASK "a\xC0\0");
        Stage stage;
        Client *client = upgrade(&stage, websockets);

        for (size_t i = 0; i < said.length; i++) {
                ArrivalCounts counts;

                say(client, (Bytes){said.data + i, 1});
                counts = stage_restart(&stage, i % 2 == 0 ? 4 : 1);
                g_assert_cmpuint(counts.connections, ==, 1);
        }
        hear(client, BYTES_LITERAL("\x82\4\x20\2\0\0\x82\2\xD0\0"), false);
        end_stage(&stage, client);
}

/* What it has not been sent goes on amid its frame. */
static void test_restarts_amid_output(void)
{
        static char payload[1000000];
        static const char publish[] = "\x82\xFF\0\0\0\0\0\x0F\x42\x47" MASK "\x30\xC3\x84\x3D\0\1t";
        g_autoptr(GByteArray) all = g_byte_array_new();
        Stage stage;
        Client *client = join(&stage, websockets);
        bool ended = false;

        say(client, BYTES_LITERAL("\x82\x88" MASK "\x82\6\0\1\0\1t\0"));
        hear(client, BYTES_LITERAL("\x82\5\x90\3\0\1\0"), false);
        memset(payload, 'x', sizeof(payload));
        client_send(client, publish, sizeof(publish) - 1);
        say(client, (Bytes){(uint8_t *)payload, sizeof(payload)});
        for (unsigned i = 0; i < 40; i++) {
                g_autoptr(GByteArray) piece = read_all(client->fd, &ended);

                g_assert_false(ended);
                g_byte_array_append(all, piece->data, piece->len);
                g_assert_cmpuint(stage_restart(&stage, 1).connections, ==, 1);
                stage_turn(&stage);
        }
        g_assert_cmpuint(all->len, ==, 10 + 7 + sizeof(payload));
        g_assert_cmpmem(all->data + 10, 7, publish + 14, 7);
        g_assert_cmpmem(all->data + 17, sizeof(payload), payload, sizeof(payload));
        say(client, BYTES_LITERAL(PING));
        hear(client, BYTES_LITERAL(PONG), false);
        end_stage(&stage, client);
}

static const struct {
        const char *name;
        Bytes said;  /* with it before the restart */
        Bytes heard; /* of a process that cannot serve it */
} dismissals[] = {
        {"waits", {}, BYTES_LITERAL(CLOSE("\x03\xE9"))},
        {"mqtt-3", BYTES_LITERAL(CONNECT), BYTES_LITERAL(CLOSE("\x03\xE9"))},
        {"mqtt-5", BYTES_LITERAL(CONNECT_5), BYTES_LITERAL("\x82\3\xE0\1\x8B" CLOSE("\x03\xE9"))},
};

static void test_dismissal(gconstpointer data)
{
        const size_t i = GPOINTER_TO_SIZE(data);
        Luggage luggage;
        Stage stage;
        Client *client = upgrade(&stage, websockets);
        bool ended;

        if (dismissals[i].said.length > 0)
                say(client, dismissals[i].said);
        g_byte_array_unref(read_all(client->fd, &ended));
        g_assert_false(ended);
        stage_leave(&stage, &luggage);
        g_assert_cmpuint(parked_dismiss_all(luggage.items, luggage.n), ==, 1);
        stage_serve(&stage);
        hear(client, dismissals[i].heard, true);
        luggage_done(&luggage);
        end_stage(&stage, client);
}

/* --- X-Forwarded-For --- */

static void trusting(Settings *settings)
{
        ListenerSettings *listener = &settings->listeners[0];

        websockets(settings);
        listener->proxies = calloc(1, sizeof(*listener->proxies));
        listener->n_proxies = 1;
}

/* What the HTTP thread has read. */
static void forward(const char *address)
{
        g_assert_cmpint(address_parse(address, 0, AF_UNSPEC, &fake.visit->forwarded), ==, 0);
        fake.visit->has_forwarded = true;
}

static Client *upgrade_from(Stage *stage, void (*adjust)(Settings *settings), const char *address)
{
        Client *client;

        fake_begin();
        stage_init(stage, 1, adjust);
        client = client_new(stage, 0, MQTT_3_1_1);
        say(client, BYTES_LITERAL(HEAD));
        forward(address);
        fake_answer(stage, BYTES_LITERAL(UPGRADED));
        hear(client, BYTES_LITERAL(UPGRADED), false);
        return client;
}

static void assert_peer(const Stage *stage, const char *peer)
{
        const Connection *connection =
                list_first_entry(&stage_shard(stage, 0)->connections, Connection, link);
        char text[ADDRESS_TEXT_MAX];

        g_assert_cmpstr(connection_peer_format(connection, text, sizeof(text)), ==, peer);
}

/* Whatever its answer: another client of the same address is there. */
static void one_each(Settings *settings)
{
        trusting(settings);
        settings->address_max_connections = 1;
}

static void test_forwarded_counts(void)
{
        const Bytes answers[] = {BYTES_LITERAL(UPGRADED), BYTES_LITERAL("HTTP/1.1 200 OK\r\n\r\n")};

        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                Client *first, *second;
                Stage stage;

                first = upgrade_from(&stage, one_each, "192.0.2.1");
                second = client_new(&stage, 0, MQTT_3_1_1);
                say(second, BYTES_LITERAL(HEAD));
                forward("192.0.2.1");
                fake_answer(&stage, answers[i]);
                hear(second, (Bytes){}, true);
                say(first, BYTES_LITERAL(CONNECT));
                hear(first, BYTES_LITERAL(CONNACK), false);
                client_free(second);
                end_stage(&stage, first);
        }
}

static void test_forwarded(void)
{
        for (unsigned trusted = 0; trusted < 2; trusted++) {
                Client *client;
                Stage stage;

                client = upgrade_from(&stage, trusted ? trusting : websockets, "192.0.2.1");
                g_assert_cmpint(fake.visit->may_forward, ==, trusted);
                assert_peer(&stage, trusted ? "192.0.2.1:0" : stage.endpoint->name);
                end_stage(&stage, client);
        }
}

/* By the header of PROXY nobody else has anything to say. */
static void behind_proxy(Settings *settings)
{
        trusting(settings);
        settings->listeners[0].enable_proxy_protocol = 2;
}

static void test_proxy_of_tls(void)
{
        static const char head[] = "\r\n\r\n\0\r\nQUIT\n"
                                   "\x21\x11\0\x14\xC0\0\2\1\xC0\0\2\2\xDC\4\7\x5B"
                                   "\x20\0\5\1\0\0\0\1" HEAD;
        Client *client;
        Stage stage;

        fake_begin();
        stage_init(&stage, 1, behind_proxy);
        client = client_new(&stage, 0, MQTT_3_1_1);
        say(client, (Bytes){(const uint8_t *)head, sizeof(head) - 1});
        fake_take(BYTES_LITERAL(HEAD));
        g_assert_true(fake.visit->is_secure);
        g_assert_false(fake.visit->may_forward);
        g_assert_cmpstr(fake.visit->peer, ==, "192.0.2.1:56324");
        forward("192.0.2.9");
        fake_answer(&stage, BYTES_LITERAL(UPGRADED));
        assert_peer(&stage, "192.0.2.1:56324");
        end_stage(&stage, client);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
                g_autofree char *name =
                        g_strdup_printf("/server/websocket-client/end/%s", ends[i].name);

                g_test_add_data_func(name, GSIZE_TO_POINTER(i), test_end);
        }
        for (size_t i = 0; i < ARRAY_SIZE(dismissals); i++) {
                g_autofree char *name = g_strdup_printf("/server/websocket-client/dismissal/%s",
                                                        dismissals[i].name);

                g_test_add_data_func(name, GSIZE_TO_POINTER(i), test_dismissal);
        }
        g_test_add_func("/server/websocket-client/end-before-return", test_end_before_return);
        g_test_add_func("/server/websocket-client/end-is-heard", test_end_is_heard);
        g_test_add_func("/server/websocket-client/before-connect", test_before_connect);
        g_test_add_func("/server/websocket-client/stop", test_stop);
        g_test_add_func("/server/websocket-client/words-of-mqtt-5", test_words_of_mqtt_5);
        g_test_add_func("/server/websocket-client/frames", test_frames);
        g_test_add_func("/server/websocket-client/restarts-amid-input", test_restarts_amid_input);
        g_test_add_func("/server/websocket-client/restarts-amid-output", test_restarts_amid_output);
        g_test_add_func("/server/websocket-client/forwarded", test_forwarded);
        g_test_add_func("/server/websocket-client/forwarded-counts", test_forwarded_counts);
        g_test_add_func("/server/websocket-client/proxy-of-tls", test_proxy_of_tls);
        return g_test_run();
}
