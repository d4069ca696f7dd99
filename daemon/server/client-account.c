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
               settings->user_max_send_rate > 0 || settings->user_max_subscriptions >= 0;
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
        return connection_settings(connection)->user_max_sessions >= 0 && has_user(connection)
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

void client_account_attach(Connection *connection)
{
        Account *account = client_account(connection);

        if (!account)
                return;
        connection->pace->subscriptions = session_n_subscriptions(connection->session);
        account_add_subscriptions(account, connection->pace->subscriptions);
}

void client_account_review(Connection *connection)
{
        const bool wants =
                users_are_limited(connection_settings(connection)) && has_user(connection);

        (void)session_own(connection->session, owner_of(connection), -1);
        if (_likely_(wants == (client_account(connection) != NULL)))
                return;
        if (!wants)
                client_account_leave(connection);
        else if (enter(connection, NULL) == 0)
                client_account_attach(connection);
}

void client_account_leave(Connection *connection)
{
        Account *account = connection->is_newcomer ? NULL : client_account(connection);
        Shard *shard = connection->shard;

        if (!account)
                return;
        account_remove_subscriptions(account, connection->pace->subscriptions);
        connection->pace->subscriptions = 0;
        accounts_leave(shard->plane->accounts, TAKE_PTR(connection->pace->account),
                       loop_now(&shard->loop));
}

bool client_account_subscribe(Connection *connection)
{
        Account *account = client_account(connection);

        if (_likely_(!account))
                return true;
        if (!account_subscribe(account, connection_settings(connection)->user_max_subscriptions))
                return false;
        connection->pace->subscriptions++;
        return true;
}

void client_account_unsubscribe(Connection *connection)
{
        Account *account = client_account(connection);

        if (_likely_(!account))
                return;
        account_remove_subscriptions(account, 1);
        connection->pace->subscriptions--;
}
