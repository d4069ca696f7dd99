/* SPDX-License-Identifier: Apache-2.0 */
/* UNSUBACK. */

#include "mqtt/unsuback.h"

#include "mqtt/packet.h"
#include "mqtt/reader.h"
#include "mqtt/reason.h"
#include "mqtt/writer.h"

int unsuback_decode(Bytes body, MqttVersion version, Unsuback *ret)
{
        Reader reader = reader_of(body);
        int r;

        properties_init(&ret->properties);
        r = reader_packet_id(&reader, &ret->packet_id);
        if (r == 0 && version == MQTT_5)
                r = properties_decode(&reader, PROPERTIES_UNSUBACK, &ret->properties);
        if (r != 0)
                return r;
        ret->reasons = reader_rest(&reader);
        if (version != MQTT_5)
                return ret->reasons.length == 0 ? 0 : REASON_MALFORMED_PACKET;
        if (ret->reasons.length == 0)
                return REASON_PROTOCOL_ERROR;
        for (size_t i = 0; i < ret->reasons.length; i++)
                if (!reason_is_legal_in(PACKET_UNSUBACK, ret->reasons.data[i]))
                        return REASON_PROTOCOL_ERROR;
        return 0;
}

int unsuback_encode(const Unsuback *unsuback, MqttVersion version, Buffer *to)
{
        size_t remaining = 2;
        uint8_t *at;
        int r;

        if (version == MQTT_5)
                remaining +=
                        properties_block_size(&unsuback->properties) + unsuback->reasons.length;
        r = packet_append(to, PACKET_UNSUBACK << 4, remaining, &at);
        if (r < 0)
                return r;
        at = write_u16(at, unsuback->packet_id);
        if (version == MQTT_5)
                write_bytes(properties_write(&unsuback->properties, at), unsuback->reasons);
        return 0;
}
