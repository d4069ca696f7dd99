/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What has arrived from a client is read, and takes effect.
 *
 * Thread: worker
 */
#pragma once

#include "server/connection.h"

/* Reads what is there: once or twice of the socket, and all that the transport holds. Whatever
 * becomes of the connection has become of it. */
void client_read(Connection *connection);

/* Goes on with what is in its input, then as client_read() if the transport holds more. */
void client_go_on(Connection *connection);

/*
 * Of an OPEN one whose session somebody else asks for: lets all that has arrived take effect, and
 * that may end it. Not what it may not send for now for another reason than its rate; and not more
 * than 1 MiB or so, for who sends without end is not waited for. Leaves the scratch alone, so the
 * caller may be amid another one's packet.
 */
void client_hear_out(Connection *connection);
