/* SPDX-License-Identifier: Apache-2.0 */

/* A listening socket with the settings of its listener. */

#include "server/endpoint.h"

#include <fcntl.h>
#include <glib.h>
#include <sys/socket.h>

static bool is_open(int fd)
{
        return fcntl(fd, F_GETFD) >= 0;
}

static Endpoint *make(int family, int *ret_fd)
{
        _cleanup_(settings_unrefp) Settings *settings = NULL;
        const uint16_t port = 1883;
        Endpoint *endpoint = NULL;
        int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(settings_new_default(&port, 1, &settings), ==, 0);
        g_assert_cmpint(endpoint_new(settings, &settings->listeners[0], fd, &endpoint), ==, 0);
        *ret_fd = fd;
        return endpoint;
}

/* It keeps the settings alive, which own its listener, and closes the socket at the end. */
static void test_lifetime(void)
{
        int fd;
        Endpoint *endpoint = make(AF_UNIX, &fd);

        g_assert_true(endpoint_ref(endpoint) == endpoint);
        g_assert_null(endpoint_unref(endpoint));
        g_assert_true(is_open(fd));
        g_assert_cmpuint(endpoint->listener->port, ==, 1883);
        g_assert_cmpuint(endpoint->socket->connections, ==, 0);
        g_assert_null(endpoint_unref(endpoint));
        g_assert_false(is_open(fd));
        g_assert_null(endpoint_unref(NULL));
}

static void test_family(void)
{
        int fd;
        Endpoint *local = make(AF_UNIX, &fd), *net = make(AF_INET, &fd);

        g_assert_true(local->socket->is_unix);
        g_assert_false(net->socket->is_unix);
        endpoint_unref(local);
        endpoint_unref(net);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/endpoint/lifetime", test_lifetime);
        g_test_add_func("/server/endpoint/knows-its-family", test_family);
        return g_test_run();
}
