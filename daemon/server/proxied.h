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

/* Goes on with one that is PROXIED. True: the header is complete, the connection SHAKES hands or
 * WAITS for CONNECT. False: it is not yet, or the connection has failed and ended. */
bool proxied_go_on(Connection *connection);
