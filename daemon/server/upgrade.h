/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A connection whose listener speaks HTTP: its one request goes to the HTTP thread, and the answer
 * back. With 101 it is a WebSocket from then on and WAITS for CONNECT; with any other answer it
 * lingers and closes.
 *
 * Thread: worker
 */
#pragma once

#include "server/connection.h"

/* Goes on with one that UPGRADES after events of its socket; ready() is told of the HTTP thread's
 * answers, and calls upgrade_answered(). True: the connection WAITS, and something may be there to
 * read already. False: it does not yet, or has ended. */
bool upgrade_go_on(Connection *connection, uint32_t events,
                   void (*ready)(LoopSource *source, uint32_t events));

/* The same, after events of the pair. */
bool upgrade_answered(Connection *connection);

/* Its time is over: it is told so, and ended. */
void upgrade_time_out(Connection *connection);
