/* SPDX-License-Identifier: Apache-2.0 */

/* PUBACK, PUBREC, PUBREL, PUBCOMP from a client. */

#include "server/dispatch.h"

#include "mqtt/ack.h"
#include "mqtt/reason.h"
#include "server/answer.h"

static int handle_puback(Connection *connection, const Ack *ack)
{
        int r = session_puback(connection->session, ack->packet_id);

        /* What we do not know (any more) is no reason to part: the client may answer from before a
         * restart. */
        return r == REASON_PACKET_IDENTIFIER_NOT_FOUND ? 0 : r;
}

static int handle_pubrec(Connection *connection, const Ack *ack)
{
        int r = session_pubrec(connection->session, ack->packet_id, ack->reason);

        if (r != 0 && r != REASON_PACKET_IDENTIFIER_NOT_FOUND)
                return r;
        if (r == 0 && reason_is_failure(ack->reason))
                return 0;
        return answer_ack_kept(connection, PACKET_PUBREL, ack->packet_id, (uint8_t)r);
}

static int handle_pubrel(Connection *connection, const Ack *ack)
{
        int r = session_publish_released(connection->session, ack->packet_id);

        if (r < 0)
                return r;
        return answer_ack_kept(connection, PACKET_PUBCOMP, ack->packet_id, (uint8_t)r);
}

static int handle_pubcomp(Connection *connection, const Ack *ack)
{
        int r = session_pubcomp(connection->session, ack->packet_id);

        return r == REASON_PACKET_IDENTIFIER_NOT_FOUND ? 0 : r;
}

int handle_ack(Connection *connection, const Packet *packet)
{
        Ack ack;
        int r;

        r = ack_decode(packet->body, connection->version, packet->type, &ack);
        if (r != 0)
                return r;
        switch (packet->type) {
        case PACKET_PUBACK:
                r = handle_puback(connection, &ack);
                break;
        case PACKET_PUBREC:
                r = handle_pubrec(connection, &ack);
                break;
        case PACKET_PUBREL:
                return handle_pubrel(connection, &ack);
        default:
                r = handle_pubcomp(connection, &ack);
        }
        /* The window has moved: something may be waiting for that. */
        if (r == 0 && session_has_pending(connection->session))
                connection_schedule(connection);
        return r;
}
