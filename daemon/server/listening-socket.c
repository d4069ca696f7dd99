/* SPDX-License-Identifier: Apache-2.0 */

/* A socket that listens. */

#include "server/listening-socket.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static bool socket_is_unix(int fd)
{
        int domain = 0;
        socklen_t length = sizeof(domain);

        return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX;
}

int listening_socket_new(int fd, ListeningSocket **ret_socket)
{
        ListeningSocket *socket = calloc(1, sizeof(*socket));
        Address address = {.length = sizeof(address.storage)};

        if (!socket)
                return -ENOMEM;
        socket->fd = fd;
        socket->is_unix = socket_is_unix(fd);
        if (getsockname(fd, (struct sockaddr *)&address.storage, &address.length) == 0)
                address_format(&address, socket->address, sizeof(socket->address));
        atomic_init(&socket->references, 1);
        *ret_socket = socket;
        return 0;
}

ListeningSocket *listening_socket_ref(ListeningSocket *socket)
{
        atomic_fetch_add_explicit(&socket->references, 1, memory_order_relaxed);
        return socket;
}

static void close_fd(ListeningSocket *socket)
{
        if (socket->fd >= 0)
                close(socket->fd);
        socket->fd = -1;
}

ListeningSocket *listening_socket_unref(ListeningSocket *socket)
{
        if (!socket || atomic_fetch_sub_explicit(&socket->references, 1, memory_order_acq_rel) != 1)
                return NULL;
        close_fd(socket);
        free(socket);
        return NULL;
}

void listening_socket_sum(const ListeningSocket *socket, ListenerFigures *sum)
{
        const ListenerCounters *counters = &socket->counters;

#define ADD(name) sum->name += atomic_load_explicit(&counters->name, memory_order_relaxed);
        LISTENER_COUNTERS(ADD)
#undef ADD
        sum->connections += atomic_load_explicit(&socket->connections, memory_order_relaxed);
        for (unsigned i = 0; i < REFUSALS_N; i++)
                sum->refused[i] +=
                        atomic_load_explicit(&counters->refused[i], memory_order_relaxed);
}

void listening_socket_enter(ListeningSocket *socket)
{
        atomic_fetch_add_explicit(&socket->users, 1, memory_order_relaxed);
}

void listening_socket_leave(ListeningSocket *socket)
{
        if (atomic_fetch_sub_explicit(&socket->users, 1, memory_order_acq_rel) == 1 &&
            atomic_load_explicit(&socket->is_retired, memory_order_acquire))
                close_fd(socket);
}

/* As a user itself, so that exactly one is the last to leave. */
void listening_socket_retire(ListeningSocket *socket)
{
        listening_socket_enter(socket);
        atomic_store_explicit(&socket->is_retired, true, memory_order_release);
        listening_socket_leave(socket);
}
