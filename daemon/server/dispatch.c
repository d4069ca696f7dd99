/* SPDX-License-Identifier: Apache-2.0 */

/* A packet to its handler. */

#include "server/dispatch.h"

typedef struct DispatchRow {
        int (*handle)(Connection *connection, const Packet *packet);
        ConnectionPhase phase; /* the only one in which it is legal */
} DispatchRow;

/* What has no row only a server may send, or nobody. */
static const DispatchRow dispatch_rows[16] = {
        [PACKET_CONNECT] = {handle_connect, CONNECTION_WAITS},
        [PACKET_PUBLISH] = {handle_publish, CONNECTION_OPEN},
        [PACKET_PUBACK] = {handle_ack, CONNECTION_OPEN},
        [PACKET_PUBREC] = {handle_ack, CONNECTION_OPEN},
        [PACKET_PUBREL] = {handle_ack, CONNECTION_OPEN},
        [PACKET_PUBCOMP] = {handle_ack, CONNECTION_OPEN},
        [PACKET_SUBSCRIBE] = {handle_subscribe, CONNECTION_OPEN},
        [PACKET_UNSUBSCRIBE] = {handle_unsubscribe, CONNECTION_OPEN},
        [PACKET_PINGREQ] = {handle_pingreq, CONNECTION_OPEN},
        [PACKET_DISCONNECT] = {handle_disconnect, CONNECTION_OPEN},
        [PACKET_AUTH] = {handle_auth, CONNECTION_OPEN},
};

int dispatch_packet(Connection *connection, const Packet *packet)
{
        const DispatchRow *row = &dispatch_rows[packet->type];

        if (!row->handle || row->phase != connection->phase)
                return REASON_PROTOCOL_ERROR;
        return row->handle(connection, packet);
}
