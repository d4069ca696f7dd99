/* SPDX-License-Identifier: Apache-2.0 */

/* The order to end the session of a client. */

#include "server/session-drop.h"

#include <errno.h>

#include "mqtt/reason.h"
#include "server/client-session.h"
#include "server/connection-end.h"
#include "server/keeping.h"
#include "server/shard-store.h"
#include "util/log.h"

/* What is not written is there again after the next start: nobody is told that it is gone. */
static int await_disk(const ClientOrder *order, const Shard *shard)
{
        const ShardStore *store = shard->store;

        if (store->durable < order->change)
                return GATHER_WAITS;
        return store->refused == order->change ? -ENOMEM : GATHER_DONE;
}

static int hand_over(ClientOrder *order, Shard *shard)
{
        const uint64_t before = shard->store->facts;

        keeping_hand_over(shard);
        order->change = shard->store->facts;
        return order->change > before ? await_disk(order, shard) : -ENOMEM;
}

static int end_session(ClientOrder *order, Shard *shard)
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
        ClientOrder *order = question;

        if (!client_order_concerns(order, shard))
                return GATHER_DONE;
        return order->was_there ? await_disk(order, shard) : end_session(order, shard);
}

static const GatherType type = {work, client_order_free};

int session_drop_new(const ClientOrder *order, unsigned n_workers, Gather **ret_gather)
{
        return client_order_new(&type, order, n_workers, ret_gather);
}
