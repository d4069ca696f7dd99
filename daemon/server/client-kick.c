/* SPDX-License-Identifier: Apache-2.0 */

/* The order to disconnect a client. */

#include "server/client-kick.h"

#include "mqtt/reason.h"
#include "server/connection-end.h"

bool client_kick_reason_is_valid(uint32_t reason)
{
        return reason <= UINT8_MAX && reason_is_failure((uint8_t)reason) &&
               reason_is_legal_in(PACKET_DISCONNECT, (uint8_t)reason);
}

static int work(void *question, Shard *shard)
{
        ClientOrder *order = question;
        Session *session = sessions_find(shard->sessions, bytes_from_string(order->client));
        Connection *connection = session ? session_connection(session) : NULL;

        if (!connection)
                return 0;
        order->was_there = true;
        if (order->without_will)
                session_set_will(session, NULL, 0);
        connection_fail(connection, order->reason,
                        order->text[0] ? order->text : "an administrator has ended it");
        return 0;
}

static const GatherType type = {work, client_order_free};

int client_kick_new(const ClientOrder *order, unsigned n_workers, Gather **ret_gather)
{
        return client_order_new(&type, order, n_workers, ret_gather);
}
