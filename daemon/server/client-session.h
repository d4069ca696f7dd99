/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What becomes of a session when its connection or its time is over: wills, messages that others
 * take over, its end.
 *
 * Thread: worker
 */
#pragma once

#include "server/connection.h"

/* The connection has ended: its session stays for its time, its will is due. Without a session:
 * nothing. */
void client_session_detach(Connection *connection);

/* Publishes what is due of a session that ends, and ends it. will: its reference is taken; NULL:
 * the session's own, if it has one. */
void client_session_end(Shard *shard, Session *session, Message *will);

/* Publishes the wills and ends the sessions that are due now. */
void client_sessions_run_due(Shard *shard);

/* Sessions may have become due earlier or later: looks at them anew. */
void client_sessions_arm(Shard *shard);
