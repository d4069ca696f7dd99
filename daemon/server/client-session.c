/* SPDX-License-Identifier: Apache-2.0 */

/* What becomes of a session when its connection or its time is over. */

#include "server/client-session.h"

#include "server/client-account.h"
#include "server/deliver.h"
#include "util/log.h"

void client_session_end(Shard *shard, Session *session, Message *will)
{
        if (!will)
                will = session_take_will(session);
        if (will)
                deliver_will(shard, will, session);
        message_unref(will);
        deliver_again(shard, session, false);
        sessions_close(shard->sessions, session);
        atomic_fetch_sub_explicit(&shard->plane->sessions, 1, memory_order_relaxed);
}

void client_sessions_arm(Shard *shard)
{
        msec_t due = sessions_next_due(shard->sessions);

        if (due == MSEC_INFINITY)
                loop_timer_disarm(&shard->loop, &shard->sessions_timer);
        else if (loop_timer_arm(&shard->loop, &shard->sessions_timer, due) < 0)
                log_error("Worker %u: out of memory for the timer of sessions", shard->index);
}

void client_sessions_run_due(Shard *shard)
{
        msec_t now = loop_now(&shard->loop);
        SessionEvent event;
        Session *session;
        Message *will;

        for (;;) {
                will = NULL;
                event = sessions_take_due(shard->sessions, now, &session, &will);
                if (event == SESSION_EVENT_NONE)
                        break;
                if (event == SESSION_EVENT_EXPIRED) {
                        client_session_end(shard, session, will);
                } else {
                        deliver_will(shard, will, session);
                        message_unref(will);
                }
        }
        client_sessions_arm(shard);
}

void client_session_detach(Connection *connection)
{
        Shard *shard = connection->shard;
        Session *session = connection->session;

        if (!session)
                return;
        client_account_leave(connection);
        connection->session = NULL;
        counters_add(shard->counters.clients_connected, -1);
        sessions_detach(shard->sessions, session, loop_now(&shard->loop));
        if (session_expiry(session) > 0)
                deliver_again(shard, session, true);
        client_sessions_run_due(shard);
}
