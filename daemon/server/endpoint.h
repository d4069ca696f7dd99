/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A listening socket with the settings of its listener: what workers accept from, and the terms of
 * the connections that come by it. Immutable and counted: each connection holds a reference. A
 * reload makes another one for the same socket.
 *
 * Thread: any
 */
#pragma once

#include <stdatomic.h>

#include "access/policy.h"
#include "config/settings.h"
#include "server/listening-socket.h"
#include "transport/tls-credentials.h"
#include "util/macro.h"

typedef struct Endpoint {
        atomic_uint references;
        ListeningSocket *socket; /* a reference */
        Settings *settings;      /* a reference: owns listener */
        const ListenerSettings *listener;
        const char *name; /* for the log: of the listener, or the address that was passed for it */
        /* References that who makes it puts here. */
        TlsCredentials *credentials; /* NULL: no TLS */
        AccessPolicy *policy;        /* NULL: neither passwords nor rules */
} Endpoint;

/*
 * What becomes of one at a reload. before NULL: it is added; after NULL: it is removed, for good;
 * both: new connections come by `after`, which has the socket of `before` (endpoint_renew()), or
 * one of its own; then `before` is removed, but its clients stay if the listeners have the same
 * name.
 */
typedef struct EndpointChange {
        Endpoint *before;
        Endpoint *after;
} EndpointChange;

/* With a socket of its own. Takes the fd over on success only; references the settings, which own
 * the listener. 0 or -ENOMEM. */
int endpoint_new(Settings *settings, const ListenerSettings *listener, int fd,
                 Endpoint **ret_endpoint);
/* The same socket under newer settings, and with these credentials (referenced; NULL: no TLS).
 * 0 or -ENOMEM. */
int endpoint_renew(Endpoint *before, Settings *settings, const ListenerSettings *listener,
                   TlsCredentials *credentials, Endpoint **ret_endpoint);
/* Whether the user of the peer's process is asked for before its CONNECT (unix_peer_username). */
static inline bool endpoint_names_peers(const Endpoint *endpoint)
{
        return endpoint->listener->unix_peer_username && endpoint->socket->is_unix &&
               !endpoint->credentials;
}

Endpoint *endpoint_ref(Endpoint *endpoint);
Endpoint *endpoint_unref(Endpoint *endpoint);
DEFINE_CLEANUP(Endpoint, endpoint_unref)
