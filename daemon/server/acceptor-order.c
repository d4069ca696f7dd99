/* SPDX-License-Identifier: Apache-2.0 */

/* The order to go by what is paused. */

#include "server/acceptor-order.h"

#include "server/acceptor.h"

/* What they are to go by is in the sockets. */
static int work(void *question, Shard *shard)
{
        acceptors_look(shard);
        return 0;
}

static void order_free(void *question)
{
}

static const GatherType type = {work, order_free};

int acceptor_order_new(unsigned n_workers, Gather **ret_gather)
{
        return gather_new(&type, NULL, n_workers, ret_gather);
}
