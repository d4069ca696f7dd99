/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A WebSocket after its upgrade as a Transport over another one: read() gives what the client's
 * binary messages carry, writev() makes a binary message of what it is given. Pings are answered,
 * the last one if several wait, and a Close is; both as far as that goes without waiting.
 *
 * A frame that the socket did not take whole counts as written as far as its payload went; the next
 * writev() must go on with the same bytes.
 *
 * Thread: any one at a time
 */
#pragma once

#include "transport/transport.h"
#include "transport/websocket-frame.h"
#include "util/bytes.h"

/* Takes over `below`, whose handshake is done. `early`: what came behind the request of the
 * upgrade; copied. 0 or -ENOMEM; then below is the caller's still. */
int websocket_init(Transport *transport, Transport *below, Bytes early);

/* Whether the transport is one of these. */
bool websocket_is(const Transport *transport);

/* What lies under it; of another transport itself. */
const Transport *websocket_under(const Transport *transport);

/* What the peer is told when it ends: WEBSOCKET_NORMAL unless this was called. */
void websocket_set_code(Transport *transport, WebsocketCode code);
