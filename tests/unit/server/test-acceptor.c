/* SPDX-License-Identifier: Apache-2.0 */

/* Who accepts from a socket, and from one that is paused. */
#include <glib.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/acceptor-order.h"
#include "stage-gather.h"

#define TURNS 5U

/* A socket without a name: its address is drawn by the kernel. */
static Endpoint *listen_on(Stage *stage, struct sockaddr_un *ret_address)
{
        const sa_family_t family = AF_UNIX;
        socklen_t length = sizeof(*ret_address);
        Endpoint *endpoint;
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        *ret_address = (struct sockaddr_un){};
        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(bind(fd, (const struct sockaddr *)&family, sizeof(family)), ==, 0);
        g_assert_cmpint(getsockname(fd, (struct sockaddr *)ret_address, &length), ==, 0);
        g_assert_cmpint(listen(fd, 16), ==, 0);
        g_assert_cmpint(
                endpoint_new(stage->settings, &stage->settings->listeners[0], fd, &endpoint), ==,
                0);
        return endpoint;
}

/* Of 6 bytes, as the kernel draws it. */
static int come(const struct sockaddr_un *address)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        g_assert_cmpint(connect(fd, (const struct sockaddr *)address, sizeof(sa_family_t) + 6), ==,
                        0);
        return fd;
}

static uint64_t count_accepted(Stage *stage, const Endpoint *endpoint)
{
        for (unsigned i = 0; i < TURNS; i++)
                stage_turn(stage);
        return endpoint->socket->counters.accepted;
}

static void pause_it(Stage *stage, Endpoint *endpoint, bool paused)
{
        Gather *gather;

        endpoint->socket->is_paused = paused;
        g_assert_cmpint(acceptor_order_new(stage->plane->n_shards, &gather), ==, 0);
        stage_gather(stage, gather);
        gather_free(gather);
}

static void pause_and_resume(Stage *stage)
{
        struct sockaddr_un address;
        Endpoint *endpoint = listen_on(stage, &address);
        int first, second;

        g_assert_cmpint(server_add_endpoint(stage->server, endpoint), ==, 0);
        first = come(&address);
        g_assert_cmpuint(count_accepted(stage, endpoint), ==, 1);

        pause_it(stage, endpoint, true);
        second = come(&address);
        g_assert_cmpuint(count_accepted(stage, endpoint), ==, 1);
        g_assert_cmpuint(endpoint->socket->connections, ==, 1);
        pause_it(stage, endpoint, true);
        g_assert_cmpuint(count_accepted(stage, endpoint), ==, 1);

        pause_it(stage, endpoint, false);
        g_assert_cmpuint(count_accepted(stage, endpoint), ==, 2);
        close(first);
        close(second);
        count_accepted(stage, endpoint);
        endpoint_unref(endpoint);
}

static void paused_before_it_began(Stage *stage)
{
        struct sockaddr_un address;
        Endpoint *endpoint = listen_on(stage, &address);
        int fd;

        endpoint->socket->is_paused = true;
        g_assert_cmpint(server_add_endpoint(stage->server, endpoint), ==, 0);
        fd = come(&address);
        g_assert_cmpuint(count_accepted(stage, endpoint), ==, 0);
        pause_it(stage, endpoint, false);
        g_assert_cmpuint(count_accepted(stage, endpoint), ==, 1);
        close(fd);
        count_accepted(stage, endpoint);
        endpoint_unref(endpoint);
}

/* Newer settings for the same socket, and one that was removed while it was paused. */
static void paused_over_a_reload(Stage *stage)
{
        struct sockaddr_un address;
        Endpoint *endpoint = listen_on(stage, &address);
        EndpointChange change = {.before = endpoint};
        int fd;

        g_assert_cmpint(server_add_endpoint(stage->server, endpoint), ==, 0);
        count_accepted(stage, endpoint);
        pause_it(stage, endpoint, true);
        g_assert_cmpint(endpoint_renew(endpoint, stage->settings, &stage->settings->listeners[0],
                                       NULL, &change.after),
                        ==, 0);
        g_assert_cmpint(server_reload(stage->server, stage->settings, &change, 1), ==, 0);
        fd = come(&address);
        g_assert_cmpuint(count_accepted(stage, endpoint), ==, 0);
        change = (EndpointChange){.before = change.after};
        g_assert_cmpint(server_reload(stage->server, stage->settings, &change, 1), ==, 0);
        pause_it(stage, change.before, false);
        g_assert_cmpuint(count_accepted(stage, endpoint), ==, 0);
        close(fd);
        endpoint_unref(change.before);
        endpoint_unref(endpoint);
}

static void test_pause_and_resume(void)
{
        stage_with_workers(pause_and_resume);
}

static void test_paused_before_it_began(void)
{
        stage_with_workers(paused_before_it_began);
}

static void test_paused_over_a_reload(void)
{
        stage_with_workers(paused_over_a_reload);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/acceptor/pause-and-resume", test_pause_and_resume);
        g_test_add_func("/server/acceptor/paused-before-it-began", test_paused_before_it_began);
        g_test_add_func("/server/acceptor/paused-over-a-reload", test_paused_over_a_reload);
        return g_test_run();
}
