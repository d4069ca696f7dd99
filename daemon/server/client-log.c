/* SPDX-License-Identifier: Apache-2.0 */

/* What the log says of clients. */

#include "server/client-log.h"

#include <stdio.h>
#include <string.h>

#include "mqtt/reason.h"
#include "server/http-answer.h"
#include "transport/tls.h"
#include "util/log.h"

#define NAME_MAX_SHOWN 128

/* The client identifier as a C string, cut: a log line is no place for 65,535 bytes. */
static const char *client_name(const Connection *connection, char buffer[NAME_MAX_SHOWN])
{
        Bytes id = {};

        if (connection->session)
                id = session_client_id(connection->session);
        snprintf(buffer, NAME_MAX_SHOWN, "%.*s", (int)MIN(id.length, (size_t)NAME_MAX_SHOWN - 1),
                 id.length > 0 ? (const char *)id.data : "");
        return buffer;
}

bool client_log_may(Shard *shard, RateLimit *limit)
{
        unsigned suppressed;

        if (!ratelimit_test(limit, loop_now(&shard->loop)))
                return false;
        suppressed = ratelimit_take_suppressed(limit);
        if (suppressed > 0)
                log_notice("%u more messages about clients were left out", suppressed);
        return true;
}

void client_log_connected(Connection *connection, const Connect *connect, bool session_present)
{
        char peer[ADDRESS_TEXT_MAX], id[NAME_MAX_SHOWN];
        LogField fields[3];

        if (!connection_settings(connection)->connection_messages ||
            !log_is_enabled(LOG_CATEGORY_NOTICE) ||
            !client_log_may(connection->shard, &connection->shard->log_limit))
                return;
        connection_peer_format(connection, peer, sizeof(peer));
        client_name(connection, id);
        fields[0] = (LogField){"MQTT_CLIENT_ID", id};
        fields[1] = (LogField){"MQTT_PEER", peer};
        fields[2] = (LogField){"MQTT_LISTENER", connection->endpoint->name};
        log_fields(
                LOG_CATEGORY_NOTICE, MESSAGE_ID_CLIENT_CONNECTED, fields, ARRAY_SIZE(fields),
                "Client %s connected from %s (protocol level %u, %s session, keep alive %u s%s%s)",
                id, peer, (unsigned)connect->version, session_present ? "resumed" : "new",
                (unsigned)connect->keep_alive, connection->username ? ", user " : "",
                connection->username ? connection->username : "");
}

const char *client_log_reason(int r)
{
        if (r > 0)
                return reason_name((uint8_t)r);
        return r < 0 ? strerror(-r) : "closed by the client";
}

/* The address stands before all that the client may choose. units/fail2ban reads this line. */
static void log_refused_handshake(Connection *connection, const char *why)
{
        Shard *shard = connection->shard;
        char peer[ADDRESS_TEXT_MAX];
        LogField fields[3];

        if (!log_is_enabled(LOG_CATEGORY_NOTICE) || !client_log_may(shard, &shard->log_limit))
                return;
        connection_peer_format(connection, peer, sizeof(peer));
        fields[0] = (LogField){"MQTT_PEER", peer};
        fields[1] = (LogField){"MQTT_LISTENER", connection->endpoint->name};
        fields[2] = (LogField){"MQTT_REASON", why};
        log_fields(LOG_CATEGORY_NOTICE, MESSAGE_ID_HANDSHAKE_FAILED, fields, ARRAY_SIZE(fields),
                   "Handshake failed from %s: %s, listener %s", peer, why,
                   connection->endpoint->name);
}

void client_log_end(Connection *connection, int r, const char *detail)
{
        LogCategory category = r == 0 ? LOG_CATEGORY_NOTICE : LOG_CATEGORY_INFORMATION;
        bool was_open = connection->session != NULL;
        Shard *shard = connection->shard;
        char peer[ADDRESS_TEXT_MAX], id[NAME_MAX_SHOWN];
        LogField fields[4];

        if (connection->phase == CONNECTION_SHAKES && tls_is(&connection->transport) &&
            tls_is_refused(&connection->transport)) {
                log_refused_handshake(connection, detail ? detail : client_log_reason(r));
                return;
        }
        if ((was_open && !connection_settings(connection)->connection_messages) ||
            !log_is_enabled(category) || (r == 0 && !was_open) ||
            !client_log_may(shard, was_open ? &shard->log_limit : &shard->newcomer_log_limit))
                return;
        connection_peer_format(connection, peer, sizeof(peer));
        client_name(connection, id);
        fields[0] = (LogField){"MQTT_CLIENT_ID", was_open ? id : NULL};
        fields[1] = (LogField){"MQTT_PEER", peer};
        fields[2] = (LogField){"MQTT_LISTENER", connection->endpoint->name};
        fields[3] = (LogField){"MQTT_REASON", client_log_reason(r)};
        log_fields(category, r == 0 ? MESSAGE_ID_CLIENT_DISCONNECTED : MESSAGE_ID_CLIENT_FAILED,
                   fields, ARRAY_SIZE(fields), "%s%s at %s %s: %s%s%s",
                   was_open ? "Client " : "Connection", id, peer, r == 0 ? "disconnected" : "ended",
                   client_log_reason(r), detail ? ", " : "", detail ? detail : "");
}

void client_log_refused_request(Connection *connection, int status, const char *why)
{
        Shard *shard = connection->shard;
        char peer[ADDRESS_TEXT_MAX];
        LogField fields[2];

        if (!log_is_enabled(LOG_CATEGORY_INFORMATION) ||
            !client_log_may(shard, &shard->newcomer_log_limit))
                return;
        connection_peer_format(connection, peer, sizeof(peer));
        fields[0] = (LogField){"MQTT_PEER", peer};
        fields[1] = (LogField){"MQTT_LISTENER", connection->endpoint->name};
        log_fields(LOG_CATEGORY_INFORMATION, MESSAGE_ID_CLIENT_FAILED, fields, ARRAY_SIZE(fields),
                   "Connection at %s ended: HTTP status %d %s%s%s", peer, status,
                   http_status_phrase((unsigned)status), why ? ", " : "", why ? why : "");
}

void client_log_flapping(Connection *newcomer, const Connection *here)
{
        char peer[ADDRESS_TEXT_MAX], other[ADDRESS_TEXT_MAX], id[NAME_MAX_SHOWN];
        Shard *shard = newcomer->shard;
        LogField fields[3];

        if (!log_is_enabled(LOG_CATEGORY_WARNING) || !client_log_may(shard, &shard->log_limit))
                return;
        connection_peer_format(newcomer, peer, sizeof(peer));
        connection_peer_format(here, other, sizeof(other));
        client_name(here, id);
        fields[0] = (LogField){"MQTT_CLIENT_ID", id};
        fields[1] = (LogField){"MQTT_PEER", peer};
        fields[2] = (LogField){"MQTT_OTHER_PEER", other};
        log_fields(LOG_CATEGORY_WARNING, MESSAGE_ID_CLIENT_FLAPPING, fields, ARRAY_SIZE(fields),
                   "Client %s at %s is taken over again and again, now from %s: two devices with "
                   "one client identifier?",
                   id, other, peer);
}

void client_log_excess(Connection *connection, Excess excess)
{
        char peer[ADDRESS_TEXT_MAX];
        Bytes id = {};

        if (!excesses_note(&connection->shard->excesses, excess))
                return;
        if (connection->session)
                id = session_client_id(connection->session);
        connection_peer_format(connection, peer, sizeof(peer));
        excesses_tell(excess, id, bytes_from_string(connection->username), peer);
}

void client_log_subscribe(const Connection *connection, Bytes filter, uint8_t qos)
{
        char id[NAME_MAX_SHOWN];

        log_at(LOG_CATEGORY_SUBSCRIBE, "%s %u %.*s", client_name(connection, id), (unsigned)qos,
               (int)filter.length, (const char *)filter.data);
}

void client_log_unsubscribe(const Connection *connection, Bytes filter)
{
        char id[NAME_MAX_SHOWN];

        log_at(LOG_CATEGORY_UNSUBSCRIBE, "%s %.*s", client_name(connection, id), (int)filter.length,
               (const char *)filter.data);
}
