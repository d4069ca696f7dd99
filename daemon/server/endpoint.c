/* SPDX-License-Identifier: Apache-2.0 */

/* A listening socket with the settings of its listener. */

#include "server/endpoint.h"

#include <errno.h>
#include <stdlib.h>

/* What systemd passed for a listener may be of another kind than the listener says; and all that it
 * passed for the default listeners shares the settings of the first. */
static bool is_named_by_address(const Endpoint *endpoint)
{
        if (endpoint->listener->is_added)
                return false;
        return endpoint->socket->is_unix ? !endpoint->listener->path
                                         : endpoint->settings->local_only;
}

/* Takes the socket over on success only. */
static int endpoint_make(Settings *settings, const ListenerSettings *listener,
                         ListeningSocket *socket, Endpoint **ret_endpoint)
{
        Endpoint *endpoint = malloc(sizeof(*endpoint));

        if (!endpoint)
                return -ENOMEM;
        *endpoint = (Endpoint){
                .socket = socket,
                .settings = settings_ref(settings),
                .listener = listener,
                .name = listener->name,
        };
        if (is_named_by_address(endpoint) && socket->address[0])
                endpoint->name = socket->address;
        atomic_init(&endpoint->references, 1);
        *ret_endpoint = endpoint;
        return 0;
}

int endpoint_new(Settings *settings, const ListenerSettings *listener, int fd,
                 Endpoint **ret_endpoint)
{
        ListeningSocket *socket;
        int r;

        r = listening_socket_new(fd, &socket);
        if (r < 0)
                return r;
        r = endpoint_make(settings, listener, socket, ret_endpoint);
        if (r < 0) {
                socket->fd = -1; /* is the caller's */
                listening_socket_unref(socket);
        }
        return r;
}

int endpoint_renew(Endpoint *before, Settings *settings, const ListenerSettings *listener,
                   TlsCredentials *credentials, Endpoint **ret_endpoint)
{
        int r;

        r = endpoint_make(settings, listener, before->socket, ret_endpoint);
        if (r < 0)
                return r;
        listening_socket_ref(before->socket);
        (*ret_endpoint)->credentials = tls_credentials_ref(credentials);
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
        listening_socket_unref(endpoint->socket);
        tls_credentials_unref(endpoint->credentials);
        access_policy_unref(endpoint->policy);
        settings_unref(endpoint->settings);
        free(endpoint);
        return NULL;
}
