/* SPDX-License-Identifier: Apache-2.0 */

/* Which connections have a tap. */

#include "server/client-trace.h"

#include <errno.h>

#include "server/client-log.h"
#include "server/tap.h"

int client_trace_attach(Connection *connection, Bytes client)
{
        Extras *extras = extras_own(&connection->extras);
        int r;

        if (!extras)
                return -ENOMEM;
        if (extras->tap)
                return 0;
        r = tap_new(connection->shard->plane->traces, client, (MqttVersion)connection->version,
                    &connection->output, &extras->tap);
        connection->is_traced = r == 0;
        return r;
}

void client_trace_connect(Connection *connection, const Packet *packet, Bytes client)
{
        char peer[ADDRESS_TEXT_MAX];

        if (_likely_(!traces_are_there(connection->shard->plane->traces)) ||
            !traces_have(connection->shard->plane->traces, client) ||
            client_trace_attach(connection, client) < 0)
                return;
        tap_connect(connection->extras->tap, packet,
                    connection_peer_format(connection, peer, sizeof(peer)),
                    connection->endpoint->name);
}

/* client_trace_connect() tells of a CONNECT, when it knows whose it is. */
void client_trace_received(Connection *connection, const Packet *packet)
{
        if (connection->phase != CONNECTION_WAITS && connection_keep_tap(connection))
                tap_received(connection->extras->tap, packet);
}

void client_trace_wait(const Connection *connection)
{
        if (connection->is_traced)
                tap_wait(connection->extras->tap);
}

void client_trace_end(const Connection *connection, int r, const char *detail)
{
        if (_unlikely_(connection->is_traced))
                tap_end(connection->extras->tap, r > 0 ? (unsigned)r : 0, client_log_reason(r),
                        detail);
}
