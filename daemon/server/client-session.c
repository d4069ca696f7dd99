/* SPDX-License-Identifier: Apache-2.0 */

/* Where a connection and a session meet. */

#include "server/client-session.h"

#include <errno.h>

#include "mqtt/ack.h"
#include "mqtt/protocol.h"
#include "server/deliver.h"

void client_session_end(Shard *shard, Session *session, Message *will)
{
        if (!will)
                will = session_take_will(session);
        if (will)
                deliver_will(shard, will, session_id(session));
        message_unref(will);
        deliver_again(shard, session, false);
        sessions_close(shard->sessions, session);
        atomic_fetch_sub_explicit(&shard->plane->sessions, 1, memory_order_relaxed);
}

void client_session_detach(Connection *connection)
{
        Shard *shard = connection->shard;
        Session *session = connection->session;

        if (!session)
                return;
        connection->session = NULL;
        counters_add(shard->counters.clients_connected, -1);
        sessions_detach(shard->sessions, session, loop_now(&shard->loop));
        if (session_expiry(session) > 0)
                deliver_again(shard, session, true);
        shard_run_due(shard);
}

static int open_new(Shard *shard, Bytes client_id, Session **ret_session)
{
        int limit = shard->plane->settings->global_max_clients;
        unsigned others =
                atomic_fetch_add_explicit(&shard->plane->sessions, 1, memory_order_relaxed);
        int r = limit >= 0 && others >= (unsigned)limit
                        ? REASON_QUOTA_EXCEEDED
                        : sessions_open(shard->sessions, client_id, ret_session);

        if (r != 0)
                atomic_fetch_sub_explicit(&shard->plane->sessions, 1, memory_order_relaxed);
        return r;
}

/* The session of this client identifier that is to be resumed, or NULL; what stands in the way ends. */
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
                                });
        sessions_attached(shard->sessions, session);
        session_set_will(session, request->will, request->will_delay);
        shard_arm_sessions(shard);
        connection->session = session;
        counters_add(shard->counters.clients_connected, 1);
        counters_add(shard->counters.connections, 1);
        *ret_present = present;
        return 0;
}

/* Nobody will acknowledge what could not be sent: the exchange is over. */
static void forget_delivery(Connection *connection, const Delivery *delivery)
{
        counters_add(connection->shard->counters.publish_dropped, 1);
        if (delivery->qos == 1)
                session_puback(connection->session, delivery->packet_id);
        else if (delivery->qos == 2)
                session_pubrec(connection->session, delivery->packet_id,
                               REASON_PACKET_TOO_LARGE);
}

static int send_pubrel(Connection *connection, uint16_t packet_id)
{
        counters_add(connection->shard->counters.messages_sent, 1);
        return ack_encode_success(PACKET_PUBREL, packet_id, connection_output(connection));
}

static int connection_aliases(Connection *connection)
{
        if (connection->aliases || connection->out_alias_maximum == 0)
                return 0;
        return aliases_new(connection->in_alias_maximum, connection->out_alias_maximum,
                           &connection->aliases);
}

static Bytes mount_point(const Connection *connection)
{
        return bytes_from_string(connection_listener(connection)->mount_point);
}

/* `jail/#` matches `jail` too, which is not inside of the mount point `jail/`. */
static bool is_inside(const Connection *connection, Bytes topic)
{
        Bytes mount = mount_point(connection);

        return mount.length == 0 || (topic.length > mount.length && bytes_has_prefix(topic, mount));
}

int client_session_send(Connection *connection, const Delivery *delivery)
{
        Shard *shard = connection->shard;
        PublishTarget target;
        size_t size, payload;
        int r;

        if (!delivery->message)
                return send_pubrel(connection, delivery->packet_id);
        if (!is_inside(connection, message_topic(delivery->message))) {
                forget_delivery(connection, delivery);
                return 0;
        }
        r = connection_aliases(connection);
        if (r < 0)
                return r;
        connection_output(connection);
        target.output = &connection->output;
        target.aliases = connection->out_alias_maximum > 0 ? connection->aliases : NULL;
        target.strip = mount_point(connection);
        target.max_size = connection->max_outgoing_size;
        target.version = connection->version;
        payload = delivery->message->payload_length;
        r = publish_encoder_append(&shard->encoder, delivery, loop_now(&shard->loop), &target,
                                   &size);
        if (r > 0) {
                forget_delivery(connection, delivery);
                return 0;
        }
        if (r < 0)
                return r;
        counters_add(shard->counters.messages_sent, 1);
        counters_add(shard->counters.publish_sent, 1);
        counters_add(shard->counters.publish_bytes_sent, payload);
        return connection_relieve(connection);
}
