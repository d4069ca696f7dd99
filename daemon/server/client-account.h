/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What all connections of one user share (access/accounts.h). A connection has an account if its
 * user has been shown to be that one, by whatever login, and users are limited: a name that anybody
 * may claim is nobody's.
 *
 * Thread: worker
 */
#pragma once

#include "server/connection.h"

/* For one that is about to be let in, and has left the newcomers. 0; REASON_QUOTA_EXCEEDED or
 * REASON_CONNECTION_RATE_EXCEEDED, counted and told in summaries; or -ENOMEM. */
int client_account_enter(Connection *connection);

/* The session that it is about to get becomes its user's, if sessions of users, or what is in
 * them, are limited; else nobody's. 0; REASON_QUOTA_EXCEEDED, counted and told in summaries; or
 * -ENOMEM. */
int client_account_own(Connection *connection, Session *session);

/* For one that is in: after a reload, or a restart, it has an account or none as the settings want
 * it. Nothing is refused; without memory it has none. */
void client_account_review(Connection *connection);

/* It goes. Idempotent. */
void client_account_leave(Connection *connection);

/* With the subscription that has just been made: false if its user may not have so many. */
bool client_account_may_subscribe(const Connection *connection);

/* NULL: it has none. Of one that is no newcomer. */
static inline Account *client_account(const Connection *connection)
{
        return connection->pace ? connection->pace->account : NULL;
}
