/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The end of a connection, for whatever reason. Closing with unread input makes TCP send a reset,
 * which may take the last packets away from the peer. So one that was told why lingers: the rest is
 * written, the write side is shut, and input is thrown away until the peer closes; all that for a
 * moment only.
 *
 * Thread: worker
 */
#pragma once

#include "server/connection.h"

/*
 * The one place where trouble ends a connection. r > 0: a reason code for the peer, told by CONNACK
 * or, in MQTT 5, DISCONNECT; r < 0: -errno; 0: the peer has left. detail may be NULL; a Reason
 * String if the peer wants one. The will is published unless it was taken away before.
 */
void connection_fail(Connection *connection, int r, const char *detail);

/* The orderly end by the client's DISCONNECT, without an answer. */
void connection_end(Connection *connection);

/* The orderly end of one whose HTTP request is answered: it lingers until that is read. */
void connection_end_answered(Connection *connection);

/* Of one that lingers and can be written to again. */
void connection_linger_on(Connection *connection);
