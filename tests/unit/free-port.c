/* SPDX-License-Identifier: Apache-2.0 */

/* A port for a test. */
#include "tests/unit/free-port.h"

#include <glib.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST 10000
#define TRIES 1000

static int first_outgoing(void)
{
        g_autofree char *text = NULL;
        int first = 32768;

        if (g_file_get_contents("/proc/sys/net/ipv4/ip_local_port_range", &text, NULL, NULL))
                first = (int)g_ascii_strtoll(text, NULL, 10);
        g_assert_cmpint(first, >, FIRST);
        return first;
}

/* By the name of a socket, which lives as long as this process; the tests in Python do the same. */
static bool claim(uint16_t port)
{
        struct sockaddr_un name = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int n = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "hawker-port-%u", port);

        g_assert_cmpint(fd, >=, 0);
        if (bind(fd, (struct sockaddr *)&name,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 0)
                return true;
        close(fd);
        return false;
}

static bool is_free(uint16_t port)
{
        const struct sockaddr_in6 all = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
        const struct sockaddr_in all_4 = {.sin_family = AF_INET, .sin_port = htons(port)};
        int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool is = false;

        if (fd >= 0) /* of both families */
                is = bind(fd, (const struct sockaddr *)&all, sizeof(all)) == 0;
        else if ((fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0)
                is = bind(fd, (const struct sockaddr *)&all_4, sizeof(all_4)) == 0;
        if (fd >= 0)
                close(fd);
        return is;
}

uint16_t free_port(void)
{
        for (unsigned i = 0; i < TRIES; i++) {
                uint16_t port = (uint16_t)g_random_int_range(FIRST, first_outgoing());

                if (is_free(port) && claim(port))
                        return port;
        }
        g_error("no port is free");
}
