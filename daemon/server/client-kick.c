/* SPDX-License-Identifier: Apache-2.0 */

/* The order to disconnect a client. */

#include "server/client-kick.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/reason.h"
#include "server/connection-end.h"

typedef struct Order {
        char *client, *text;
        uint8_t reason;
        bool without_will;
        atomic_bool was_there;
} Order;

bool client_kick_reason_is_valid(uint32_t reason)
{
        return reason <= UINT8_MAX && reason_is_failure((uint8_t)reason) &&
               reason_is_legal_in(PACKET_DISCONNECT, (uint8_t)reason);
}

static int work(void *question, Shard *shard)
{
        Order *order = question;
        Session *session = sessions_find(shard->sessions, bytes_from_string(order->client));
        Connection *connection = session ? session_connection(session) : NULL;

        if (!connection)
                return 0;
        atomic_store_explicit(&order->was_there, true, memory_order_relaxed);
        if (order->without_will)
                session_set_will(session, NULL, 0);
        connection_fail(connection, order->reason,
                        order->text[0] ? order->text : "an administrator has ended it");
        return 0;
}

static void order_free(void *question)
{
        Order *order = question;

        free(order->client);
        free(order->text);
        free(order);
}

static const GatherType type = {work, order_free};

int client_kick_new(const ClientKick *kick, unsigned n_workers, Gather **ret_gather)
{
        Order *order = calloc(1, sizeof(*order));
        int r = -ENOMEM;

        if (!order)
                return -ENOMEM;
        order->client = strdup(kick->client);
        order->text = strdup(kick->text);
        order->reason = kick->reason;
        order->without_will = kick->without_will;
        if (order->client && order->text)
                r = gather_new(&type, order, n_workers, ret_gather);
        if (r < 0)
                order_free(order);
        return r;
}

bool client_kick_was_there(Gather *gather)
{
        Order *order = gather_question(gather);

        return atomic_load_explicit(&order->was_there, memory_order_relaxed);
}
