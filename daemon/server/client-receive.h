/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a client has sent takes effect, packet by packet; a packet that has begun, or that waits for
 * an answer, is kept in the input of its connection.
 *
 * Thread: worker
 */
#pragma once

#include "server/connection.h"

/* Of the `piece` of a connection's source, bytes. */
#define CLIENT_PIECE_UNIT ((size_t)1024)

/* Lets the data take effect. False: the connection has moved or ended, or waits for an answer of a
 * helper, and is not touched any more. */
bool client_receive(Connection *connection, Bytes data);
