/* SPDX-License-Identifier: Apache-2.0 */

/* The name by which TLS knows a client. */

#include "server/peer-name.h"

#include "server/pump.h"
#include "transport/websocket.h"

int peer_name(const Connection *connection, TlsName which, char **ret_name)
{
        const Pump *pump = connection->extras->pump;

        if (!connection->extras->proxy_name || which != TLS_NAME_COMMON)
                return tls_peer_name(pump ? &pump->below : websocket_under(&connection->transport),
                                     which, ret_name);
        return bytes_duplicate(bytes_from_string(connection->extras->proxy_name),
                               (uint8_t **)ret_name);
}
