/* SPDX-License-Identifier: Apache-2.0 */

/* What a session has to send, to its connection. */

#include "server/client-fetch.h"

#include "mqtt/protocol.h"
#include "server/client-access.h"
#include "server/connection-end.h"
#include "server/connection-send.h"
#include "server/send-pace.h"

/* Deliveries fetched for one connection in one turn: a long queue must not hold up the others. */
#define FETCH_MAX 256U

/* Rights may have changed since it was queued, or retained. */
static bool may_be_sent(Connection *connection, const Delivery *delivery)
{
        const Message *message = delivery->message;

        if (!message)
                return true;
        if (!client_access_receive(connection, message_topic(message), NULL))
                return false;
        return !delivery->is_stored || !message->has_author ||
               !connection_settings(connection)->check_retain_source ||
               author_may_publish(connection->shard, message, connection->policy);
}

/* What may not be sent is over, as if it had been. */
static int client_send(Connection *connection, const Delivery *delivery)
{
        if (_likely_(may_be_sent(connection, delivery)))
                return connection_send(connection, delivery);
        if (delivery->qos == 1)
                session_puback(connection->session, delivery->packet_id);
        else if (delivery->qos == 2)
                session_pubrec(connection->session, delivery->packet_id, REASON_NOT_AUTHORIZED);
        return 0;
}

static size_t low_water(const Connection *connection)
{
        return send_pace_counts(connection) ? MIN(send_pace_bound(connection), CLIENT_LOW_WATER)
                                            : CLIENT_LOW_WATER;
}

bool client_fetch(Connection *connection)
{
        const size_t enough = low_water(connection);

        for (unsigned i = 0; i < FETCH_MAX; i++) {
                Delivery delivery;
                int r;

                if (output_length(&connection->output) >= enough)
                        return true;
                r = session_dequeue(connection->session, loop_now(&connection->shard->loop),
                                    &delivery);
                if (r == 0)
                        return false;
                if (r == -EAGAIN)
                        return true;
                if (r > 0)
                        r = client_send(connection, &delivery);
                if (r < 0) {
                        connection_fail(connection, r, NULL);
                        return false;
                }
        }
        return true;
}
