/* SPDX-License-Identifier: Apache-2.0 */

/* What all connections of one user share. */

#include "server/client-account.h"

#include <errno.h>

#include "access/policy.h"
#include "mqtt/protocol.h"
#include "server/client-log.h"

/* Retained messages are counted elsewhere: retention.h. */
static bool users_are_limited(const Settings *settings)
{
        return settings->user_max_connection_rate > 0 || settings->user_max_connections >= 0 ||
               settings->user_max_message_rate > 0 || settings->user_max_receive_rate > 0 ||
               settings->user_max_send_rate > 0;
}

/* What is counted of their sessions. */
static bool owners_are_limited(const Settings *settings)
{
        return settings->user_max_sessions >= 0 || settings->user_max_subscriptions >= 0 ||
               settings->user_max_queued_bytes > 0;
}

static bool has_user(const Connection *connection)
{
        return connection->username &&
               (connection->is_proven || connection->login_method != LOGIN_NONE);
}

static int enter(Connection *connection, const AccountLimits *limits)
{
        Shard *shard = connection->shard;
        Pace *pace = connection_pace(connection);

        if (!pace)
                return -ENOMEM;
        return accounts_enter(shard->plane->accounts, limits,
                              bytes_from_string(connection->username), loop_now(&shard->loop),
                              &pace->account);
}

int client_account_enter(Connection *connection)
{
        const Settings *settings = connection_settings(connection);
        const AccountLimits limits = {
                .rate = settings->user_max_connection_rate,
                .connections = settings->user_max_connections,
        };
        int r;

        if (_likely_(!users_are_limited(settings)) || !has_user(connection))
                return 0;
        r = enter(connection, &limits);
        if (r <= 0)
                return r;
        counters_add(connection->shard->counters.user_connections_refused, 1);
        client_log_excess(connection, r == REASON_QUOTA_EXCEEDED ? EXCESS_USER_CONNECTIONS
                                                                 : EXCESS_USER_CONNECTION_RATE);
        return r;
}

static Bytes owner_of(const Connection *connection)
{
        return owners_are_limited(connection_settings(connection)) && has_user(connection)
                       ? bytes_from_string(connection->username)
                       : (Bytes){};
}

int client_account_own(Connection *connection, Session *session)
{
        int r = session_own(session, owner_of(connection),
                            connection_settings(connection)->user_max_sessions);

        if (_likely_(r <= 0))
                return r;
        counters_add(connection->shard->counters.user_connections_refused, 1);
        client_log_excess(connection, EXCESS_USER_SESSIONS);
        return r;
}

void client_account_review(Connection *connection)
{
        const bool wants =
                users_are_limited(connection_settings(connection)) && has_user(connection);

        (void)session_own(connection->session, owner_of(connection), -1);
        if (_likely_(wants == (client_account(connection) != NULL)))
                return;
        if (wants)
                (void)enter(connection, NULL);
        else
                client_account_leave(connection);
}

void client_account_leave(Connection *connection)
{
        Account *account = connection->is_newcomer ? NULL : client_account(connection);
        Shard *shard = connection->shard;

        if (!account)
                return;
        accounts_leave(shard->plane->accounts, TAKE_PTR(connection->pace->account),
                       loop_now(&shard->loop));
}

bool client_account_may_subscribe(const Connection *connection)
{
        const int limit = connection_settings(connection)->user_max_subscriptions;

        return limit < 0 || session_owner_subscriptions(connection->session) <= (size_t)limit;
}
