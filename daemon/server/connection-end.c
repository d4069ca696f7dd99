/* SPDX-License-Identifier: Apache-2.0 */

/* The end of a connection, for whatever reason. */

#include "server/connection-end.h"

#include <errno.h>

#include "mqtt/connack.h"
#include "mqtt/disconnect.h"
#include "server/client-event.h"
#include "server/client-log.h"
#include "server/client-session.h"
#include "server/client-trace.h"
#include "server/pump.h"
#include "server/relay.h"
#include "transport/websocket.h"

/* Of a peer that is to read why it was refused. */
#define LINGER_TIME 1000U
/* The answer to an HTTP request that comes to nothing. */
#define HTTP_UNAVAILABLE 503

void connection_linger_on(Connection *connection)
{
        Loop *loop = &connection->shard->loop;
        int r;

        if (connection->withheld > 0)
                return;
        r = connection_write(connection);
        if (r == 0)
                r = connection->transport.ops->finish(&connection->transport);
        if (r == -EAGAIN)
                r = loop_modify(loop, &connection->source, EPOLLIN | EPOLLOUT);
        else if (r == 0)
                r = loop_modify(loop, &connection->source, EPOLLIN);
        if (r < 0)
                connection_close(connection);
}

static void connection_linger(Connection *connection)
{
        Loop *loop = &connection->shard->loop;

        connection_drop_relay(connection);
        connection->phase = CONNECTION_LINGERS;
        connection->source.is_behind = false;
        connection->source.is_late = true;
        connection_leave_place(connection);
        connection_leave_newcomers(connection);
        list_remove(&connection->flush_link);
        if (loop_timer_arm(loop, &connection->timer, loop_now(loop) + LINGER_TIME) < 0)
                connection_close(connection);
        else
                connection_linger_on(connection);
}

/* Takes back what is larger than the client accepts [MQTT-3.1.2-24]. */
static int check_fits(Connection *connection, size_t before, int r)
{
        Buffer *output = &connection->output.bytes;

        if (r == 0 && connection->max_outgoing_size > 0 &&
            buffer_length(output) - before > connection->max_outgoing_size) {
                output->end = output->start + (uint32_t)before;
                r = -EMSGSIZE;
        }
        return r;
}

static int append_connack(Connection *connection, uint8_t reason, const Properties *properties)
{
        Connack connack = {.reason = reason, .properties = *properties};
        Buffer *output = connection_output(connection);
        size_t before = buffer_length(output);

        return check_fits(connection, before,
                          connack_encode(&connack, connection->version, output));
}

static int append_disconnect(Connection *connection, uint8_t reason, const Properties *properties)
{
        Disconnect disconnect = {.reason = reason, .properties = *properties};
        Buffer *output = connection_output(connection);
        size_t before = buffer_length(output);

        return check_fits(connection, before,
                          disconnect_encode(&disconnect, connection->version, output));
}

/* With the Reason String if there is one and it fits, else without [MQTT-3.2.2-19],
 * [MQTT-3.14.2-3]. */
static bool append_farewell(Connection *connection, uint8_t reason, const char *detail,
                            int (*append)(Connection *, uint8_t, const Properties *))
{
        Properties properties;

        properties_init(&properties);
        if (detail && connection->wants_problem_information) {
                properties.present |= PROPERTY_BIT(PROPERTY_REASON_STRING);
                properties.reason_string = bytes_from_string(detail);
                if (append(connection, reason, &properties) == 0)
                        return true;
                properties_init(&properties);
        }
        return append(connection, reason, &properties) == 0;
}

/* Whether the peer gets a packet that says why, in the phase it is in. */
static bool connection_explain(Connection *connection, int reason, const char *detail)
{
        switch (connection->phase) {
        case CONNECTION_UPGRADES:
                return connection->extras->relay &&
                       relay_refuse(connection->extras->relay, HTTP_UNAVAILABLE,
                                    connection_output(connection));
        case CONNECTION_WAITS:
        case CONNECTION_PROVES:
        case CONNECTION_CONVERSES:
                if (connection->version == MQTT_UNKNOWN)
                        return false;
                counters_add(connection->shard->counters.connects_refused, 1);
                if (reason == REASON_SERVER_SHUTTING_DOWN) /* of DISCONNECT alone */
                        reason = REASON_SERVER_UNAVAILABLE;
                return append_farewell(connection, (uint8_t)reason, detail, append_connack);
        case CONNECTION_OPEN:
                return connection->version == MQTT_5 &&
                       append_farewell(connection, (uint8_t)reason, detail, append_disconnect);
        default:
                return false;
        }
}

/* What a WebSocket is told; all other reasons are those of a policy. */
static const struct {
        uint8_t reason;
        WebsocketCode code;
} close_codes[] = {
        {REASON_IMPLEMENTATION_SPECIFIC_ERROR, WEBSOCKET_INTERNAL_ERROR},
        {REASON_MALFORMED_PACKET, WEBSOCKET_PROTOCOL_ERROR},
        {REASON_PACKET_TOO_LARGE, WEBSOCKET_TOO_BIG},
        {REASON_PROTOCOL_ERROR, WEBSOCKET_PROTOCOL_ERROR},
        {REASON_RECEIVE_MAXIMUM_EXCEEDED, WEBSOCKET_PROTOCOL_ERROR},
        {REASON_SERVER_BUSY, WEBSOCKET_TRY_AGAIN_LATER},
        {REASON_SERVER_MOVED, WEBSOCKET_GOING_AWAY},
        {REASON_SERVER_SHUTTING_DOWN, WEBSOCKET_GOING_AWAY},
        {REASON_SESSION_TAKEN_OVER, WEBSOCKET_NORMAL},
        {REASON_TOPIC_ALIAS_INVALID, WEBSOCKET_PROTOCOL_ERROR},
        {REASON_TOPIC_FILTER_INVALID, WEBSOCKET_PROTOCOL_ERROR},
        {REASON_TOPIC_NAME_INVALID, WEBSOCKET_PROTOCOL_ERROR},
        {REASON_UNSPECIFIED_ERROR, WEBSOCKET_INTERNAL_ERROR},
        {REASON_USE_ANOTHER_SERVER, WEBSOCKET_GOING_AWAY},
};

static WebsocketCode close_code(int r)
{
        if (r <= 0)
                return r == 0            ? WEBSOCKET_NORMAL
                       : r == -ETIMEDOUT ? WEBSOCKET_POLICY_VIOLATION
                                         : WEBSOCKET_INTERNAL_ERROR;
        for (size_t i = 0; i < ARRAY_SIZE(close_codes); i++)
                if (close_codes[i].reason == r)
                        return close_codes[i].code;
        return WEBSOCKET_POLICY_VIOLATION;
}

/* Whether there is somebody to tell why it ends, though not by MQTT. */
static bool prepare_close(Connection *connection, int r)
{
        if (connection->extras->pump) {
                pump_set_code(connection->extras->pump, close_code(r));
                return !pump_is_over(connection->extras->pump);
        }
        if (websocket_is(&connection->transport))
                websocket_set_code(&connection->transport, close_code(r));
        else
                return false;
        return r != 0;
}

static bool reason_is_the_peers_fault(int reason)
{
        return reason == REASON_MALFORMED_PACKET || reason == REASON_PROTOCOL_ERROR ||
               reason == REASON_PACKET_TOO_LARGE || reason == REASON_RECEIVE_MAXIMUM_EXCEEDED ||
               reason == REASON_TOPIC_ALIAS_INVALID || reason == REASON_TOPIC_NAME_INVALID ||
               reason == REASON_TOPIC_FILTER_INVALID;
}

void connection_fail(Connection *connection, int r, const char *detail)
{
        bool shakes = connection->phase == CONNECTION_SHAKES;
        /* A failed handshake has left an alert for the peer. */
        bool lingers = shakes ? r == -EPROTO : r == REASON_SERVER_SHUTTING_DOWN;

        if (connection->phase > CONNECTION_OPEN)
                return;
        client_event_ended(connection, r, detail);
        client_trace_end(connection, r, detail);
        if (connection->shard->greeting.of == connection)
                connection->shard->greeting = (ShardGreeting){};
        connection_drop_connect(connection);
        client_log_end(connection, r, detail);
        if (reason_is_the_peers_fault(r))
                counters_add(connection->shard->counters.protocol_errors, 1);
        if (r > 0)
                lingers |= connection_explain(connection, r, detail);
        client_session_detach(connection);
        lingers |= prepare_close(connection, r);
        if (lingers)
                connection_linger(connection);
        else
                connection_close(connection);
}

void connection_end_answered(Connection *connection)
{
        connection_drop_connect(connection);
        connection_linger(connection);
}

void connection_end(Connection *connection)
{
        if (connection->phase != CONNECTION_OPEN)
                return;
        client_event_ended(connection, 0, NULL);
        client_trace_end(connection, 0, NULL);
        client_log_end(connection, 0, NULL);
        client_session_detach(connection);
        /* The Close that it answers with would find nobody, and reset what it has not read. */
        if (websocket_is(&connection->transport) || connection->extras->pump) {
                connection_linger(connection);
                return;
        }
        /* What was answered before the DISCONNECT in the same segment still goes out. */
        connection_write(connection);
        connection_close(connection);
}
