/* SPDX-License-Identifier: Apache-2.0 */

/* A connection gets the session of its client identifier. */

#include "server/session-open.h"

#include <errno.h>

#include "mqtt/protocol.h"
#include "server/answer.h"
#include "server/ban-rule.h"
#include "server/client-account.h"
#include "server/client-log.h"
#include "server/client-read.h"
#include "server/client-session.h"
#include "server/connection-end.h"
#include "util/bucket.h"

static int open_owned(Connection *connection, Bytes client_id, Session **ret_session)
{
        Sessions *sessions = connection->shard->sessions;
        Session *session;
        int r = sessions_open(sessions, client_id, &session);

        if (r < 0)
                return r;
        r = client_account_own(connection, session);
        if (r != 0)
                sessions_close(sessions, session);
        else
                *ret_session = session;
        return r;
}

static int open_new(Connection *connection, Bytes client_id, Session **ret_session)
{
        Shard *shard = connection->shard;
        int limit = shard->settings->global_max_clients;
        unsigned others;
        int r;

        /* Who comes back to a session may come in: it drains its queue. */
        if (plane_has_memory_pressure(shard->plane))
                return REASON_QUOTA_EXCEEDED;
        others = atomic_fetch_add_explicit(&shard->plane->sessions, 1, memory_order_relaxed);
        r = limit >= 0 && others >= (unsigned)limit
                    ? REASON_QUOTA_EXCEEDED
                    : open_owned(connection, client_id, ret_session);
        if (r != 0)
                atomic_fetch_sub_explicit(&shard->plane->sessions, 1, memory_order_relaxed);
        return r;
}

/* Two clients with one identifier throw each other out for ever, each time with all the work of a
 * CONNECT. Of one that has done so too often of late the one that is there stays for a while. */
static bool flaps(Connection *connection, const Connection *before)
{
        const unsigned limit = connection_settings(connection)->client_max_takeovers;
        const BucketFlow flow = {.rate = limit, .burst = limit * UINT64_C(120)};
        Pace *pace = connection_pace(connection);

        if (pace && before->pace)
                pace->takeovers = before->pace->takeovers;
        return pace && limit > 0 &&
               !bucket_take(&pace->takeovers, flow, 60, loop_now(&connection->shard->loop));
}

/*
 * The connection that has the session ends, unless that has happened too often. It may have said
 * that it does, and nobody has read it: the client has come back by another socket, and none is
 * read before another.
 */
static int take_over(Connection *connection, Connection *before)
{
        if (connection_reads(before))
                client_hear_out(before);
        if (before->phase != CONNECTION_OPEN)
                return 0;
        connection_leave_newcomers(connection);
        if (flaps(connection, before)) {
                counters_add(connection->shard->counters.takeovers_refused, 1);
                client_log_flapping(connection, before);
                ban_rule_note(connection->shard, connection->endpoint, &connection->peer.any,
                              OFFENCE_TAKEOVER);
                return REASON_CONNECTION_RATE_EXCEEDED;
        }
        /* The last that it can do: its rate is nothing to wait for any more. */
        if (before->is_paused)
                client_hear_out(before);
        connection_fail(before, REASON_SESSION_TAKEN_OVER, NULL);
        return 0;
}

/* The session of this client identifier that is to be resumed, or NULL; what stands in the way
 * ends. What becomes of one that is kept is told when it is on the disk, also if it is kept no
 * more.
 */
static int claim_session(Connection *connection, const ClientSessionRequest *request,
                         Session **ret_session)
{
        Shard *shard = connection->shard;
        Session *session = sessions_find(shard->sessions, request->client_id);
        int r;

        if (session && session_connection(session)) {
                r = take_over(connection, session_connection(session));
                if (r != 0)
                        return r;
                /* It may have ended with its connection. */
                session = sessions_find(shard->sessions, request->client_id);
        }
        if (session) {
                r = answer_hold_output(connection, session);
                if (r < 0)
                        return r;
        }
        if (session && request->clean_start) {
                client_session_end(shard, session, NULL);
                session = NULL;
        }
        *ret_session = session;
        return 0;
}

int client_session_open(Connection *connection, const ClientSessionRequest *request,
                        bool *ret_present)
{
        Shard *shard = connection->shard;
        Session *session;
        bool present;
        int r;

        r = claim_session(connection, request, &session);
        if (r != 0)
                return r;
        /* Behind those whose place it takes: they do not count any more. */
        connection_leave_newcomers(connection);
        r = client_account_enter(connection);
        if (r != 0)
                return r;
        present = session != NULL;
        r = present ? client_account_own(connection, session)
                    : open_new(connection, request->client_id, &session);
        if (r != 0) {
                client_account_leave(connection);
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
