/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A connection that comes through a proxy: first the header that says who the client is, then all
 * that other connections begin with. Not a byte behind the header is read here.
 *
 * Thread: worker
 */
#pragma once

#include "server/connection.h"

/* Whether who connects from there may speak for others at this listener. */
bool proxied_is_trusted(const ListenerSettings *listener, const struct sockaddr *address);

/* Whether proxies of this listener say in X-Forwarded-For who the client is. */
static inline bool proxied_forwards(const ListenerSettings *listener)
{
        return listener->n_proxies > 0 && listener->enable_proxy_protocol == 0 &&
               listener->protocol != LISTENER_MQTT;
}

/* Whether X-Forwarded-For of a connection that UPGRADES counts: it comes from a proxy that the
 * listener trusts, and by no other way that says who the client is. */
bool proxied_may_forward(const Connection *connection);

/* The client is there, as the proxy says; NULL: nobody else than the proxy. False: it may not come
 * in, and that is noted. */
bool proxied_take_peer(Connection *connection, const Address *address);

/* Goes on with one that is PROXIED. True: the header is complete, the connection SHAKES hands or
 * WAITS for CONNECT. False: it is not yet, or the connection has failed and ended. */
bool proxied_go_on(Connection *connection);
