/* SPDX-License-Identifier: Apache-2.0 */

/* A CONNECT that was refused for who sent it. */

#include "server/failed-login.h"

#include <stdio.h>

#include "mqtt/packet.h"
#include "mqtt/protocol.h"
#include "mqtt/reason.h"
#include "server/ban-rule.h"
#include "server/client-log.h"
#include "server/gate.h"
#include "util/log.h"

/* Shown of a name. */
#define SHOWN_MAX 128

static const char *shown(Bytes name, char buffer[SHOWN_MAX + 1])
{
        snprintf(buffer, SHOWN_MAX + 1, "%.*s", (int)MIN(name.length, (size_t)SHOWN_MAX),
                 name.length > 0 ? (const char *)name.data : "");
        return buffer;
}

/* The address stands before all that the client may choose: what it chooses cannot be taken for an
 * address. units/fail2ban reads this line. */
static void log_line(const Connection *connection, const Connect *connect, int reason)
{
        char peer[ADDRESS_TEXT_MAX], user[SHOWN_MAX + 1], id[SHOWN_MAX + 1];
        const LogField fields[] = {
                {"MQTT_PEER", connection_peer_format(connection, peer, sizeof(peer))},
                {"MQTT_USER", shown(connect->username, user)},
                {"MQTT_CLIENT_ID", shown(connect->client_id, id)},
                {"MQTT_LISTENER", connection->endpoint->name},
                {"MQTT_REASON", reason_name((uint8_t)reason)},
        };

        log_fields(LOG_CATEGORY_NOTICE, MESSAGE_ID_LOGIN_FAILED, fields, ARRAY_SIZE(fields),
                   "Login failed from %s: %s, listener %s, user '%s', client '%s'", peer,
                   reason_name((uint8_t)reason), connection->endpoint->name, user, id);
}

static void log_shut_out(const Connection *connection, msec_t time)
{
        const Prefix prefix = neighbour_prefix(connection->neighbour);
        char text[PREFIX_TEXT_MAX];
        const LogField field = {"MQTT_PEER", prefix_format(&prefix, text, sizeof(text))};

        log_fields(LOG_CATEGORY_WARNING, MESSAGE_ID_SHUT_OUT, &field, 1,
                   "Too many failed logins from %s: new connections from there are refused for %u "
                   "seconds",
                   text, (unsigned)(time / MSEC_PER_SEC));
}

void failed_login_note(Connection *connection, const Connect *connect, int reason)
{
        Shard *shard = connection->shard;
        const msec_t now = loop_now(&shard->loop);
        const NeighbourLimits limits = gate_limits(shard->settings);
        msec_t time;

        if (reason != REASON_BAD_USER_NAME_OR_PASSWORD && reason != REASON_NOT_AUTHORIZED &&
            reason != REASON_BAD_AUTHENTICATION_METHOD)
                return;
        counters_add(shard->counters.failed_logins, 1);
        ban_rule_note(shard, connection->endpoint, &connection->peer.any, OFFENCE_LOGIN);
        if (log_is_enabled(LOG_CATEGORY_NOTICE) && client_log_may(shard, &shard->log_limit))
                log_line(connection, connect, reason);
        time = neighbours_failed_login(shard->plane->neighbours, &limits, connection->neighbour,
                                       now);
        if (time > 0)
                log_shut_out(connection, time);
}

void failed_login_note_unread(Connection *connection, int reason)
{
        const Bytes input = buffer_bytes(&connection->input);
        Packet packet;
        Connect connect;

        if (packet_frame(input.data, input.length, 0, connection->version, &packet) == 0 &&
            connect_decode(packet.body, &connect) == 0)
                failed_login_note(connection, &connect, reason);
}
