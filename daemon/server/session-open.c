/* SPDX-License-Identifier: Apache-2.0 */

/* A connection gets the session of its client identifier. */

#include "server/session-open.h"

#include <errno.h>

#include "mqtt/protocol.h"
#include "server/client-session.h"
#include "server/connection-end.h"

static int open_new(Shard *shard, Bytes client_id, Session **ret_session)
{
        int limit = shard->settings->global_max_clients;
        unsigned others;
        int r;

        /* Who comes back to a session may come in: it drains its queue. */
        if (plane_has_memory_pressure(shard->plane))
                return REASON_QUOTA_EXCEEDED;
        others = atomic_fetch_add_explicit(&shard->plane->sessions, 1, memory_order_relaxed);
        r = limit >= 0 && others >= (unsigned)limit
                    ? REASON_QUOTA_EXCEEDED
                    : sessions_open(shard->sessions, client_id, ret_session);
        if (r != 0)
                atomic_fetch_sub_explicit(&shard->plane->sessions, 1, memory_order_relaxed);
        return r;
}

/* The session of this client identifier that is to be resumed, or NULL; what stands in the way
 * ends. */
static Session *claim_session(Shard *shard, const ClientSessionRequest *request)
{
        Session *session = sessions_find(shard->sessions, request->client_id);

        if (session && session_connection(session)) {
                connection_fail(session_connection(session), REASON_SESSION_TAKEN_OVER, NULL);
                /* It may have ended with its connection. */
                session = sessions_find(shard->sessions, request->client_id);
        }
        if (session && request->clean_start) {
                client_session_end(shard, session, NULL);
                session = NULL;
        }
        return session;
}

int client_session_open(Connection *connection, const ClientSessionRequest *request,
                        bool *ret_present)
{
        Shard *shard = connection->shard;
        Session *session = claim_session(shard, request);
        bool present = session != NULL;
        int r;

        if (!session) {
                r = open_new(shard, request->client_id, &session);
                if (r != 0)
                        return r;
        }
        session_attach(session, &(SessionAttach){
                                        .connection = connection,
                                        .expiry_interval = request->expiry_interval,
                                        .receive_maximum = request->receive_maximum,
                                        .is_unlimited = connection->version != MQTT_5,
                                });
        sessions_attached(shard->sessions, session);
        session_set_will(session, request->will, request->will_delay);
        client_sessions_arm(shard);
        connection->session = session;
        counters_add(shard->counters.clients_connected, 1);
        counters_add(shard->counters.connections, 1);
        *ret_present = present;
        return 0;
}
