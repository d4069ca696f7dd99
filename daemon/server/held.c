/* SPDX-License-Identifier: Apache-2.0 */

/* What must not be said before it is true. */

#include "server/held.h"

#include <errno.h>

#include "server/reply.h"

/* Of a connection that ends instead. */
#define NO_ANSWER 0

void held_init(Held *held)
{
        *held = (Held){};
        ring_init(&held->answers, sizeof(HeldAnswer));
}

/* One thing less waits for the connection. */
static void let_go(const HeldAnswer *answer)
{
        Connection *connection = answer->connection;

        if (!connection) {
                receipt_unref(answer->receipt);
                return;
        }
        connection->held--;
        if (answer->kind == HELD_OUTPUT)
                connection->withheld--;
        if (connection->phase == CONNECTION_CLOSED && connection->held == 0)
                list_append(&connection->shard->dead, &connection->flush_link);
}

void held_done(Held *held)
{
        const HeldAnswer *answer;

        while ((answer = ring_first(&held->answers))) {
                let_go(answer);
                ring_pop(&held->answers);
        }
        ring_done(&held->answers);
}

static void note(Connection *connection)
{
        connection->held++;
        if (connection_reads(connection) == 0)
                connection_schedule(connection); /* its flush stops to read from it */
}

int held_add(Held *held, const HeldAnswer *answer, uint64_t *ret_place)
{
        HeldAnswer copy = *answer;
        int r;

        if (answer->connection)
                copy.since = latency_stamp(&answer->connection->shard->loop);
        r = ring_push(&held->answers, &copy);
        if (r < 0)
                return r;
        if (answer->connection)
                note(answer->connection);
        else
                receipt_ref(answer->receipt);
        *ret_place = held->passed + held->answers.count - 1;
        return 0;
}

int held_add_output(Held *held, Connection *connection)
{
        const HeldAnswer output = {
                .connection = connection,
                .change = HELD_OPEN,
                .kind = HELD_OUTPUT,
        };
        uint64_t place;
        int r;

        if (connection->withholds)
                return 0;
        r = held_add(held, &output, &place);
        if (r < 0)
                return r;
        connection->withheld++;
        connection->withholds = true;
        return 0;
}

static HeldAnswer *at_place(const Held *held, uint64_t place)
{
        return ring_at(&held->answers, (uint32_t)(place - held->passed));
}

void held_set_change(Held *held, uint64_t place, uint64_t change)
{
        at_place(held, place)->change = change;
}

void held_set_reason(Held *held, uint64_t place, uint8_t reason)
{
        at_place(held, place)->reason = reason;
}

void held_cancel(Held *held)
{
        const HeldAnswer *last = ring_at(&held->answers, held->answers.count - 1);

        if (last->connection)
                last->connection->held--;
        else
                receipt_unref(last->receipt);
        held->answers.count--;
}

void held_end_turn(Held *held, uint64_t change)
{
        const uint64_t end = held->passed + held->answers.count;

        for (uint64_t place = MAX(held->turn, held->passed); place < end; place++) {
                HeldAnswer *answer = at_place(held, place);

                if (answer->kind != HELD_PUBLICATION && answer->change == HELD_OPEN)
                        answer->change = change;
                if (answer->connection)
                        answer->connection->withholds = false;
        }
        held->turn = end;
}

/* What it has to write may go. */
static void release_output(Connection *connection)
{
        if (connection->withheld > 0)
                return;
        /* Its next event writes what it lingers for. */
        if (connection->phase == CONNECTION_LINGERS)
                (void)loop_modify(&connection->shard->loop, &connection->source,
                                  EPOLLIN | EPOLLOUT);
        else
                connection_schedule(connection);
}

static void say(Connection *connection, const HeldAnswer *answer)
{
        int r;

        if (answer->change > 0)
                latency_note(&connection->shard->answers, answer->since, 1);
        if (answer->kind == HELD_OUTPUT) {
                release_output(connection);
                return;
        }
        if (connection->phase != CONNECTION_OPEN || answer->type == NO_ANSWER)
                return;
        r = reply_ack(connection, answer->type, answer->packet_id, answer->reason);
        /* Its flush ends it: others up the stack may still need it. */
        if (r < 0) {
                connection->broken = (int16_t)r;
                connection_schedule(connection);
        }
}

void held_release(Held *held, uint64_t durable)
{
        const HeldAnswer *first;

        while ((first = ring_first(&held->answers)) && first->change <= durable) {
                const HeldAnswer answer = *first;

                ring_pop(&held->answers);
                held->passed++;
                if (answer.receipt) {
                        receipt_say(answer.receipt, answer.reason);
                        held->has_said = true;
                }
                let_go(&answer);
                if (answer.connection)
                        say(answer.connection, &answer);
        }
}

/* A PUBLISH was not kept. At QoS 2 the exchange is over: see refuse() in handle-publish.c. */
static bool refuse_publication(HeldAnswer *answer)
{
        Connection *connection = answer->connection;

        if (answer->type == PACKET_PUBREC)
                session_publish_released(connection->session, answer->packet_id);
        answer->reason = REASON_QUOTA_EXCEEDED;
        return connection->version == MQTT_5;
}

static void refuse(HeldAnswer *answer)
{
        Connection *connection = answer->connection;

        if (!connection)
                answer->reason = REASON_QUOTA_EXCEEDED;
        if (!connection || connection->phase != CONNECTION_OPEN)
                return;
        if (answer->kind == HELD_PUBLICATION && refuse_publication(answer))
                return;
        answer->type = NO_ANSWER;
        connection->broken = -ENOSPC;
        connection_schedule(connection);
}

void held_refuse_one(Held *held, uint64_t place)
{
        refuse(at_place(held, place));
}

void held_refuse(Held *held, uint64_t change)
{
        for (uint32_t i = 0; i < held->answers.count; i++) {
                HeldAnswer *answer = ring_at(&held->answers, i);

                if (answer->change == change &&
                    (change != HELD_OPEN || answer->kind != HELD_PUBLICATION))
                        refuse(answer);
        }
}
