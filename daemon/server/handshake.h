/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a transport does before data: the handshake of TLS. Its steps are as expensive as hundreds
 * of messages, so a worker gives them only part of a turn.
 *
 * Thread: worker
 */
#pragma once

#include "server/connection.h"

/* Goes on with one that SHAKES. True: it is done, the connection WAITS for CONNECT. False: it is
 * not yet, or not in this turn any more, or it has failed, and the connection has ended. */
bool handshake_go_on(Connection *connection);

/* A new turn begins. */
static inline void handshake_new_turn(Shard *shard)
{
        shard->handshake_time = 0;
}
