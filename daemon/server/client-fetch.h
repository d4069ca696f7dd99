/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a session has to send, to its connection: as far as there is room, and as its client may
 * still read it.
 *
 * Thread: worker
 */
#pragma once

#include "server/connection.h"

/* A session is asked for more only below this: the rest waits in its queues, where limits hold. */
#define CLIENT_LOW_WATER (64U * 1024U)

/* Takes from the session what it may send now. True: there may be more in the next turn. */
bool client_fetch(Connection *connection);
