/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which connections have a tap (tap.h): those of clients that somebody watches, from their CONNECT
 * on, or from when a trace begins. Without its flag `is_traced` nothing of this is called on the
 * way of a packet.
 *
 * Thread: worker
 */
#pragma once

#include "mqtt/packet.h"
#include "server/connection.h"

/* Gives it a tap, if it has none. 0 or -ENOMEM. */
int client_trace_attach(Connection *connection, Bytes client);

/* A CONNECT that was decoded, of this client, if somebody watches it. */
void client_trace_connect(Connection *connection, const Packet *packet, Bytes client);

/* Of one that has a tap: a packet is about to take effect; it waits, and will come again. */
void client_trace_received(Connection *connection, const Packet *packet);
void client_trace_wait(const Connection *connection);

/* The end, before it happens: r and detail as for connection_fail(). */
void client_trace_end(const Connection *connection, int r, const char *detail);
