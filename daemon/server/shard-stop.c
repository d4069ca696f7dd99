/* SPDX-License-Identifier: Apache-2.0 */

/* The orderly end of a worker. */

#include "server/shard-stop.h"

#include "mqtt/protocol.h"
#include "server/acceptor.h"
#include "server/connection-end.h"
#include "server/deliver.h"

void shard_stop_wills(Shard *shard)
{
        acceptors_close(shard);
        list_foreach (Connection, connection, &shard->connections, link) {
                Message *will = connection->session ? session_take_will(connection->session) : NULL;

                if (will)
                        deliver_will(shard, will, session_id(connection->session));
                message_unref(will);
        }
        shard_send_mail(shard);
        sem_post(&shard->plane->wills_published);
}

void shard_stop_finish(Shard *shard, msec_t deadline)
{
        shard->finishing = true;
        shard->finish_deadline = deadline;
        list_foreach_safe (Connection, connection, &shard->connections, link)
                connection_fail(connection, REASON_SERVER_SHUTTING_DOWN, NULL);
}

bool shard_stop_is_done(const Shard *shard)
{
        return list_is_empty(&shard->connections) ||
               loop_now(&shard->loop) >= shard->finish_deadline;
}

void shard_stop_end(Shard *shard)
{
        list_foreach_safe (Connection, connection, &shard->connections, link)
                connection_close(connection);
}
