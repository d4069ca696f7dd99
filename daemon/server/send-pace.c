/* SPDX-License-Identifier: Apache-2.0 */

/* How fast one client, and all of one user, are written to. */

#include "server/send-pace.h"

#include <errno.h>

#include "mqtt/protocol.h"
#include "server/client-account.h"
#include "server/client-log.h"
#include "util/bucket.h"

/* A second's worth may go at once. */
static BucketFlow flow_of(uint64_t rate)
{
        return (BucketFlow){.rate = rate, .burst = rate};
}

/* Of its user; 0: none. */
static uint64_t user_rate(const Connection *connection)
{
        return client_account(connection) ? connection_settings(connection)->user_max_send_rate : 0;
}

/* How long it has to wait for the limit for which it waits longest. */
static msec_t wait_of(const Connection *connection, msec_t now, Excess *ret_excess)
{
        const BucketFlow own = flow_of(connection_settings(connection)->client_max_send_rate);
        const BucketFlow all = flow_of(user_rate(connection));
        msec_t wait = 0, other = 0;

        if (own.rate > 0)
                wait = bucket_wait(connection->pace->sent, own, now);
        if (all.rate > 0)
                other = account_wait(client_account(connection), ACCOUNT_SENT, all, now);
        *ret_excess = other > wait ? EXCESS_USER_SEND_RATE : EXCESS_CLIENT_SEND_RATE;
        return MAX(wait, other);
}

static void charge(Connection *connection, size_t n, msec_t now)
{
        const BucketFlow own = flow_of(connection_settings(connection)->client_max_send_rate);
        const BucketFlow all = flow_of(user_rate(connection));
        Pace *pace = connection->pace;

        if (own.rate > 0)
                pace->sent = bucket_without(pace->sent, own, n, now);
        if (all.rate > 0)
                account_charge(pace->account, connection->shard->index, ACCOUNT_SENT, all, n, now);
}

static void hold_is_over(LoopTimer *timer, msec_t now)
{
        Connection *connection = container_of(timer, Pace, hold)->connection;

        connection->is_held = false;
        connection_schedule(connection);
}

static int hold_for(Connection *connection, msec_t wait, Excess excess)
{
        Loop *loop = &connection->shard->loop;
        Pace *pace = connection->pace;

        pace->hold.due = hold_is_over;
        pace->bound = connection_settings(connection)->limit_action == LIMIT_DROP
                              ? 0
                              : send_pace_bound(connection);
        connection->is_held = true;
        counters_add(connection->shard->counters.holds, 1);
        client_log_excess(connection, excess);
        return loop_timer_arm(loop, &pace->hold, loop_now(loop) + wait);
}

int send_pace_written(Connection *connection, size_t n)
{
        const msec_t now = loop_now(&connection->shard->loop);
        Excess excess;
        msec_t wait;

        if (!connection_pace(connection))
                return -ENOMEM;
        if (n == 0)
                return 0;
        wait = wait_of(connection, now, &excess);
        charge(connection, n, now);
        if (connection_settings(connection)->limit_action == LIMIT_DISCONNECT) {
                if (wait > 0)
                        client_log_excess(connection, excess);
                return wait > 0 ? REASON_QUOTA_EXCEEDED : 0;
        }
        wait = wait_of(connection, now, &excess);
        return wait > 0 ? hold_for(connection, wait, excess) : 0;
}

/* 0: none. */
static uint64_t smaller(uint64_t a, uint64_t b)
{
        return a == 0 || (b > 0 && b < a) ? b : a;
}

uint64_t send_pace_bound(const Connection *connection)
{
        const Settings *settings = connection_settings(connection);
        const uint64_t rate = smaller(settings->client_max_send_rate, user_rate(connection));
        const uint64_t bound = smaller(rate, settings->max_output_buffer);

        return bound > 0 ? bound : UINT64_MAX;
}
