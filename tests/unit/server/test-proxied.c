/* SPDX-License-Identifier: Apache-2.0 */

/* Connections that come through a proxy. */

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "server/connection.h"
#include "stage-park.h"

#define LINE "PROXY TCP4 192.0.2.1 192.0.2.2 4711 1883\r\n"

#define HEAD_2    "\r\n\r\n\0\r\nQUIT\n"
#define TCP4      "\xC0\0\2\1\xC0\0\2\2\xDC\4\7\x5B"
#define PLAIN_2   HEAD_2 "\x21\x11\0\x0C" TCP4
#define LOCAL_2   HEAD_2 "\x20\0\0\0"
#define TLS_2     HEAD_2 "\x21\x11\0\x14" TCP4 "\x20\0\5\1\0\0\0\1"
#define SHOWN_2   HEAD_2 "\x21\x11\0\x19" TCP4 "\x20\0\xA\7\0\0\0\0\x22\0\2cn"
#define INVALID_2 HEAD_2 "\x21\x11\0\x19" TCP4 "\x20\0\xA\7\0\0\0\0\x22\0\2c\xFF"
#define BAD_2     HEAD_2 "\x21\x11\0\x19" TCP4 "\x20\0\xA\7\0\0\0\1\x22\0\2cn"

static void version_1(Settings *settings)
{
        settings->allow_anonymous = settings->listeners[0].allow_anonymous = true;
        settings->listeners[0].enable_proxy_protocol = 1;
}

static void version_2(Settings *settings)
{
        version_1(settings);
        settings->listeners[0].enable_proxy_protocol = 2;
}

static void version_2_tls(Settings *settings)
{
        version_2(settings);
        settings->listeners[0].proxy_protocol_v2_require_tls = true;
}

static void version_2_certificate(Settings *settings)
{
        version_2(settings);
        settings->listeners[0].require_certificate = true;
}

static void version_2_identity(Settings *settings)
{
        version_2(settings);
        settings->listeners[0].allow_anonymous = false;
        settings->listeners[0].use_identity_as_username = true;
}

/* The one connection of the stage. */
static Connection *only_connection(const Stage *stage)
{
        for (unsigned i = 0; i < stage->plane->n_shards; i++)
                if (!list_is_empty(&stage_shard(stage, i)->connections))
                        return list_first_entry(&stage_shard(stage, i)->connections, Connection,
                                                link);
        return NULL;
}

static void assert_peer(const Stage *stage, const char *peer)
{
        char text[ADDRESS_TEXT_MAX];

        g_assert_cmpstr(connection_peer_format(only_connection(stage), text, sizeof(text)), ==,
                        peer);
}

static Connack connect_behind(Client *client, Bytes header)
{
        Connect connect = client_connect_base(client, "a");

        client_send_bytes(client, header);
        return client_connect(client, &connect);
}

/* However it is cut, and with the CONNECT right behind it. */
static void test_header_in_pieces(void)
{
        const Bytes headers[] = {BYTES_LITERAL(LINE), BYTES_LITERAL(SHOWN_2)};

        for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
                for (size_t cut = 1; cut < headers[i].length; cut++) {
                        Client *client;
                        Stage stage;

                        stage_init(&stage, 1, i == 0 ? version_1 : version_2);
                        client = client_new(&stage, 0, MQTT_5);
                        client_send(client, headers[i].data, cut);
                        stage_turn(&stage);
                        g_assert_cmpuint(only_connection(&stage)->phase, ==, CONNECTION_PROXIED);
                        g_assert_cmpuint(connect_behind(client, (Bytes){headers[i].data + cut,
                                                                        headers[i].length - cut})
                                                 .reason,
                                         ==, 0);
                        assert_peer(&stage, i == 0 ? "192.0.2.1:4711" : "192.0.2.1:56324");
                        g_assert_cmpuint(stage_counters(&stage).proxy_bytes_received, ==,
                                         headers[i].length);
                        client_free(client);
                        stage_done(&stage);
                }
        }
}

/* Header and CONNECT of a client that then moves to another worker. */
static void test_address_moves_along(void)
{
        Connect connect;
        Client *client;
        Stage stage;

        stage_init(&stage, 4, version_1);
        client = client_new(&stage, 0, MQTT_5);
        connect = client_connect_base(client, stage_id(&stage, 3, "a"));
        client_send_bytes(client, BYTES_LITERAL(LINE));
        g_assert_cmpuint(client_connect(client, &connect).reason, ==, 0);
        g_assert_false(list_is_empty(&stage_shard(&stage, 3)->connections));
        assert_peer(&stage, "192.0.2.1:4711");
        client_free(client);
        stage_done(&stage);
}

typedef struct Case {
        const char *name;
        void (*adjust)(Settings *settings);
        Bytes header;
        int reason; /* of the CONNACK; -1: closed before */
} Case;

#define B BYTES_LITERAL

static const Case cases[] = {
        {"line", version_1, B(LINE), 0},
        {"line-unknown", version_1, B("PROXY UNKNOWN\r\n"), 0},
        {"none", version_1, B(""), -1},
        {"other-version", version_1, B(PLAIN_2), -1},
        {"older-version", version_2, B(LINE), -1},
        {"broken", version_1, B("PROXY TCP4 192.0.2.1 192.0.2.2 4711 x\r\n"), -1},
        {"binary", version_2, B(PLAIN_2), 0},
        {"local", version_2, B(LOCAL_2), 0},
        {"two-headers", version_2, B(LOCAL_2 LOCAL_2), -1},
        {"tls", version_2_tls, B(TLS_2), 0},
        {"tls-not-spoken", version_2_tls, B(PLAIN_2), -1},
        {"tls-of-the-proxy-itself", version_2_tls, B(LOCAL_2), -1},
        {"certificate", version_2_certificate, B(SHOWN_2), 0},
        {"certificate-not-shown", version_2_certificate, B(TLS_2), -1},
        {"certificate-not-good", version_2_certificate, B(BAD_2), -1},
        {"identity", version_2_identity, B(SHOWN_2), 0},
        {"identity-missing", version_2_identity, B(TLS_2), 0x86},
        {"identity-not-utf8", version_2_identity, B(INVALID_2), 0x86},
        {"identity-not-good", version_2_identity, B(BAD_2), 0x86},
};

static void test_case(gconstpointer data)
{
        const Case *c = data;
        Client *client;
        Connect connect;
        Stage stage;

        stage_init(&stage, 1, c->adjust);
        client = client_new(&stage, 0, MQTT_5);
        connect = client_connect_base(client, "a");
        client_send_bytes(client, c->header);
        if (c->reason >= 0) {
                g_assert_cmpuint(client_connect(client, &connect).reason, ==, c->reason);
        } else {
                Buffer packet = {};

                g_assert_cmpint(connect_encode(&connect, &packet), ==, 0);
                client_send_buffer(client, &packet);
                client_take_end(client);
        }
        client_free(client);
        stage_done(&stage);
}

static void test_name_is_of_the_certificate(void)
{
        Client *client;
        Stage stage;

        stage_init(&stage, 1, version_2_identity);
        client = client_new(&stage, 0, MQTT_5);
        g_assert_cmpuint(connect_behind(client, B(SHOWN_2)).reason, ==, 0);
        g_assert_cmpstr(only_connection(&stage)->username, ==, "cn");
        g_assert_true(only_connection(&stage)->is_proven);
        client_free(client);
        stage_done(&stage);
}

static void test_header_has_its_time(void)
{
        Client *client;
        Stage stage;

        stage_init(&stage, 1, version_1);
        client = client_new(&stage, 0, MQTT_5);
        client_send(client, LINE, 5);
        stage_turn(&stage);
        stage_pass(&stage, 9999);
        client_take_nothing(client);
        stage_pass(&stage, 2);
        client_take_end(client);
        g_assert_cmpuint(stage_counters(&stage).connects_timed_out, ==, 1);
        client_free(client);
        stage_done(&stage);
}

/* As the health checks of proxies do. */
static void test_close_without_header(void)
{
        Client *client;
        Stage stage;

        stage_init(&stage, 1, version_2);
        client = client_new(&stage, 0, MQTT_5);
        client_free(client);
        stage_turn(&stage);
        g_assert_null(only_connection(&stage));
        stage_done(&stage);
}

/* A restart does not ask for the header again, and forgets nothing of what it said. */
static void test_restart(void)
{
        Client *client;
        Stage stage;

        stage_init(&stage, 1, version_2_identity);
        client = client_new(&stage, 0, MQTT_5);
        g_assert_cmpuint(connect_behind(client, B(SHOWN_2)).reason, ==, 0);
        g_assert_cmpuint(stage_restart(&stage, 1).connections, ==, 1);
        assert_peer(&stage, "192.0.2.1:56324");
        g_assert_cmpstr(only_connection(&stage)->extras->proxy_name, ==, "cn");
        g_assert_true(only_connection(&stage)->is_proven);
        client_ping(client);
        client_free(client);
        stage_done(&stage);
}

/* The header has come, the CONNECT has not. */
static void test_restart_before_connect(void)
{
        Client *client;
        Connect connect;
        Stage stage;

        stage_init(&stage, 1, version_2_identity);
        client = client_new(&stage, 0, MQTT_5);
        client_send_bytes(client, B(SHOWN_2));
        stage_turn(&stage);
        g_assert_cmpuint(stage_restart(&stage, 1).connections, ==, 1);
        connect = client_connect_base(client, "a");
        g_assert_cmpuint(client_connect(client, &connect).reason, ==, 0);
        g_assert_cmpstr(only_connection(&stage)->username, ==, "cn");
        assert_peer(&stage, "192.0.2.1:56324");
        client_free(client);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/proxied/header-in-pieces", test_header_in_pieces);
        g_test_add_func("/server/proxied/address-moves-along", test_address_moves_along);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                g_autofree char *name = g_strdup_printf("/server/proxied/case/%s", cases[i].name);

                g_test_add_data_func(name, &cases[i], test_case);
        }
        g_test_add_func("/server/proxied/name-is-of-the-certificate",
                        test_name_is_of_the_certificate);
        g_test_add_func("/server/proxied/header-has-its-time", test_header_has_its_time);
        g_test_add_func("/server/proxied/close-without-header", test_close_without_header);
        g_test_add_func("/server/proxied/restart", test_restart);
        g_test_add_func("/server/proxied/restart-before-connect", test_restart_before_connect);
        return g_test_run();
}
