/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A reload from the side of the control thread: all or nothing when memory fails, and many of them
 * while workers that are threads have clients.
 */

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "stage.h"
#include "tests/unit/failing-memory.h"

/* --- all or nothing --- */

static bool has_mail(const Stage *stage)
{
        return stage_shard(stage, 0)->mailbox.inbox.count > 0;
}

/* One endpoint for another, which has a socket of its own. False: no allocation has failed. */
static bool try_replace(unsigned which)
{
        EndpointChange change;
        Stage stage, other;
        bool has_failed;
        int r;

        stage_init(&stage, 2, NULL);
        stage_must(server_add_endpoint(stage.server, stage.endpoint) == 0);
        stage_turn(&stage);
        stage_init(&other, 1, NULL);
        change = (EndpointChange){stage.endpoint, other.endpoint};
        failing_memory_begin(which);
        r = server_reload(stage.server, other.settings, &change, 1);
        has_failed = failing_memory_end();
        if (r == 0) {
                stage_turn(&stage);
                stage_must(stage_shard(&stage, 1)->settings == other.settings);
                stage_must(stage.endpoint->socket->fd < 0);
        } else {
                stage_must(r == -ENOMEM && has_failed && !has_mail(&stage));
                stage_must(stage.endpoint->socket->fd >= 0 && !stage.endpoint->socket->is_retired);
                stage_must(other.endpoint->socket->users == 0);
                stage_must(other.endpoint->references == 1);
        }
        stage_done(&stage);
        stage_done(&other);
        return has_failed;
}

static void test_memory(void)
{
        unsigned n = 0;

        while (try_replace(n))
                n++;
        /* The change, its two arrays, an acceptor for each worker, mail for each. */
        stage_must(n >= 5);
}

/* --- threads --- */

#define N_VISITORS 3
#define N_RELOADS  200

typedef struct Visitors {
        struct sockaddr_un address;
        socklen_t length;
        atomic_bool over;
        atomic_uint served; /* CONNACKs that were seen */
        atomic_uint number;
} Visitors;

/* CONNECT with an identifier of its own, and a PUBLISH to "t" behind it. */
static size_t compose(unsigned number, uint8_t talk[64])
{
        Connect connect = {.version = MQTT_5, .clean_start = true};
        Publish publish = {.topic = BYTES_LITERAL("t"), .payload = BYTES_LITERAL("x")};
        Buffer buffer = {};
        char id[16];
        size_t n;

        g_snprintf(id, sizeof(id), "v%u", number);
        connect.client_id = bytes_from_string(id);
        properties_init(&connect.properties);
        properties_init(&publish.properties);
        stage_must(connect_encode(&connect, &buffer) == 0);
        stage_must(publish_encode(&publish, MQTT_5, &buffer) == 0);
        n = buffer_length(&buffer);
        stage_must(n <= 64);
        memcpy(talk, buffer.data, n);
        buffer_done(&buffer);
        return n;
}

/* Whoever is accepted is answered: none hangs, whatever is reloaded meanwhile. */
static void visit(Visitors *visitors)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        uint8_t talk[64], answer[4] = {};
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        size_t n = compose(atomic_fetch_add(&visitors->number, 1), talk);

        stage_must(connect(fd, (struct sockaddr *)&visitors->address, visitors->length) == 0);
        stage_must(send(fd, talk, n, MSG_NOSIGNAL) == (ssize_t)n);
        stage_must(poll(&wait, 1, 20000) == 1);
        stage_must(recv(fd, answer, sizeof(answer), 0) == sizeof(answer));
        stage_must(answer[0] == PACKET_CONNACK << 4 && answer[3] == REASON_SUCCESS);
        atomic_fetch_add(&visitors->served, 1);
        close(fd);
}

static void *run_visitor(void *data)
{
        Visitors *visitors = data;

        while (!atomic_load(&visitors->over))
                visit(visitors);
        return NULL;
}

static void at_once(Settings *settings)
{
        settings->removed_listener_timeout = 0;
}

static void other_limits(Settings *settings)
{
        at_once(settings);
        settings->max_queued_messages = 7;
        settings->allow_duplicate_messages = false;
        settings->max_packet_size = 1000;
        settings->retain_expiry_interval = 60;
}

static void await(Server *server)
{
        server_ping(server);
        stage_must(server_await_answers(server, 20000) == -1);
}

/* The endpoint of the visitors is renewed, another one comes and goes. */
static void reload_often(Stage *stage)
{
        for (unsigned i = 0; i < N_RELOADS; i++) {
                EndpointChange change = {};
                Stage other;

                stage_reload(stage, i % 2 ? other_limits : at_once);
                if (i % 10 == 0) {
                        stage_init(&other, 1, NULL);
                        change.after = other.endpoint;
                        stage_must(server_reload(stage->server, stage->settings, &change, 1) == 0);
                        change = (EndpointChange){.before = other.endpoint};
                        stage_must(server_reload(stage->server, stage->settings, &change, 1) == 0);
                        await(stage->server);
                        stage_must(other.endpoint->socket->fd < 0);
                        await(stage->server); /* at the end of that turn it is forgotten */
                        stage_done(&other);
                }
        }
}

static void test_threads(gconstpointer data)
{
        const unsigned workers = GPOINTER_TO_UINT(data);
        pthread_t threads[N_VISITORS];
        Visitors visitors = {.length = sizeof(visitors.address)};
        Stage stage;

        stage_init(&stage, workers, NULL);
        for (unsigned i = 0; i < workers; i++)
                stage_shard(&stage, i)->loop.clock = clock_boottime_usec;
        stage_must(getsockname(stage.endpoint->socket->fd, (struct sockaddr *)&visitors.address,
                               &visitors.length) == 0);
        stage_must(server_add_endpoint(stage.server, stage.endpoint) == 0);
        stage_must(server_start(stage.server) == 0);
        for (unsigned i = 0; i < N_VISITORS; i++)
                stage_must(pthread_create(&threads[i], NULL, run_visitor, &visitors) == 0);
        reload_often(&stage);
        atomic_store(&visitors.over, true);
        for (unsigned i = 0; i < N_VISITORS; i++)
                stage_must(pthread_join(threads[i], NULL) == 0);
        visit(&visitors);
        server_stop(stage.server, 10000);
        stage_must(stage_counters(&stage).sockets_accepted == visitors.served);
        stage_must(stage_counters(&stage).clients_connected == 0);
        stage_must(stage.endpoint->references == 1);
        stage_must(stage.endpoint->socket->connections == 0);
        stage_must(stage.endpoint->socket->users == 0);
        server_free(stage.server);
        endpoint_unref(stage.endpoint);
        settings_unref(stage.settings);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/reload/memory", test_memory);
        g_test_add_data_func("/server/reload/threads/1", GUINT_TO_POINTER(1), test_threads);
        g_test_add_data_func("/server/reload/threads/4", GUINT_TO_POINTER(4), test_threads);
        return g_test_run();
}
