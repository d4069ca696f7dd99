/* SPDX-License-Identifier: Apache-2.0 */

/* The order to end the session of a client. */

#include "server/session-drop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/reason.h"
#include "server/client-session.h"
#include "server/connection-end.h"
#include "server/keeping.h"
#include "server/shard-store.h"
#include "util/log.h"

/* Only the worker that owns the client identifier writes to it. */
typedef struct Order {
        char *client, *text;
        bool without_will;
        bool was_there;
        uint64_t change; /* that has it, for the disk; 0: none */
} Order;

/* What is not written is there again after the next start: nobody is told that it is gone. */
static int await_disk(const Order *order, const Shard *shard)
{
        const ShardStore *store = shard->store;

        if (store->durable < order->change)
                return GATHER_WAITS;
        return store->refused == order->change ? -ENOMEM : GATHER_DONE;
}

static int hand_over(Order *order, Shard *shard)
{
        const uint64_t before = shard->store->facts;

        keeping_hand_over(shard);
        order->change = shard->store->facts;
        return order->change > before ? await_disk(order, shard) : -ENOMEM;
}

static int end_session(Order *order, Shard *shard)
{
        const Bytes id = bytes_from_string(order->client);
        Session *session = sessions_find(shard->sessions, id);
        bool is_kept;

        if (!session)
                return 0;
        order->was_there = true;
        is_kept = shard_is_strict(shard) && session_number(session) > 0;
        if (order->without_will)
                session_set_will(session, NULL, 0);
        if (session_connection(session))
                connection_fail(session_connection(session), REASON_ADMINISTRATIVE_ACTION,
                                order->text[0] ? order->text
                                               : "an administrator has ended its session");
        /* It may have ended with its connection. */
        session = sessions_find(shard->sessions, id);
        if (session)
                client_session_end(shard, session, NULL);
        log_notice("The session of client %.256s was ended by an administrator%s%s", order->client,
                   order->text[0] ? ": " : "", order->text);
        return is_kept ? hand_over(order, shard) : GATHER_DONE;
}

static int work(void *question, Shard *shard)
{
        Order *order = question;

        if (plane_owner(shard->plane, bytes_from_string(order->client)) != shard->index)
                return GATHER_DONE;
        return order->was_there ? await_disk(order, shard) : end_session(order, shard);
}

static void order_free(void *question)
{
        Order *order = question;

        free(order->client);
        free(order->text);
        free(order);
}

static const GatherType type = {work, order_free};

int session_drop_new(const SessionDrop *drop, unsigned n_workers, Gather **ret_gather)
{
        Order *order = calloc(1, sizeof(*order));
        int r = -ENOMEM;

        if (!order)
                return -ENOMEM;
        order->client = strdup(drop->client);
        order->text = strdup(drop->text);
        order->without_will = drop->without_will;
        if (order->client && order->text)
                r = gather_new(&type, order, n_workers, ret_gather);
        if (r < 0)
                order_free(order);
        return r;
}

bool session_drop_was_there(Gather *gather)
{
        const Order *order = gather_question(gather);

        return order->was_there;
}
