/* SPDX-License-Identifier: Apache-2.0 */
/* SUBACK. */

#include "mqtt/suback.h"

#include "mqtt/packet.h"
#include "mqtt/reader.h"
#include "mqtt/reason.h"
#include "mqtt/writer.h"

static bool reason_is_legal(uint8_t reason, MqttVersion version)
{
        if (version != MQTT_5 && reason_is_failure(reason))
                return reason == REASON_UNSPECIFIED_ERROR;
        return reason_is_legal_in(PACKET_SUBACK, reason);
}

int suback_decode(Bytes body, MqttVersion version, Suback *ret)
{
        Reader reader = reader_of(body);
        int r;

        properties_init(&ret->properties);
        r = reader_packet_id(&reader, &ret->packet_id);
        if (r == 0 && version == MQTT_5)
                r = properties_decode(&reader, PROPERTIES_SUBACK, &ret->properties);
        if (r != 0)
                return r;
        ret->reasons = reader_rest(&reader);
        if (ret->reasons.length == 0)
                return REASON_PROTOCOL_ERROR;
        for (size_t i = 0; i < ret->reasons.length; i++)
                if (!reason_is_legal(ret->reasons.data[i], version))
                        return REASON_PROTOCOL_ERROR;
        return 0;
}

int suback_encode(const Suback *suback, MqttVersion version, Buffer *to)
{
        size_t remaining = 2 + suback->reasons.length;
        uint8_t *at;
        int r;

        if (version == MQTT_5)
                remaining += properties_block_size(&suback->properties);
        r = packet_append(to, PACKET_SUBACK << 4, remaining, &at);
        if (r < 0)
                return r;
        at = write_u16(at, suback->packet_id);
        if (version == MQTT_5) {
                write_bytes(properties_write(&suback->properties, at), suback->reasons);
                return 0;
        }
        for (size_t i = 0; i < suback->reasons.length; i++) {
                uint8_t reason = suback->reasons.data[i];

                *at++ = reason_is_failure(reason) ? REASON_UNSPECIFIED_ERROR : reason;
        }
        return 0;
}
