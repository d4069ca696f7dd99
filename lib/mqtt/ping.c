/* SPDX-License-Identifier: Apache-2.0 */
/* PINGREQ and PINGRESP. */

#include "mqtt/ping.h"

#include "mqtt/packet.h"

int ping_decode(Bytes body)
{
        return body.length == 0 ? 0 : REASON_MALFORMED_PACKET;
}

int ping_encode(PacketType type, Buffer *to)
{
        uint8_t *body;

        return packet_append(to, (uint8_t)(type << 4), 0, &body);
}
