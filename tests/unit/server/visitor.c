/* SPDX-License-Identifier: Apache-2.0 */
/* visitor.c: a worker for tests of the HTTP thread. */

#include "visitor.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

/* Nothing here depends on it, but for that a test ends which would wait for ever. */
#define PATIENCE_MS 60000

Endpoint *visitor_endpoint(ListenerProtocol protocol)
{
        _cleanup_(settings_unrefp) Settings *settings = NULL;
        const uint16_t port = 9001;
        Endpoint *endpoint = NULL;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(settings_new_default(&port, 1, &settings), ==, 0);
        settings->listeners[0].protocol = protocol;
        g_assert_cmpint(endpoint_new(settings, &settings->listeners[0], fd, &endpoint), ==, 0);
        return endpoint;
}

ListenerSettings *visitor_listener(Endpoint *endpoint)
{
        return &endpoint->settings->listeners[0];
}

HttpVisit *visitor_visit(Endpoint *endpoint)
{
        HttpVisit *visit = NULL;

        g_assert_cmpint(http_visit_new(endpoint, false, false, "192.0.2.1:49152", &visit), ==, 0);
        return visit;
}

int visitor_come(Http *http, HttpVisit *visit)
{
        int pair[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
                        ==, 0);
        g_assert_cmpint(http_adopt(http, visit, pair[1]), ==, 0);
        return pair[0];
}

/* It may have been closed at the other end: that is for visitor_read() to find. */
void visitor_write(int fd, const void *data, size_t length)
{
        while (length > 0) {
                struct pollfd wait = {.fd = fd, .events = POLLOUT};
                ssize_t n = send(fd, data, length, MSG_NOSIGNAL);

                if (n < 0 && errno == EAGAIN) {
                        g_assert_cmpint(poll(&wait, 1, PATIENCE_MS), >, 0);
                        continue;
                }
                if (n < 0)
                        return;
                data = (const uint8_t *)data + n;
                length -= (size_t)n;
        }
}

char *visitor_read(int fd, size_t *ret_length)
{
        GString *answer = g_string_new(NULL);
        char part[4096];
        ssize_t n = 1;

        while (n != 0) {
                struct pollfd wait = {.fd = fd, .events = POLLIN};

                g_assert_cmpint(poll(&wait, 1, PATIENCE_MS), >, 0);
                n = recv(fd, part, sizeof(part), 0);
                if (n > 0)
                        g_string_append_len(answer, part, n);
                else if (n < 0 && errno == ECONNRESET)
                        n = 0; /* it was closed before all was read */
                else if (n < 0)
                        g_assert_cmpint(errno, ==, EAGAIN);
        }
        close(fd);
        if (ret_length)
                *ret_length = answer->len;
        return g_string_free(answer, FALSE);
}

char *visitor_ask(Http *http, Endpoint *endpoint, const char *request)
{
        _cleanup_(http_visit_unrefp) HttpVisit *visit = visitor_visit(endpoint);
        int fd = visitor_come(http, visit);

        visitor_write(fd, request, strlen(request));
        return visitor_read(fd, NULL);
}

unsigned visitor_status(const char *answer)
{
        unsigned status;

        return sscanf(answer, "HTTP/1.%*1u %3u ", &status) == 1 ? status : 0;
}
