/* SPDX-License-Identifier: Apache-2.0 */

/* How fast one client may send. */

#include "server/client-pace.h"

#include <errno.h>
#include <stdlib.h>

#include "mqtt/protocol.h"
#include "server/client-log.h"
#include "util/bucket.h"

static void pause_is_over(LoopTimer *timer, msec_t now)
{
        Pace *pace = container_of(timer, Pace, timer);
        Connection *connection = pace->connection;

        connection->is_paused = false;
        /* Nobody has listened to it meanwhile. */
        connection->last_received = now;
        pace->go_on(connection);
}

Pace *client_pace_of(Connection *connection)
{
        if (!connection->pace) {
                connection->pace = calloc(1, sizeof(*connection->pace));
                if (!connection->pace)
                        return NULL;
                connection->pace->connection = connection;
                loop_timer_init(&connection->pace->timer, pause_is_over);
                loop_timer_init(&connection->pace->hold, NULL);
        }
        return connection->pace;
}

/* A second's worth may come at once. */
static BucketFlow flow_of(uint64_t rate)
{
        return (BucketFlow){.rate = rate, .burst = rate};
}

int client_pace_message(Connection *connection)
{
        const Settings *settings = connection_settings(connection);
        const BucketFlow flow = flow_of(settings->client_max_message_rate);
        const msec_t now = loop_now(&connection->shard->loop);
        Pace *pace = client_pace_of(connection);

        if (!pace)
                return -ENOMEM;
        if (bucket_take(&pace->messages, flow, 1, now))
                return 0;
        counters_add(connection->shard->counters.messages_above_rate, 1);
        switch (settings->limit_action) {
        case LIMIT_DISCONNECT:
                client_log_excess(connection, EXCESS_CLIENT_MESSAGE_RATE);
                return REASON_MESSAGE_RATE_TOO_HIGH;
        case LIMIT_DROP:
                client_log_excess(connection, EXCESS_CLIENT_MESSAGE_RATE);
                /* MQTT 3 cannot be told: as all that is refused for good it is acknowledged. */
                return connection->version == MQTT_5 ? REASON_QUOTA_EXCEEDED
                                                     : REASON_IMPLEMENTATION_SPECIFIC_ERROR;
        default: /* it has come already: what comes next waits */
                pace->messages = bucket_without(pace->messages, flow, 1, now);
                return 0;
        }
}

static int pause_for(Connection *connection, msec_t wait, Excess excess)
{
        Loop *loop = &connection->shard->loop;
        int r = loop_timer_arm(loop, &connection->pace->timer, loop_now(loop) + wait);

        if (r < 0)
                return r;
        connection->is_paused = true;
        counters_add(connection->shard->counters.pauses, 1);
        client_log_excess(connection, excess);
        return loop_modify(loop, &connection->source,
                           connection->source.events & ~(uint32_t)EPOLLIN);
}

int client_pace_read(Connection *connection, size_t n, void (*go_on)(Connection *connection))
{
        const Settings *settings = connection_settings(connection);
        const msec_t now = loop_now(&connection->shard->loop);
        Pace *pace = client_pace_of(connection);
        Excess excess = EXCESS_CLIENT_RECEIVE_RATE;
        msec_t wait = 0;

        if (!pace)
                return -ENOMEM;
        pace->go_on = go_on;
        if (settings->client_max_receive_rate > 0) {
                const BucketFlow flow = flow_of(settings->client_max_receive_rate);

                if (settings->limit_action == LIMIT_DISCONNECT &&
                    bucket_wait(pace->bytes, flow, now) > 0) {
                        client_log_excess(connection, excess);
                        return REASON_MESSAGE_RATE_TOO_HIGH;
                }
                pace->bytes = bucket_without(pace->bytes, flow, n, now);
                if (settings->limit_action != LIMIT_DISCONNECT)
                        wait = bucket_wait(pace->bytes, flow, now);
        }
        if (settings->client_max_message_rate > 0 && settings->limit_action == LIMIT_DELAY) {
                const msec_t other = bucket_wait(pace->messages,
                                                 flow_of(settings->client_max_message_rate), now);

                if (other > wait)
                        excess = EXCESS_CLIENT_MESSAGE_RATE;
                wait = MAX(wait, other);
        }
        return wait > 0 ? pause_for(connection, wait, excess) : 0;
}
