/* SPDX-License-Identifier: Apache-2.0 */

/* Workers: what newer settings mean for clients that came under older ones. */

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/connection.h"
#include "stage.h"

#define SECONDS(n) ((msec_t)(n)*MSEC_PER_SEC)
#define HELLO      BYTES_LITERAL("hello")
#define GONE       BYTES_LITERAL("gone")
#define GRACE      10U /* the default of removed_listener_timeout */

/* The stage's endpoint is served, as a listener's is. */
static void begin(Stage *stage, unsigned workers, void (*adjust)(Settings *settings))
{
        stage_init(stage, workers, adjust);
        stage_must(server_add_endpoint(stage->server, stage->endpoint) == 0);
        stage_turn(stage);
}

static void reload(Stage *stage, void (*adjust)(Settings *settings))
{
        stage_reload(stage, adjust);
        stage_turn(stage);
}

/* The socket's own address: that of the stage's endpoint is abstract, and of the kernel's choice.
 */
static int client_socket(const Endpoint *endpoint)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        struct sockaddr_un address;
        socklen_t length = sizeof(address);

        stage_must(getsockname(endpoint->socket->fd, (struct sockaddr *)&address, &length) == 0);
        if (connect(fd, (struct sockaddr *)&address, length) == 0)
                return fd;
        close(fd);
        return -errno;
}

/* A client of the version with a will, who names himself; its CONNECT must be accepted. */
static Client *join_named(Stage *stage, unsigned worker, MqttVersion version, const char *id,
                          const char *username)
{
        Client *client = client_new(stage, worker, version);
        Connect connect = client_connect_base(client, id);

        connect.has_username = username;
        connect.username = bytes_from_string(username);
        connect.has_will = true;
        connect.will.topic = BYTES_LITERAL("will");
        connect.will.payload = GONE;
        stage_must(client_connect(client, &connect).reason == REASON_SUCCESS);
        return client;
}

/* --- rights --- */

static void no_strangers(Settings *settings)
{
        settings->listeners[0].allow_anonymous = false;
}

static void only_pumps(Settings *settings)
{
        settings->clientid_prefixes = strdup("pump-");
}

static void no_mqtt_5(Settings *settings)
{
        settings->listeners[0].accept_protocol_versions = PROTOCOL_VERSION_BIT(4);
}

static void named_by_user(Settings *settings)
{
        settings->listeners[0].use_username_as_clientid = true;
}

static void named_by_tls(Settings *settings)
{
        settings->listeners[0].use_identity_as_username = true;
}

typedef struct RightsCase {
        const char *name;
        void (*adjust)(Settings *settings);
        bool other_may_stay; /* "pump-1" with that name as its user, of MQTT 3.1.1 */
} RightsCase;

static const RightsCase rights_cases[] = {
        {"anonymous", no_strangers, false},   {"prefix", only_pumps, true},
        {"version", no_mqtt_5, true},         {"username-is-client-id", named_by_user, true},
        {"name-of-tls", named_by_tls, false}, {"all", NULL, true},
};

/* It is told why, gets nothing more, its will is published; who may stay notices nothing. */
static void test_rights(const void *data)
{
        const RightsCase *c = data;
        Client *client, *other;
        Stage stage;

        begin(&stage, 2, NULL);
        client = join_named(&stage, 0, MQTT_5, stage_id(&stage, 0, "client"), "somebody");
        other = join_named(&stage, 1, MQTT_3_1_1, "pump-1", "pump-1");
        client_subscribe(client, "#", 0);
        client_subscribe(other, "will", 0);
        stage_reload(&stage, c->adjust);
        stage_must(server_publish(stage.server, BYTES_LITERAL("t"), HELLO, false) == 0);
        stage_turn(&stage);
        if (c->adjust)
                client_take_disconnect(client, REASON_NOT_AUTHORIZED);
        else
                client_take_publish(client, "t", HELLO);
        if (!c->other_may_stay)
                client_take_end(other);
        else if (c->adjust)
                client_take_publish(other, "will", GONE);
        stage_must(stage_counters(&stage).clients_connected ==
                   (uint64_t)!c->adjust + (uint64_t)c->other_may_stay);
        client_free(client);
        client_free(other);
        stage_done(&stage);
}

/* Who was about to come in is judged by the settings that hold when it does. */
static void test_rights_of_newcomers(void)
{
        Client *client;
        Connect connect;
        Stage stage;

        begin(&stage, 1, NULL);
        client = client_new(&stage, 0, MQTT_5);
        stage_turn(&stage);
        reload(&stage, no_strangers);
        connect = client_connect_base(client, "client");
        stage_must(client_connect(client, &connect).reason == REASON_NOT_AUTHORIZED);
        client_free(client);
        stage_done(&stage);
}

/* One worker lets it in and sends it to another, which has newer settings by then; or older ones.
 */
static void test_rights_while_it_moves(void)
{
        for (unsigned newer = 0; newer < 2; newer++) {
                Client *client;
                Buffer talk = {};
                Connect connect;
                Stage stage;

                begin(&stage, 2, NULL);
                client = client_new(&stage, 0, MQTT_5);
                connect = client_connect_base(client, stage_id(&stage, 1, "client"));
                stage_must(connect_encode(&connect, &talk) == 0);
                client_send_buffer(client, &talk);
                if (newer == 1) {
                        shard_turn(stage_shard(&stage, 0), 0);
                        stage_reload(&stage, no_strangers);
                        shard_turn(stage_shard(&stage, 1), 0); /* takes both mails in their order */
                } else {
                        stage_reload(&stage, only_pumps);
                        shard_turn(stage_shard(&stage, 1), 0);
                        shard_turn(stage_shard(&stage, 1), 0);
                        stage_must(!stage_shard(&stage, 1)->is_reviewing);
                        /* As if worker 0 had not heard of it yet. */
                        stage_must(stage_shard(&stage, 0)->settings != stage.settings);
                        loop_wait(&stage_shard(&stage, 0)->loop, 0);
                        loop_dispatch(&stage_shard(&stage, 0)->loop);
                        shard_send_mail(stage_shard(&stage, 0));
                }
                stage_turn(&stage);
                stage_must(stage_counters(&stage).clients_connected == 0);
                client_free(client);
                stage_done(&stage);
        }
}

static unsigned count_open(Client *const *clients, unsigned n)
{
        unsigned n_open = 0;

        for (unsigned i = 0; i < n; i++)
                n_open += recv(clients[i]->fd, &(char){0}, 1, MSG_PEEK) < 0 && errno == EAGAIN;
        return n_open;
}

/* A turn that would wait for long, if it did not know that there is something to do. */
static void turn_without_sleep(Shard *shard)
{
        const gint64 begin = g_get_monotonic_time();

        shard_turn(shard, SECONDS(20));
        stage_must(g_get_monotonic_time() - begin < 10 * G_USEC_PER_SEC);
}

/* Many clients are looked at in several turns, however many reloads come meanwhile. */
static void test_slices(void)
{
        enum { N = 700 };
        static Client *clients[N];
        struct rlimit limit;
        unsigned turns = 0;
        Stage stage;

        stage_must(getrlimit(RLIMIT_NOFILE, &limit) == 0);
        limit.rlim_cur = limit.rlim_max;
        stage_must(setrlimit(RLIMIT_NOFILE, &limit) == 0);
        begin(&stage, 1, NULL);
        for (unsigned i = 0; i < N; i++) {
                char id[16];

                snprintf(id, sizeof(id), "%s%u", i == N - 100 ? "pump-" : "x", i);
                clients[i] = client_join(&stage, 0, MQTT_3_1_1, id);
        }
        /* Nobody is ended: the first step does not reach the last of them. */
        stage_reload(&stage, NULL);
        shard_turn(stage_shard(&stage, 0), 0);
        stage_must(stage_counters(&stage).clients_connected == N);
        stage_reload(&stage, only_pumps);
        do {
                const uint64_t before = stage_counters(&stage).clients_connected;

                turn_without_sleep(stage_shard(&stage, 0));
                stage_must(stage_counters(&stage).clients_connected + 100 >= before);
                if (turns++ == 3)
                        stage_reload(&stage, only_pumps);
        } while (stage_shard(&stage, 0)->is_reviewing);
        stage_must(turns > 5);
        stage_must(stage_counters(&stage).clients_connected == 1);
        stage_must(count_open(clients, N) == 1);
        client_ping(clients[N - 100]);
        for (unsigned i = 0; i < N; i++)
                client_free(clients[i]);
        stage_done(&stage);
}

/* --- listeners --- */

static void one_only(Settings *settings)
{
        settings->listeners[0].max_connections = 1;
}

/* Who is there counts, whatever endpoint it came by; the socket stays the same. */
static void test_max_connections(void)
{
        Client *client;
        Connect connect;
        Stage stage;
        int first;

        begin(&stage, 1, one_only);
        first = client_socket(stage.endpoint);
        stage_turn(&stage);
        stage_must(stage.endpoint->socket->connections == 1);
        for (unsigned i = 0; i < 3; i++) {
                reload(&stage, one_only);
                client = client_new(&stage, 0, MQTT_5);
                close(client->fd);
                client->fd = client_socket(stage.endpoint);
                connect = client_connect_base(client, "second");
                stage_must(client_connect(client, &connect).reason == REASON_QUOTA_EXCEEDED);
                client_free(client);
        }
        close(first);
        stage_turn(&stage);
        stage_must(stage.endpoint->socket->connections == 0);
        stage_done(&stage);
}

/* A connection that waits in the socket is not lost when the endpoint is renewed before it is
 * accepted. */
static void test_takes_over(void)
{
        Stage stage;
        int fd;

        begin(&stage, 2, NULL);
        fd = client_socket(stage.endpoint);
        stage_reload(&stage, NULL);
        stage_turn(&stage);
        stage_must(stage.endpoint->socket->connections == 1);
        close(fd);
        stage_done(&stage);
}

static void remove_endpoint(Stage *stage)
{
        EndpointChange change = {.before = stage->endpoint};

        stage_must(server_reload(stage->server, stage->settings, &change, 1) == 0);
        stage_turn(stage);
}

/* Another socket for a listener of the same name. */
static void add_endpoint(Stage *stage)
{
        Stage other;

        stage_init(&other, 1, NULL);
        endpoint_unref(stage->endpoint);
        stage->endpoint = endpoint_ref(other.endpoint);
        stage_must(server_add_endpoint(stage->server, stage->endpoint) == 0);
        stage_turn(stage);
        endpoint_unref(other.endpoint);
        settings_unref(other.settings);
        server_free(other.server);
}

/* Nobody is accepted any more from the first moment; the clients are told later, with their wills
 * published and their sessions kept. */
static void test_removed(void)
{
        Client *client, *old, *watch, *late;
        Connect connect;
        Stage stage;

        begin(&stage, 2, NULL);
        client = client_new(&stage, 0, MQTT_5);
        connect = client_connect_base(client, stage_id(&stage, 0, "client"));
        connect.properties.present = PROPERTY_BIT(PROPERTY_SESSION_EXPIRY_INTERVAL);
        connect.properties.session_expiry_interval = 1000;
        client_connect(client, &connect);
        old = join_named(&stage, 1, MQTT_3_1_1, stage_id(&stage, 1, "old"), NULL);
        watch = client_join(&stage, 1, MQTT_5, stage_id(&stage, 1, "watch"));
        client_subscribe(watch, "will", 0);
        late = client_new(&stage, 0, MQTT_5);
        stage_turn(&stage);
        stage_must(stage.endpoint->socket->fd >= 0);
        remove_endpoint(&stage);
        stage_must(stage.endpoint->socket->fd < 0);
        connect = client_connect_base(late, "late");
        stage_must(client_connect(late, &connect).reason == REASON_SERVER_UNAVAILABLE);
        stage_pass(&stage, SECONDS(GRACE) - 1);
        client_ping(client);
        client_ping(old);
        stage_pass(&stage, 1);
        client_take_disconnect(client, REASON_ADMINISTRATIVE_ACTION);
        client_take_end(old);
        stage_must(stage_counters(&stage).sessions_away == 1);
        client_take_publish(watch, "will", GONE); /* it was the last to be looked at */
        client_take_disconnect(watch, REASON_ADMINISTRATIVE_ACTION);
        client_free(client);
        client_free(old);
        client_free(watch);
        client_free(late);
        stage_done(&stage);
}

static void at_once(Settings *settings)
{
        settings->removed_listener_timeout = 0;
}

static void test_removed_at_once(void)
{
        Client *client;
        Stage stage;

        begin(&stage, 1, at_once);
        client = client_join(&stage, 0, MQTT_5, "client");
        remove_endpoint(&stage);
        client_take_disconnect(client, REASON_ADMINISTRATIVE_ACTION);
        client_free(client);
        stage_done(&stage);
}

/* Its clients are those of the new one, also when they are counted. */
static void test_removed_and_back(void)
{
        Client *client;
        Stage stage;

        begin(&stage, 2, NULL);
        client = client_join(&stage, 0, MQTT_5, stage_id(&stage, 1, "client"));
        remove_endpoint(&stage);
        stage_pass(&stage, SECONDS(GRACE) - 1);
        add_endpoint(&stage);
        stage_pass(&stage, SECONDS(GRACE));
        stage_pass(&stage, SECONDS(GRACE));
        client_ping(client);
        stage_must(stage.endpoint->socket->connections == 1);
        reload(&stage, no_strangers);
        client_take_disconnect(client, REASON_NOT_AUTHORIZED);
        client_free(client);
        stage_done(&stage);
}

/* A removed one that is still in its time of grace does not keep rights that nobody has. */
static void test_rights_in_grace(void)
{
        Client *client;
        Stage stage;

        begin(&stage, 1, NULL);
        client = client_join(&stage, 0, MQTT_5, "client");
        remove_endpoint(&stage);
        stage_pass(&stage, SECONDS(1));
        client_ping(client);
        reload(&stage, only_pumps);
        client_take_disconnect(client, REASON_NOT_AUTHORIZED);
        client_free(client);
        stage_done(&stage);
}

/* Epoll does not take the socket, for it has it already: later it does. */
static void test_accepts_later(void)
{
        struct epoll_event event = {};
        Shard *shard;
        Stage stage;
        int fd;

        stage_init(&stage, 1, NULL);
        shard = stage_shard(&stage, 0);
        fd = client_socket(stage.endpoint);
        stage_must(epoll_ctl(shard->loop.epoll_fd, EPOLL_CTL_ADD, stage.endpoint->socket->fd,
                             &event) == 0);
        stage_must(server_add_endpoint(stage.server, stage.endpoint) == 0);
        stage_turn(&stage);
        stage_must(stage_counters(&stage).accept_paused == 1);
        stage_pass(&stage, 99);
        stage_must(stage_counters(&stage).accept_paused == 1);
        turn_without_sleep(shard); /* but for the one millisecond that is left */
        stage_pass(&stage, 1);
        stage_must(stage_counters(&stage).accept_paused == 2);
        stage_must(epoll_ctl(shard->loop.epoll_fd, EPOLL_CTL_DEL, stage.endpoint->socket->fd,
                             NULL) == 0);
        stage_must(stage_counters(&stage).sockets_accepted == 0);
        stage_pass(&stage, 100);
        stage_must(stage_counters(&stage).sockets_accepted == 1);
        close(fd);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < ARRAY_SIZE(rights_cases); i++) {
                g_autofree char *path =
                        g_strdup_printf("/server/review/rights/%s", rights_cases[i].name);

                g_test_add_data_func(path, &rights_cases[i], test_rights);
        }
        g_test_add_func("/server/review/rights-of-newcomers", test_rights_of_newcomers);
        g_test_add_func("/server/review/rights-while-it-moves", test_rights_while_it_moves);
        g_test_add_func("/server/review/slices", test_slices);
        g_test_add_func("/server/review/max-connections", test_max_connections);
        g_test_add_func("/server/review/takes-over", test_takes_over);
        g_test_add_func("/server/review/removed", test_removed);
        g_test_add_func("/server/review/removed-at-once", test_removed_at_once);
        g_test_add_func("/server/review/removed-and-back", test_removed_and_back);
        g_test_add_func("/server/review/rights-in-grace", test_rights_in_grace);
        g_test_add_func("/server/review/accepts-later", test_accepts_later);
        return g_test_run();
}
