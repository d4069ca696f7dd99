/* SPDX-License-Identifier: Apache-2.0 */
/* CONNACK. */

#include "mqtt/connack.h"

#include "mqtt/packet.h"
#include "mqtt/reader.h"
#include "mqtt/reason.h"
#include "mqtt/writer.h"

/* The second byte: a return code before MQTT 5. */
static int decode_reason(uint8_t code, MqttVersion version, uint8_t *ret)
{
        if (version == MQTT_5) {
                *ret = code;
                return reason_is_legal_in(PACKET_CONNACK, code) ? 0 : REASON_PROTOCOL_ERROR;
        }
        *ret = reason_from_connack_v3(code);
        return *ret == REASON_UNSPECIFIED_ERROR ? REASON_PROTOCOL_ERROR : 0;
}

int connack_decode(Bytes body, MqttVersion version, Connack *ret)
{
        Reader reader = reader_of(body);
        uint8_t flags = 0, code = 0;
        int r;

        properties_init(&ret->properties);
        r = reader_u8(&reader, &flags);
        if (r == 0)
                r = reader_u8(&reader, &code);
        if (r == 0)
                r = decode_reason(code, version, &ret->reason);
        if (r != 0)
                return r;
        /* MQTT 3.1 has no flags there, and no rule for the byte. */
        if (version != MQTT_3_1 && (flags & 0xFE))
                return REASON_MALFORMED_PACKET;
        ret->session_present = version != MQTT_3_1 && flags != 0;
        if (ret->session_present && ret->reason != REASON_SUCCESS)
                return REASON_PROTOCOL_ERROR;
        if (version == MQTT_5) {
                r = properties_decode(&reader, PROPERTIES_CONNACK, &ret->properties);
                if (r != 0)
                        return r;
        }
        return reader_is_empty(&reader) ? 0 : REASON_MALFORMED_PACKET;
}

int connack_encode(const Connack *connack, MqttVersion version, Buffer *to)
{
        bool present = connack->session_present && connack->reason == REASON_SUCCESS;
        size_t remaining = 2;
        uint8_t *at;
        int r;

        if (version == MQTT_5)
                remaining += properties_block_size(&connack->properties);
        r = packet_append(to, PACKET_CONNACK << 4, remaining, &at);
        if (r < 0)
                return r;
        at = write_u8(at, present && version != MQTT_3_1);
        if (version != MQTT_5) {
                write_u8(at, (uint8_t)reason_to_connack_v3(connack->reason));
                return 0;
        }
        properties_write(&connack->properties, write_u8(at, connack->reason));
        return 0;
}
