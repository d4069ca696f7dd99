/* SPDX-License-Identifier: Apache-2.0 */

/* Workers: what time brings about. The clock is the test's. */

#include <glib.h>

#include "stage.h"

#define SECONDS(n) ((msec_t)(n)*MSEC_PER_SEC)
#define HELLO      BYTES_LITERAL("hello")
#define GONE       BYTES_LITERAL("gone")

/* Passes time to just before the moment, then to it. */
#define assert_at(stage, ms, before, after)                                                        \
        do {                                                                                       \
                stage_pass(stage, (ms)-1);                                                         \
                before;                                                                            \
                stage_pass(stage, 1);                                                              \
                after;                                                                             \
        } while (0)

static void silent_connect_timeout(Settings *settings)
{
        settings->connect_timeout = 7;
}

/* --- CONNECT --- */

/* Silence, half a CONNECT, or a byte now and then: no difference. */
static void test_connect_timeout(void)
{
        static const char talk[] = "\x10\x0E\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x00";
        Client *clients[3];
        Stage stage;

        stage_init(&stage, 2, silent_connect_timeout);
        for (unsigned i = 0; i < 3; i++)
                clients[i] = client_new(&stage, i % 2, MQTT_5);
        client_send(clients[1], talk, 9);
        for (unsigned i = 0; i < 6; i++) {
                client_send(clients[2], talk + i, 1);
                stage_pass(&stage, SECONDS(1));
        }
        assert_at(&stage, SECONDS(1),
                  for (unsigned i = 0; i < 3; i++) client_take_nothing(clients[i]),
                  for (unsigned i = 0; i < 3; i++) client_take_end(clients[i]));
        stage_must(stage_counters(&stage).connects_timed_out == 3);
        stage_must(stage_counters(&stage).sockets_open == 0);
        for (unsigned i = 0; i < 3; i++)
                client_free(clients[i]);
        stage_done(&stage);
}

/* It ends with CONNECT, on the worker that the connection moves to as well. */
static void test_connect_timeout_is_over(void)
{
        Client *clients[2];
        Stage stage;

        stage_init(&stage, 2, silent_connect_timeout);
        for (unsigned i = 0; i < 2; i++) {
                Connect connect;

                clients[i] = client_new(&stage, 0, MQTT_5);
                stage_pass(&stage, SECONDS(6));
                connect = client_connect_base(clients[i], stage_id(&stage, i, "x"));
                client_connect(clients[i], &connect);
        }
        stage_pass(&stage, SECONDS(1000));
        for (unsigned i = 0; i < 2; i++) {
                client_ping(clients[i]);
                client_free(clients[i]);
        }
        stage_done(&stage);
}

/* --- keep alive --- */

static Client *join_with(Stage *stage, Connect (*make)(const Client *client), const char *id)
{
        Client *client = client_new(stage, 0, MQTT_5);
        Connect connect = make(client);

        connect.client_id = bytes_from_string(id);
        stage_must(client_connect(client, &connect).reason == REASON_SUCCESS);
        return client;
}

static Connect with_keep_alive(const Client *client)
{
        Connect connect = client_connect_base(client, "");

        connect.keep_alive = 10;
        return connect;
}

/* One and a half times what the client said [MQTT-3.1.2-22]; any packet counts. */
static void test_keep_alive(void)
{
        Client *quiet, *busy;
        Stage stage;

        stage_init(&stage, 1, NULL);
        quiet = join_with(&stage, with_keep_alive, "quiet");
        busy = join_with(&stage, with_keep_alive, "busy");
        stage_pass(&stage, SECONDS(14));
        client_ping(busy);
        assert_at(&stage, SECONDS(1), client_take_nothing(quiet),
                  client_take_disconnect(quiet, REASON_KEEP_ALIVE_TIMEOUT));
        client_take_nothing(busy);
        stage_pass(&stage, SECONDS(13));
        client_publish(busy, "t", HELLO, 0);
        stage_turn(&stage);
        assert_at(&stage, SECONDS(15), client_take_nothing(busy),
                  client_take_disconnect(busy, REASON_KEEP_ALIVE_TIMEOUT));
        client_free(quiet);
        client_free(busy);
        stage_done(&stage);
}

static Client *pinging;
static uint64_t (*stage_clock)(void);

static uint64_t clock_behind_a_ping(void)
{
        if (pinging) {
                client_send_bytes(pinging, BYTES_LITERAL("\xC0\0"));
                stage_sleep(SECONDS(15));
                pinging = NULL;
        }
        return stage_clock();
}

/* A worker asks what there is, is held back for longer than the keep alive, and then looks at the
 * clock: what came meanwhile came in time. */
static void test_keep_alive_of_a_late_worker(void)
{
        Client *client;
        Stage stage;

        stage_init(&stage, 1, NULL);
        client = join_with(&stage, with_keep_alive, "x");
        pinging = client;
        stage_clock = stage_shard(&stage, 0)->loop.clock;
        stage_shard(&stage, 0)->loop.clock = clock_behind_a_ping;
        stage_turn(&stage);
        client_take(client, PACKET_PINGRESP);
        assert_at(&stage, SECONDS(15), client_take_nothing(client),
                  client_take_disconnect(client, REASON_KEEP_ALIVE_TIMEOUT));
        client_free(client);
        stage_done(&stage);
}

/* Who does not close after its DISCONNECT is closed. */
static void test_linger(void)
{
        Client *client;
        Stage stage;

        stage_init(&stage, 1, NULL);
        client = join_with(&stage, with_keep_alive, "x");
        stage_pass(&stage, SECONDS(15));
        stage_must(stage_counters(&stage).clients_connected == 0);
        stage_must(stage_counters(&stage).sockets_open == 1);
        stage_pass(&stage, SECONDS(2));
        stage_must(stage_counters(&stage).sockets_open == 0);
        client_free(client);
        stage_done(&stage);
}

/* --- wills and sessions --- */

static Connect with_will(const Client *client)
{
        Connect connect = client_connect_base(client, "");

        connect.has_will = true;
        connect.will.topic = BYTES_LITERAL("will");
        connect.will.payload = GONE;
        connect.will.qos = 1;
        connect.will.properties.present = PROPERTY_BIT(PROPERTY_WILL_DELAY_INTERVAL) |
                                          PROPERTY_BIT(PROPERTY_MESSAGE_EXPIRY_INTERVAL);
        connect.will.properties.will_delay_interval = 20;
        connect.will.properties.message_expiry_interval = 60;
        connect.properties.present = PROPERTY_BIT(PROPERTY_SESSION_EXPIRY_INTERVAL);
        connect.properties.session_expiry_interval = 50;
        return connect;
}

static Connect with_will_after_session(const Client *client)
{
        Connect connect = with_will(client);

        connect.properties.session_expiry_interval = 5;
        return connect;
}

static Connect with_session(const Client *client)
{
        Connect connect = client_connect_base(client, "");

        connect.clean_start = false;
        connect.properties.present = PROPERTY_BIT(PROPERTY_SESSION_EXPIRY_INTERVAL);
        connect.properties.session_expiry_interval = 50;
        return connect;
}

static Client *watcher(Stage *stage)
{
        unsigned last = stage->plane->n_shards - 1;
        Client *client = client_join(stage, last, MQTT_5, stage_id(stage, last, "watcher"));

        client_subscribe(client, "#", 0);
        return client;
}

/* After its delay, and its expiry begins only then. */
static void test_will_delay(void)
{
        Client *client, *watch;
        Publish publish;
        Stage stage;

        stage_init(&stage, 2, NULL);
        watch = watcher(&stage);
        client = join_with(&stage, with_will, "x");
        stage_pass(&stage, SECONDS(1000));
        client_free(client);
        stage_turn(&stage);
        assert_at(&stage, SECONDS(20), client_take_nothing(watch),
                  publish = client_take_publish(watch, "will", GONE));
        stage_must(properties_has(&publish.properties, PROPERTY_MESSAGE_EXPIRY_INTERVAL));
        stage_must(publish.properties.message_expiry_interval == 60);
        stage_pass(&stage, SECONDS(1000));
        client_take_nothing(watch);
        client_free(watch);
        stage_done(&stage);
}

/* The end of the session is the end of the delay. */
static void test_will_at_session_end(void)
{
        Client *client, *watch;
        Stage stage;

        stage_init(&stage, 2, NULL);
        watch = watcher(&stage);
        client = join_with(&stage, with_will_after_session, "x");
        client_free(client);
        stage_turn(&stage);
        assert_at(&stage, SECONDS(5), client_take_nothing(watch),
                  client_take_publish(watch, "will", GONE));
        stage_pass(&stage, SECONDS(1000));
        client_take_nothing(watch);
        client_free(watch);
        stage_done(&stage);
}

/* Who comes back in time has no will but that of the new CONNECT [MQTT-3.1.3-9]. */
static void test_will_is_cancelled(void)
{
        Client *client, *watch;
        Stage stage;

        stage_init(&stage, 2, NULL);
        watch = watcher(&stage);
        client = join_with(&stage, with_will, "x");
        client_free(client);
        stage_turn(&stage);
        stage_pass(&stage, SECONDS(19));
        client = join_with(&stage, with_session, "x");
        stage_pass(&stage, SECONDS(100));
        client_free(client);
        stage_pass(&stage, SECONDS(1000));
        client_take_nothing(watch);
        client_free(watch);
        stage_done(&stage);
}

static void test_session_expiry(void)
{
        Client *client;
        Stage stage;

        stage_init(&stage, 1, NULL);
        client = join_with(&stage, with_session, "x");
        client_subscribe(client, "t", 1);
        client_free(client);
        stage_turn(&stage);
        stage_must(stage_counters(&stage).sessions_away == 1);
        assert_at(&stage, SECONDS(50), stage_must(stage_counters(&stage).sessions == 1),
                  stage_must(stage_counters(&stage).sessions == 0));
        stage_must(stage_counters(&stage).subscriptions == 0);
        stage_must(stage_counters(&stage).sessions_expired == 1);
        stage_must(stage.plane->sessions == 0);
        stage_done(&stage);
}

/* It counts from when the client was there last. */
static void test_session_expiry_starts_anew(void)
{
        Client *client;
        Stage stage;

        stage_init(&stage, 1, NULL);
        for (unsigned i = 0; i < 3; i++) {
                client = join_with(&stage, with_session, "x");
                stage_pass(&stage, SECONDS(1000));
                client_free(client);
                stage_turn(&stage);
                stage_pass(&stage, SECONDS(49));
                stage_must(stage_counters(&stage).sessions == 1);
        }
        stage_pass(&stage, SECONDS(1));
        stage_must(stage_counters(&stage).sessions == 0);
        stage_done(&stage);
}

/* --- message expiry --- */

static void publish_expiring(Client *client, uint32_t interval)
{
        Publish publish = {.topic = BYTES_LITERAL("t"), .payload = HELLO, .qos = 1, .packet_id = 1};

        properties_init(&publish.properties);
        publish.properties.present = PROPERTY_BIT(PROPERTY_MESSAGE_EXPIRY_INTERVAL);
        publish.properties.message_expiry_interval = interval;
        client_publish_packet(client, &publish);
        client_take_ack(client, PACKET_PUBACK, 1);
}

/* What waited is sent with what is left of its interval [MQTT-3.3.2-6], or not at all. */
static void test_message_expiry(void)
{
        static const struct {
                uint32_t interval, waits, left; /* s; 0: expired */
        } cases[] = {{30, 0, 30}, {30, 10, 20}, {30, 29, 1}, {30, 31, 0}, {1, 2, 0}};
        Client *from, *to;
        Stage stage;

        stage_init(&stage, 2, NULL);
        from = client_join(&stage, 0, MQTT_5, "from");
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Publish publish;

                to = join_with(&stage, with_session, "to");
                client_subscribe(to, "t", 1);
                client_free(to);
                stage_turn(&stage);
                publish_expiring(from, cases[i].interval);
                stage_pass(&stage, SECONDS(cases[i].waits));
                to = join_with(&stage, with_session, "to");
                if (cases[i].left > 0) {
                        publish = client_take_publish(to, "t", HELLO);
                        stage_must(publish.properties.message_expiry_interval == cases[i].left);
                        client_ack(to, PACKET_PUBACK, publish.packet_id);
                }
                client_take_nothing(to);
                client_free(to);
                stage_turn(&stage);
                stage_must(stage_counters(&stage).messages_queued == 0);
        }
        client_free(from);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/shard-time/connect-timeout", test_connect_timeout);
        g_test_add_func("/server/shard-time/connect-timeout-is-over", test_connect_timeout_is_over);
        g_test_add_func("/server/shard-time/keep-alive", test_keep_alive);
        g_test_add_func("/server/shard-time/keep-alive-of-a-late-worker",
                        test_keep_alive_of_a_late_worker);
        g_test_add_func("/server/shard-time/linger-ends", test_linger);
        g_test_add_func("/server/shard-time/will-delay", test_will_delay);
        g_test_add_func("/server/shard-time/will-at-session-end", test_will_at_session_end);
        g_test_add_func("/server/shard-time/will-is-cancelled", test_will_is_cancelled);
        g_test_add_func("/server/shard-time/session-expiry", test_session_expiry);
        g_test_add_func("/server/shard-time/session-expiry-anew", test_session_expiry_starts_anew);
        g_test_add_func("/server/shard-time/message-expiry", test_message_expiry);
        return g_test_run();
}
