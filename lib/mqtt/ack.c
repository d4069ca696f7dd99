/* SPDX-License-Identifier: Apache-2.0 */
/* PUBACK, PUBREC, PUBREL and PUBCOMP. */

#include "mqtt/ack.h"

#include "mqtt/outcome.h"
#include "mqtt/packet.h"
#include "mqtt/reader.h"
#include "mqtt/writer.h"

/* Of the four, PUBREL alone has a flag [MQTT-3.6.1-1]. */
static uint8_t first_byte(PacketType type)
{
        return (uint8_t)(type << 4 | (type == PACKET_PUBREL ? 2 : 0));
}

int ack_decode(Bytes body, MqttVersion version, PacketType type, Ack *ret)
{
        Reader reader = reader_of(body);
        int r;

        ret->type = type;
        ret->reason = REASON_SUCCESS;
        properties_init(&ret->properties);
        r = reader_packet_id(&reader, &ret->packet_id);
        if (r != 0 || reader_is_empty(&reader))
                return r;
        if (version != MQTT_5)
                return REASON_MALFORMED_PACKET;
        return outcome_decode(&reader, type, &ret->reason, &ret->properties);
}

int ack_encode(const Ack *ack, MqttVersion version, Buffer *to)
{
        size_t remaining = 2;
        uint8_t *at;
        int r;

        if (version == MQTT_5)
                remaining += outcome_size(ack->reason, &ack->properties);
        r = packet_append(to, first_byte(ack->type), remaining, &at);
        if (r < 0)
                return r;
        at = write_u16(at, ack->packet_id);
        if (version == MQTT_5)
                outcome_write(ack->reason, &ack->properties, at);
        return 0;
}

int ack_encode_success(PacketType type, uint16_t packet_id, Buffer *to)
{
        uint8_t *at;
        int r = buffer_reserve(to, 4);

        if (r < 0)
                return r;
        at = write_u8(write_u8(buffer_tail(to), first_byte(type)), 2);
        write_u16(at, packet_id);
        buffer_commit(to, 4);
        return 0;
}
