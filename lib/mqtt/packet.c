/* SPDX-License-Identifier: Apache-2.0 */
/* The fixed header of a packet. */

#include "mqtt/packet.h"

#include "mqtt/writer.h"
#include "util/macro.h"

#define FLAGS(n)  (1u << (n))
#define ANY_FLAGS 0xFFFFu

/* What differs between the versions: DUP on three requests, and AUTH. */
#define LEGAL_FLAGS(request, auth)                                                                 \
        {                                                                                          \
                [PACKET_CONNECT] = FLAGS(0), [PACKET_CONNACK] = FLAGS(0),                          \
                [PACKET_PUBLISH] = ANY_FLAGS, [PACKET_PUBACK] = FLAGS(0),                          \
                [PACKET_PUBREC] = FLAGS(0), [PACKET_PUBREL] = (request),                           \
                [PACKET_PUBCOMP] = FLAGS(0), [PACKET_SUBSCRIBE] = (request),                       \
                [PACKET_SUBACK] = FLAGS(0), [PACKET_UNSUBSCRIBE] = (request),                      \
                [PACKET_UNSUBACK] = FLAGS(0), [PACKET_PINGREQ] = FLAGS(0),                         \
                [PACKET_PINGRESP] = FLAGS(0), [PACKET_DISCONNECT] = FLAGS(0),                      \
                [PACKET_AUTH] = (auth),                                                            \
        }

const uint16_t packet_legal_flags[MQTT_5 + 1][16] = {
        [MQTT_UNKNOWN] = LEGAL_FLAGS(FLAGS(2), FLAGS(0)),
        [MQTT_3_1] = LEGAL_FLAGS(FLAGS(2) | FLAGS(10), 0),
        [MQTT_3_1_1] = LEGAL_FLAGS(FLAGS(2), 0),
        [MQTT_5] = LEGAL_FLAGS(FLAGS(2), FLAGS(0)),
};

/* A body of 128 bytes and more where there is none, or one of two bytes: not worth waiting for. */
static bool long_body_is_legal(PacketType type, MqttVersion version)
{
        if (type == PACKET_PINGREQ || type == PACKET_PINGRESP)
                return false;
        return version == MQTT_5 || version == MQTT_UNKNOWN ||
               (type != PACKET_CONNACK && type != PACKET_DISCONNECT && type != PACKET_UNSUBACK &&
                (type < PACKET_PUBACK || type > PACKET_PUBCOMP));
}

int packet_frame_long(const uint8_t *data, size_t length, size_t max_size, MqttVersion version,
                      Packet *ret)
{
        size_t remaining = 0, at = 1, size;

        ret->size = 0;
        if (length == 0)
                return -EAGAIN;
        if (!(packet_legal_flags[version][data[0] >> 4] >> (data[0] & 0x0F) & 1))
                return REASON_MALFORMED_PACKET;
        for (;; at++) {
                if (at == length)
                        return -EAGAIN;
                remaining |= (size_t)(data[at] & 0x7F) << (7 * (at - 1));
                if (!(data[at] & 0x80))
                        break;
                if (at == MQTT_FIXED_HEADER_MAX - 1)
                        return REASON_MALFORMED_PACKET;
        }
        /* MQTT 3 does not forbid a length with leading zeros, and there are clients that pad it. */
        if (version == MQTT_5 && at > 1 && data[at] == 0)
                return REASON_MALFORMED_PACKET;
        if (remaining >= 128 && !long_body_is_legal((PacketType)(data[0] >> 4), version))
                return REASON_MALFORMED_PACKET;
        size = at + 1 + remaining;
        if (max_size != 0 && size > max_size)
                return REASON_PACKET_TOO_LARGE;
        ret->size = size;
        if (size > length)
                return -EAGAIN;
        ret->type = (PacketType)(data[0] >> 4);
        ret->flags = data[0] & 0x0F;
        ret->body = (Bytes){data + at + 1, remaining};
        return 0;
}

size_t packet_size(size_t remaining)
{
        return 1 + varint_size(remaining) + remaining;
}

uint8_t *packet_write_header(uint8_t *to, uint8_t first, size_t remaining)
{
        return write_varint(write_u8(to, first), remaining);
}

int packet_append(Buffer *to, uint8_t first, size_t remaining, uint8_t **ret_body)
{
        size_t size = packet_size(remaining);
        int r;

        if (remaining > MQTT_REMAINING_MAX)
                return -EMSGSIZE;
        r = buffer_reserve(to, size);
        if (r < 0)
                return r;
        *ret_body = packet_write_header(buffer_tail(to), first, remaining);
        buffer_commit(to, size);
        return 0;
}

const char *packet_type_name(PacketType type)
{
        static const char *const names[] = {
                "RESERVED", "CONNECT",  "CONNACK",    "PUBLISH", "PUBACK",      "PUBREC",
                "PUBREL",   "PUBCOMP",  "SUBSCRIBE",  "SUBACK",  "UNSUBSCRIBE", "UNSUBACK",
                "PINGREQ",  "PINGRESP", "DISCONNECT", "AUTH",
        };

        return type < ARRAY_SIZE(names) ? names[type] : names[0];
}
