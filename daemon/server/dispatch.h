/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A packet to its handler: a table of what a client may send, and in which phase.
 *
 * Thread: worker
 */
#pragma once

#include "mqtt/packet.h"
#include "server/connection.h"

/* Of all handlers: 0, a reason code that ends the connection, or -errno; -EINPROGRESS: it is to be
 * called again with this packet, in another turn. The packet's body is a view into memory that does
 * not outlive the call. The connection may be closed or about to move afterwards. */
int dispatch_packet(Connection *connection, const Packet *packet);

int handle_connect(Connection *connection, const Packet *packet);
int handle_publish(Connection *connection, const Packet *packet);
int handle_ack(Connection *connection, const Packet *packet);
int handle_subscribe(Connection *connection, const Packet *packet);
int handle_unsubscribe(Connection *connection, const Packet *packet);
int handle_pingreq(Connection *connection, const Packet *packet);
int handle_disconnect(Connection *connection, const Packet *packet);
int handle_auth(Connection *connection, const Packet *packet);
