/* SPDX-License-Identifier: Apache-2.0 */

/* What an administrator orders about one client. */

#include "server/client-order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/shard.h"

int client_order_new(const GatherType *type, const ClientOrder *order, unsigned n_workers,
                     Gather **ret_gather)
{
        ClientOrder *copy = malloc(sizeof(*copy));
        int r = -ENOMEM;

        if (!copy)
                return -ENOMEM;
        *copy = *order;
        copy->client = strdup(order->client);
        copy->text = strdup(order->text);
        if (copy->client && copy->text)
                r = gather_new(type, copy, n_workers, ret_gather);
        if (r < 0)
                client_order_free(copy);
        return r;
}

void client_order_free(void *data)
{
        ClientOrder *order = data;

        free((char *)order->client);
        free((char *)order->text);
        free(order);
}

bool client_order_concerns(const ClientOrder *order, const Shard *shard)
{
        return plane_owner(shard->plane, bytes_from_string(order->client)) == shard->index;
}

bool client_order_was_there(const Gather *gather)
{
        const ClientOrder *order = gather_question(gather);

        return order->was_there;
}
