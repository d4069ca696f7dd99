/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a transport does before data: the handshake of TLS. Its steps are as expensive as hundreds
 * of messages; those that are slower still a worker gives to the helpers of the plane.
 *
 * Thread: worker
 */
#pragma once

#include "server/connection.h"

/* Goes on with one that SHAKES. True: it is done, connection_begin(). False: it is
 * not yet, or a helper has it, or it has failed, and the connection
 * has ended. */
bool handshake_go_on(Connection *connection);

/* A helper has made a step of it (MAIL_HANDSHAKE). */
void handshake_returned(Connection *connection);

/* The same, when the worker is no more. */
void handshake_dropped(Connection *connection);
