/* SPDX-License-Identifier: Apache-2.0 */

/* The orderly end of a worker. */

#include "server/shard-stop.h"

#include "mqtt/protocol.h"
#include "server/acceptor.h"
#include "server/connection-end.h"
#include "server/deliver.h"
#include "server/keeping.h"
#include "server/shard-store.h"

/* One that is kept and has a delay waits in the store, as it would here. */
static int publish_will(Session *session, void *data)
{
        Shard *shard = data;
        Message *will = NULL;

        if (!shard_keeps(shard, session) || session_will_delay(session) == 0)
                will = session_take_will(session);
        if (will)
                deliver_will(shard, will, session);
        message_unref(will);
        return 0;
}

/* Nothing new comes in, while what has come is acknowledged. */
static void stop_reading(Shard *shard)
{
        shard->leaving = true;
        list_foreach (Connection, connection, &shard->connections, link)
                connection_schedule(connection);
}

/* Of sessions that are away too: without a store they end here, before their will's delay. */
void shard_stop_wills(Shard *shard)
{
        /* The rules by which wills are judged are those of the listeners. */
        sessions_foreach(shard->sessions, publish_will, shard);
        acceptors_close(shard);
        if (shard->store) {
                stop_reading(shard);
                return;
        }
        shard_send_mail(shard);
        sem_post(&shard->plane->wills_published);
}

void shard_stop_go_on(Shard *shard)
{
        if (_likely_(!shard->leaving) || shard->left || !keeping_is_quiet(shard))
                return;
        shard->left = true;
        shard_send_mail(shard);
        sem_post(&shard->plane->wills_published);
}

void shard_stop_finish(Shard *shard, msec_t deadline)
{
        shard->finishing = true;
        shard->finish_deadline = deadline;
        shard->helpers_deadline = loop_now(&shard->loop) + STOP_HELPERS_TIME;
        list_foreach_safe (Connection, connection, &shard->connections, link)
                connection_fail(connection, REASON_SERVER_SHUTTING_DOWN, NULL);
}

void shard_stop_suspend(Shard *shard)
{
        shard->suspended = true;
        acceptors_close(shard);
}

bool shard_stop_is_done(const Shard *shard)
{
        const msec_t now = loop_now(&shard->loop);

        /* What helpers have cannot be waited for elsewhere; it ends after one step, if at all. */
        return (shard->n_steps == 0 || now >= shard->helpers_deadline) &&
               (list_is_empty(&shard->connections) || now >= shard->finish_deadline);
}

void shard_stop_end(Shard *shard)
{
        atomic_fetch_add_explicit(&shard->plane->stragglers, shard->n_steps, memory_order_relaxed);
        list_foreach_safe (Connection, connection, &shard->connections, link)
                connection_close(connection);
        keeping_give_up(shard);
}
