/* SPDX-License-Identifier: Apache-2.0 */

/* A listening socket with the settings of its listener. */

#include "server/endpoint.h"

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

int endpoint_new(Settings *settings, const ListenerSettings *listener, int fd,
                 Endpoint **ret_endpoint)
{
        Endpoint *endpoint = malloc(sizeof(*endpoint));

        if (!endpoint)
                return -ENOMEM;
        *endpoint = (Endpoint){
                .fd = fd,
                .is_unix = socket_is_unix(fd),
                .settings = settings_ref(settings),
                .listener = listener,
        };
        atomic_init(&endpoint->references, 1);
        atomic_init(&endpoint->connections, 0);
        atomic_init(&endpoint->refused, 0);
        *ret_endpoint = endpoint;
        return 0;
}

Endpoint *endpoint_ref(Endpoint *endpoint)
{
        atomic_fetch_add_explicit(&endpoint->references, 1, memory_order_relaxed);
        return endpoint;
}

Endpoint *endpoint_unref(Endpoint *endpoint)
{
        if (!endpoint ||
            atomic_fetch_sub_explicit(&endpoint->references, 1, memory_order_acq_rel) != 1)
                return NULL;
        close(endpoint->fd);
        settings_unref(endpoint->settings);
        free(endpoint);
        return NULL;
}
