/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the log says of clients: who came, who went and why. With fields for the journal; what a
 * client can provoke is rate-limited per worker.
 *
 * Thread: worker
 */
#pragma once

#include "mqtt/connect.h"
#include "server/connection.h"

/* MESSAGE_ID of the journal; the catalog explains each to the admin. */
#define MESSAGE_ID_CLIENT_CONNECTED    "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e01"
#define MESSAGE_ID_CLIENT_DISCONNECTED "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e02"
#define MESSAGE_ID_CLIENT_FAILED       "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e03"
#define MESSAGE_ID_CLIENT_FLAPPING     "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e35"
#define MESSAGE_ID_HANDSHAKE_FAILED    "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e38"

/* Whether there is room for one more line within this limit of the shard; if there is, says how
 * many had none. */
bool client_log_may(Shard *shard, RateLimit *limit);

/* Somebody wants to take over its session, once too often. */
void client_log_flapping(Connection *newcomer, const Connection *here);

void client_log_connected(Connection *connection, const Connect *connect, bool session_present);

/* Why it ends, in words: r as for connection_fail(). */
const char *client_log_reason(int r);

/* The end, before it happens: r and detail as for connection_fail(); r 0: in order, or the peer
 * just left. Of a refused TLS handshake it is a line that other programs read. */
void client_log_end(Connection *connection, int r, const char *detail);

/* An HTTP request is answered with this status by the worker itself; why may be NULL. */
void client_log_refused_request(Connection *connection, int status, const char *why);

/* It is above one of its limits: counted in a summary, or told if that was not so for a while. */
void client_log_excess(Connection *connection, Excess excess);

void client_log_subscribe(const Connection *connection, Bytes filter, uint8_t qos);
void client_log_unsubscribe(const Connection *connection, Bytes filter);
