/* SPDX-License-Identifier: Apache-2.0 */

/* PINGREQ and DISCONNECT from a client. */

#include "server/dispatch.h"

#include "mqtt/disconnect.h"
#include "mqtt/ping.h"
#include "server/connection-end.h"
#include "server/reply.h"

int handle_pingreq(Connection *connection, const Packet *packet)
{
        int r = ping_decode(packet->body);

        return r != 0 ? r : reply_pingresp(connection);
}

/* The client may change how long its session lives, but not bring one to life [MQTT-3.14.2.2.2]. */
static int change_expiry(Connection *connection, uint32_t interval)
{
        if (interval > 0 && !connection->session_is_lasting)
                return REASON_PROTOCOL_ERROR;
        session_set_expiry(connection->session, interval);
        return 0;
}

int handle_disconnect(Connection *connection, const Packet *packet)
{
        Disconnect disconnect;
        int r;

        r = disconnect_decode(packet->body, connection->version, &disconnect);
        if (r != 0)
                return r;
        if (connection->phase != CONNECTION_OPEN) { /* amid its login, without a session */
                connection_fail(connection, 0, NULL);
                return 0;
        }
        if (properties_has(&disconnect.properties, PROPERTY_SESSION_EXPIRY_INTERVAL)) {
                r = change_expiry(connection, disconnect.properties.session_expiry_interval);
                if (r != 0)
                        return r;
        }
        /* Any other reason than 0 keeps the will (MQTT 5.0, 3.14.4). */
        if (disconnect.reason == REASON_NORMAL_DISCONNECTION)
                session_set_will(connection->session, NULL, 0);
        connection_end(connection);
        return 0;
}
