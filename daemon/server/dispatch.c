/* SPDX-License-Identifier: Apache-2.0 */

/* A packet to its handler. */

#include "server/dispatch.h"

typedef struct DispatchRow {
        int (*handle)(Connection *connection, const Packet *packet);
        unsigned phases; /* bits: in which it is legal */
} DispatchRow;

#define IN(_phase) (1U << CONNECTION_##_phase)

/* What has no row only a server may send, or nobody. */
static const DispatchRow dispatch_rows[16] = {
        [PACKET_CONNECT] = {handle_connect, IN(WAITS)},
        [PACKET_PUBLISH] = {handle_publish, IN(OPEN)},
        [PACKET_PUBACK] = {handle_ack, IN(OPEN)},
        [PACKET_PUBREC] = {handle_ack, IN(OPEN)},
        [PACKET_PUBREL] = {handle_ack, IN(OPEN)},
        [PACKET_PUBCOMP] = {handle_ack, IN(OPEN)},
        [PACKET_SUBSCRIBE] = {handle_subscribe, IN(OPEN)},
        [PACKET_UNSUBSCRIBE] = {handle_unsubscribe, IN(OPEN)},
        [PACKET_PINGREQ] = {handle_pingreq, IN(OPEN)},
        [PACKET_DISCONNECT] = {handle_disconnect, IN(CONVERSES) | IN(OPEN)},
        [PACKET_AUTH] = {handle_auth, IN(CONVERSES) | IN(OPEN)},
};

int dispatch_packet(Connection *connection, const Packet *packet)
{
        const DispatchRow *row = &dispatch_rows[packet->type];

        if (!row->handle || !(row->phases & 1U << connection->phase))
                return REASON_PROTOCOL_ERROR;
        return row->handle(connection, packet);
}
