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

/* What systemd passed for a listener may be of another kind than the listener says; and all that it
 * passed for the default listeners shares the settings of the first. */
static bool is_named_by_address(const Endpoint *endpoint)
{
        return endpoint->is_unix ? !endpoint->listener->path : endpoint->settings->local_only;
}

static void endpoint_name(Endpoint *endpoint)
{
        Address address = {.length = sizeof(address.storage)};

        endpoint->name = endpoint->listener->name;
        if (!is_named_by_address(endpoint) ||
            getsockname(endpoint->fd, (struct sockaddr *)&address.storage, &address.length) < 0)
                return;
        address_format(&address, endpoint->address, sizeof(endpoint->address));
        endpoint->name = endpoint->address;
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
        endpoint_name(endpoint);
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
        tls_credentials_unref(endpoint->credentials);
        settings_unref(endpoint->settings);
        free(endpoint);
        return NULL;
}
