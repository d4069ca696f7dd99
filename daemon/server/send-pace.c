/* SPDX-License-Identifier: Apache-2.0 */

/* How fast one client is written to. */

#include "server/send-pace.h"

#include <errno.h>

#include "mqtt/protocol.h"
#include "server/client-log.h"
#include "server/client-pace.h"
#include "util/bucket.h"

static void hold_is_over(LoopTimer *timer, msec_t now)
{
        Connection *connection = container_of(timer, Pace, hold)->connection;

        connection->is_held = false;
        connection_schedule(connection);
}

static int hold_for(Connection *connection, msec_t wait)
{
        Loop *loop = &connection->shard->loop;
        Pace *pace = connection->pace;

        pace->hold.due = hold_is_over;
        pace->bound = connection_settings(connection)->limit_action == LIMIT_DROP
                              ? 0
                              : send_pace_bound(connection);
        connection->is_held = true;
        counters_add(connection->shard->counters.holds, 1);
        client_log_excess(connection, EXCESS_CLIENT_SEND_RATE);
        return loop_timer_arm(loop, &pace->hold, loop_now(loop) + wait);
}

int send_pace_written(Connection *connection, size_t n)
{
        const Settings *settings = connection_settings(connection);
        const uint64_t rate = settings->client_max_send_rate;
        const BucketFlow flow = {.rate = rate, .burst = rate};
        const msec_t now = loop_now(&connection->shard->loop);
        Pace *pace = client_pace_of(connection);
        msec_t wait;

        if (!pace)
                return -ENOMEM;
        wait = bucket_wait(pace->sent, flow, now);
        pace->sent = bucket_without(pace->sent, flow, n, now);
        if (settings->limit_action != LIMIT_DISCONNECT) {
                wait = bucket_wait(pace->sent, flow, now);
                return wait > 0 && !connection->is_held ? hold_for(connection, wait) : 0;
        }
        if (wait > 0 && n > 0)
                client_log_excess(connection, EXCESS_CLIENT_SEND_RATE);
        return wait > 0 && n > 0 ? REASON_QUOTA_EXCEEDED : 0;
}

uint64_t send_pace_bound(const Connection *connection)
{
        const Settings *settings = connection_settings(connection);
        const uint64_t limit = settings->max_output_buffer;

        return limit > 0 ? MIN(limit, settings->client_max_send_rate)
                         : settings->client_max_send_rate;
}
