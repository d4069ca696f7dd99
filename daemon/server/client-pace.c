/* SPDX-License-Identifier: Apache-2.0 */

/* How fast one client, and all of one user, may send. */

#include "server/client-pace.h"

#include <errno.h>

#include "mqtt/protocol.h"
#include "server/client-account.h"
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

/* A second's worth may come at once. */
static BucketFlow flow_of(uint64_t rate)
{
        return (BucketFlow){.rate = rate, .burst = rate};
}

/* What a client, or its user, has to wait for. */
typedef struct Wait {
        msec_t time;
        Excess excess; /* the limit for which it waits longest; EXCESSES_N: none */
} Wait;

static void wait_for(Wait *wait, msec_t time, Excess excess)
{
        if (time > wait->time)
                *wait = (Wait){time, excess};
}

/* --- messages --- */

/* What has come already is counted, whatever there is: what comes next waits. */
static Wait charge_message(Connection *connection, msec_t now)
{
        const Settings *settings = connection_settings(connection);
        const BucketFlow own = flow_of(settings->client_max_message_rate);
        const BucketFlow all = flow_of(settings->user_max_message_rate);
        Account *account = client_account(connection);
        Pace *pace = connection->pace;
        Wait wait = {.excess = EXCESSES_N};

        if (own.rate > 0) {
                wait_for(&wait, bucket_wait(pace->messages, own, now), EXCESS_CLIENT_MESSAGE_RATE);
                pace->messages = bucket_without(pace->messages, own, 1, now);
        }
        if (all.rate > 0 && account &&
            !account_take(account, connection->shard->index, ACCOUNT_MESSAGES, all, now)) {
                wait_for(&wait, account_wait(account, ACCOUNT_MESSAGES, all, now),
                         EXCESS_USER_MESSAGE_RATE);
                account_charge(account, connection->shard->index, ACCOUNT_MESSAGES, all, 1, now);
        }
        return wait;
}

/* EXCESSES_N: it may take effect. */
static Excess take_message(Connection *connection, msec_t now)
{
        const Settings *settings = connection_settings(connection);
        const BucketFlow own = flow_of(settings->client_max_message_rate);
        const BucketFlow all = flow_of(settings->user_max_message_rate);
        Account *account = client_account(connection);

        if (own.rate > 0 && !bucket_take(&connection->pace->messages, own, 1, now))
                return EXCESS_CLIENT_MESSAGE_RATE;
        if (all.rate > 0 && account &&
            !account_take(account, connection->shard->index, ACCOUNT_MESSAGES, all, now))
                return EXCESS_USER_MESSAGE_RATE;
        return EXCESSES_N;
}

int client_pace_message(Connection *connection)
{
        const LimitAction action = connection_settings(connection)->limit_action;
        const msec_t now = loop_now(&connection->shard->loop);
        Excess excess;

        if (!connection_pace(connection))
                return -ENOMEM;
        excess = action == LIMIT_DELAY ? charge_message(connection, now).excess
                                       : take_message(connection, now);
        if (_likely_(excess == EXCESSES_N))
                return 0;
        counters_add(connection->shard->counters.messages_above_rate, 1);
        if (action == LIMIT_DELAY)
                return 0;
        client_log_excess(connection, excess);
        if (action == LIMIT_DISCONNECT)
                return REASON_MESSAGE_RATE_TOO_HIGH;
        /* MQTT 3 cannot be told: as all that is refused for good it is acknowledged. */
        return connection->version == MQTT_5 ? REASON_QUOTA_EXCEEDED
                                             : REASON_IMPLEMENTATION_SPECIFIC_ERROR;
}

/* --- bytes --- */

static Wait wait_of_messages(const Connection *connection, msec_t now)
{
        const Settings *settings = connection_settings(connection);
        const BucketFlow own = flow_of(settings->client_max_message_rate);
        const BucketFlow all = flow_of(settings->user_max_message_rate);
        const Account *account = client_account(connection);
        Wait wait = {.excess = EXCESSES_N};

        if (own.rate > 0)
                wait_for(&wait, bucket_wait(connection->pace->messages, own, now),
                         EXCESS_CLIENT_MESSAGE_RATE);
        if (all.rate > 0 && account)
                wait_for(&wait, account_wait(account, ACCOUNT_MESSAGES, all, now),
                         EXCESS_USER_MESSAGE_RATE);
        return wait;
}

static Wait wait_of_bytes(const Connection *connection, msec_t now)
{
        const Settings *settings = connection_settings(connection);
        const BucketFlow own = flow_of(settings->client_max_receive_rate);
        const BucketFlow all = flow_of(settings->user_max_receive_rate);
        const Account *account = client_account(connection);
        Wait wait = {.excess = EXCESSES_N};

        if (own.rate > 0)
                wait_for(&wait, bucket_wait(connection->pace->bytes, own, now),
                         EXCESS_CLIENT_RECEIVE_RATE);
        if (all.rate > 0 && account)
                wait_for(&wait, account_wait(account, ACCOUNT_RECEIVED, all, now),
                         EXCESS_USER_RECEIVE_RATE);
        return wait;
}

static void charge_bytes(Connection *connection, size_t n, msec_t now)
{
        const Settings *settings = connection_settings(connection);
        const BucketFlow own = flow_of(settings->client_max_receive_rate);
        const BucketFlow all = flow_of(settings->user_max_receive_rate);
        Account *account = client_account(connection);
        Pace *pace = connection->pace;

        if (own.rate > 0)
                pace->bytes = bucket_without(pace->bytes, own, n, now);
        if (all.rate > 0 && account)
                account_charge(account, connection->shard->index, ACCOUNT_RECEIVED, all, n, now);
}

static int pause_for(Connection *connection, const Wait *wait)
{
        Loop *loop = &connection->shard->loop;
        int r;

        connection->pace->timer.due = pause_is_over;
        r = loop_timer_arm(loop, &connection->pace->timer, loop_now(loop) + wait->time);
        if (r < 0)
                return r;
        connection->is_paused = true;
        counters_add(connection->shard->counters.pauses, 1);
        client_log_excess(connection, wait->excess);
        return loop_modify(loop, &connection->source,
                           connection->source.events & ~(uint32_t)EPOLLIN);
}

int client_pace_read(Connection *connection, size_t n, void (*go_on)(Connection *connection))
{
        const LimitAction action = connection_settings(connection)->limit_action;
        const msec_t now = loop_now(&connection->shard->loop);
        Pace *pace = connection_pace(connection);
        Wait wait, messages;

        if (!pace)
                return -ENOMEM;
        pace->go_on = go_on;
        wait = wait_of_bytes(connection, now);
        charge_bytes(connection, n, now);
        if (action == LIMIT_DISCONNECT) {
                if (wait.time > 0)
                        client_log_excess(connection, wait.excess);
                return wait.time > 0 ? REASON_MESSAGE_RATE_TOO_HIGH : 0;
        }
        wait = wait_of_bytes(connection, now);
        if (action == LIMIT_DELAY) {
                messages = wait_of_messages(connection, now);
                wait_for(&wait, messages.time, messages.excess);
        }
        return wait.time > 0 ? pause_for(connection, &wait) : 0;
}

/* --- other rates --- */

static bool has_same_rates(const Settings *a, const Settings *b)
{
        return a->limit_action == b->limit_action &&
               a->client_max_message_rate == b->client_max_message_rate &&
               a->client_max_receive_rate == b->client_max_receive_rate &&
               a->client_max_send_rate == b->client_max_send_rate &&
               a->user_max_message_rate == b->user_max_message_rate &&
               a->user_max_receive_rate == b->user_max_receive_rate &&
               a->user_max_send_rate == b->user_max_send_rate;
}

/* Its timer is in the heap: to move it cannot fail. */
void client_pace_review(Connection *connection)
{
        Loop *loop = &connection->shard->loop;
        Pace *pace = connection->pace;

        if (_likely_(!pace) ||
            has_same_rates(connection_terms(connection), connection_settings(connection)))
                return;
        pace->messages = pace->bytes = pace->sent = 0;
        if (connection->is_paused)
                loop_timer_arm(loop, &pace->timer, loop_now(loop));
        if (connection->is_held)
                loop_timer_arm(loop, &pace->hold, loop_now(loop));
}
