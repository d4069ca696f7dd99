/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A CONNECT that was refused for who sent it: counted, told in a line that other programs read, and
 * held against the address.
 *
 * Thread: worker
 */
#pragma once

#include "mqtt/connect.h"
#include "server/connection.h"

#define MESSAGE_ID_LOGIN_FAILED "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e33"
#define MESSAGE_ID_SHUT_OUT     "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e34"

/* reason: the code that the client is told; nothing happens unless it is about who it is. */
void failed_login_note(Connection *connection, const Connect *connect, int reason);

/* The same for one whose CONNECT is still in its input. */
void failed_login_note_unread(Connection *connection, int reason);
