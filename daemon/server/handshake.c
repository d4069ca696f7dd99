/* SPDX-License-Identifier: Apache-2.0 */

/* What a transport does before data. */

#include "server/handshake.h"

#include <errno.h>
#include <string.h>

#include "server/ban-rule.h"
#include "server/connection-end.h"
#include "server/handshake-step.h"
#include "transport/stream.h"
#include "transport/tls.h"

/* What the kernel says of the client stays with the connection: it outlives a restart. */
static int take_peer_user(Connection *connection)
{
        const char *user = stream_peer_user(&connection->transport);

        if (!user)
                return 0;
        connection->username = strdup(user);
        connection->is_proven = connection->username != NULL;
        return connection->is_proven ? 0 : -ENOMEM;
}

/* Of whatever became of it: a handshake is what costs before anybody is a client. */
static void handshake_count(Connection *connection, int r)
{
        ListenerCounters *counters = &connection->endpoint->socket->counters;
        uint32_t received, sent;

        if (!tls_is(&connection->transport))
                return;
        tls_take_handshake_bytes(&connection->transport, &received, &sent);
        listener_count(&counters->handshake_bytes_received, received);
        listener_count(&counters->handshake_bytes_sent, sent);
        if (r != -EAGAIN)
                listener_count(r == 0 ? &counters->handshakes : &counters->handshakes_failed, 1);
}

/* Held against the address. */
static void handshake_note_refused(Connection *connection)
{
        if (!tls_is(&connection->transport) || !tls_is_refused(&connection->transport))
                return;
        counters_add(connection->shard->counters.handshakes_refused, 1);
        ban_rule_note(connection->shard, connection->endpoint, &connection->peer.any,
                      OFFENCE_HANDSHAKE);
}

/* From its first byte, or the connection, to the end of the last step. */
static void handshake_succeeded(Connection *connection)
{
        Shard *shard = connection->shard;

        counters_add(shard->counters.handshakes, 1);
        if (tls_is(&connection->transport))
                histogram_add(&shard->handshakes, shard->loop.clock() - connection->shakes_since,
                              1);
        connection->traffic = (ConnectionTraffic){};
}

/* What a step has come to, for one that no helper has. True: the connection WAITS for CONNECT. */
static bool handshake_take(Connection *connection, int r)
{
        uint32_t events = EPOLLIN;
        bool done = r == 0;

        handshake_count(connection, r);
        if (r == -EAGAIN) {
                events = connection->transport.ops->wants(&connection->transport);
                r = 0;
        }
        if (r == 0)
                r = loop_modify(&connection->shard->loop, &connection->source, events);
        if (r == 0 && done)
                r = take_peer_user(connection);
        if (r < 0) {
                handshake_note_refused(connection);
                connection_fail(connection, r, transport_trouble(&connection->transport));
                return false;
        }
        if (done) {
                handshake_succeeded(connection);
                connection_begin(connection);
        }
        return done;
}

/* Without its events: a socket that is readable would tell so over and over. */
static int handshake_hand_out(Connection *connection)
{
        Extras *extras = extras_own(&connection->extras);
        int r;

        if (!extras)
                return -ENOMEM;
        r = handshake_step_new(connection, connection->shard, &connection->transport,
                               &extras->step);
        if (r == 0)
                loop_remove(&connection->shard->loop, &connection->source);
        return r;
}

bool handshake_go_on(Connection *connection)
{
        if (connection->transport.slow_handshake) {
                int r = handshake_hand_out(connection);

                if (r == -EBUSY)
                        connection_fail(connection, r, "too many TLS handshakes wait");
                if (r == 0 || r == -EBUSY)
                        return false;
        }
        return handshake_take(connection,
                              connection->transport.ops->handshake(&connection->transport));
}

void handshake_returned(Connection *connection)
{
        Shard *shard = connection->shard;
        Extras *extras = extras_own(&connection->extras);
        int result = extras->step->result, r;

        extras->step = handshake_step_free(extras->step);
        if (connection->phase == CONNECTION_CLOSED) {
                handshake_count(connection, result);
                connection_free(connection);
                return;
        }
        r = loop_add(&shard->loop, &connection->source, EPOLLIN);
        if (r < 0)
                connection_fail(connection, r, NULL);
        else
                handshake_take(connection, result);
}

void handshake_dropped(Connection *connection)
{
        Extras *extras = extras_own(&connection->extras);

        extras->step = handshake_step_free(extras->step);
        if (connection->phase == CONNECTION_CLOSED)
                connection_free(connection);
}
