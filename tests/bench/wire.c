/* SPDX-License-Identifier: Apache-2.0 */
/* The load generator's own MQTT codec. */

#include <errno.h>
#include <string.h>
#include <sys/types.h>

#include "bench/wire.h"

#define KEEP_ALIVE_SECONDS 3600

static uint16_t get_u16(const uint8_t *p)
{
        return (uint16_t)(p[0] << 8 | p[1]);
}

static uint8_t *put_u16(uint8_t *p, size_t value)
{
        *p++ = (uint8_t)(value >> 8);
        *p++ = (uint8_t)value;
        return p;
}

static uint8_t *put_string(uint8_t *p, const char *text)
{
        size_t size = strlen(text);

        p = put_u16(p, size);
        memcpy(p, text, size);
        return p + size;
}

/* Returns the number of bytes, 0 when more are needed, -EBADMSG after four with a next. */
static int get_varint(const uint8_t *data, size_t size, size_t *ret)
{
        size_t value = 0;

        for (unsigned i = 0; i < 4; i++) {
                if (i >= size)
                        return 0;
                value |= (size_t)(data[i] & 0x7f) << (7 * i);
                if (!(data[i] & 0x80)) {
                        *ret = value;
                        return (int)i + 1;
                }
        }
        return -EBADMSG;
}

static uint8_t *put_varint(uint8_t *p, size_t value)
{
        do {
                *p = value & 0x7f;
                value >>= 7;
                *p++ |= value > 0 ? 0x80 : 0;
        } while (value > 0);
        return p;
}

int wire_next(const uint8_t *data, size_t size, size_t *ret_used, Packet *ret)
{
        size_t length;
        int r;

        if (size < 2)
                return 0;
        r = get_varint(data + 1, size - 1, &length);
        if (r <= 0)
                return r;
        if (size - 1 - (size_t)r < length)
                return 0;
        *ret = (Packet){
                .type = data[0] >> 4,
                .flags = data[0] & 0x0f,
                .body = data + 1 + r,
                .size = length,
        };
        *ret_used = 1 + (size_t)r + length;
        return 1;
}

int wire_ack(const Packet *packet, uint16_t *ret_id)
{
        if (packet->size < 2)
                return -EBADMSG;
        /* A v5 reason code of 0x80 and above means that the message was refused. */
        if (packet->size > 2 && packet->body[2] >= 0x80)
                return -EBADMSG;
        *ret_id = get_u16(packet->body);
        return 0;
}

int wire_connack(const Packet *packet)
{
        return packet->size < 2 ? -EBADMSG : packet->body[1];
}

/* Skips the properties of v5 at `at`; returns the new place or -EBADMSG. */
static ssize_t skip_properties(const Packet *packet, uint8_t version, size_t at)
{
        size_t length;
        int r;

        if (at > packet->size)
                return -EBADMSG;
        if (version < VERSION_5)
                return (ssize_t)at;
        r = get_varint(packet->body + at, packet->size - at, &length);
        if (r <= 0 || packet->size - at - (size_t)r < length)
                return -EBADMSG;
        return (ssize_t)(at + (size_t)r + length);
}

int wire_suback(const Packet *packet, uint8_t version)
{
        ssize_t at = skip_properties(packet, version, 2);

        if (at < 0 || (size_t)at >= packet->size)
                return -EBADMSG;
        for (size_t i = (size_t)at; i < packet->size; i++)
                if (packet->body[i] >= 0x80)
                        return packet->body[i];
        return 0;
}

int wire_publish(const Packet *packet, uint8_t version, Publish *ret)
{
        uint8_t qos = packet->flags >> 1 & 3;
        size_t at, topic_size;
        ssize_t payload;

        if (packet->size < 2 || qos == 3)
                return -EBADMSG;
        topic_size = get_u16(packet->body);
        at = 2 + topic_size + (qos > 0 ? 2 : 0);
        payload = skip_properties(packet, version, at);
        if (payload < 0)
                return -EBADMSG;
        *ret = (Publish){
                .qos = qos,
                .retain = packet->flags & 1,
                .dup = packet->flags & 8,
                .id = qos > 0 ? get_u16(packet->body + 2 + topic_size) : 0,
                .topic = (const char *)packet->body + 2,
                .topic_size = topic_size,
                .payload = packet->body + payload,
                .payload_size = packet->size - (size_t)payload,
        };
        return 0;
}

int wire_put_connect(Buffer *out, const Hello *hello)
{
        size_t properties = hello->version >= VERSION_5 ? (hello->expiry > 0 ? 6 : 1) : 0;
        size_t length = 10 + properties + 2 + strlen(hello->client_id);
        uint8_t *start = buffer_reserve(out, 5 + length), *p = start;

        if (!p)
                return -ENOMEM;
        *p++ = PACKET_CONNECT << 4;
        p = put_varint(p, length);
        p = put_string(p, "MQTT");
        *p++ = hello->version;
        *p++ = hello->clean ? 2 : 0;
        p = put_u16(p, KEEP_ALIVE_SECONDS);
        if (properties == 6) {
                *p++ = 5;
                *p++ = 0x11; /* Session Expiry Interval */
                p = put_u16(p, hello->expiry >> 16);
                p = put_u16(p, hello->expiry & 0xffff);
        } else if (properties == 1) {
                *p++ = 0;
        }
        p = put_string(p, hello->client_id);
        buffer_commit(out, (size_t)(p - start));
        return 0;
}

int wire_put_ack(Buffer *out, uint8_t type, uint16_t id)
{
        uint8_t *p = buffer_reserve(out, 4);

        if (!p)
                return -ENOMEM;
        p[0] = (uint8_t)(type << 4 | (type == PACKET_PUBREL ? 2 : 0));
        p[1] = 2;
        put_u16(p + 2, id);
        buffer_commit(out, 4);
        return 0;
}

int wire_put_empty(Buffer *out, uint8_t type)
{
        const uint8_t packet[] = {(uint8_t)(type << 4), 0};

        return buffer_append(out, packet, sizeof(packet));
}

/* The start that SUBSCRIBE and UNSUBSCRIBE share; returns the place of the first filter. */
static uint8_t *put_subscribe_start(uint8_t *p, uint8_t type, uint8_t version, uint16_t id,
                                    size_t length)
{
        *p++ = (uint8_t)(type << 4 | 2);
        p = put_varint(p, length);
        p = put_u16(p, id);
        if (version >= VERSION_5)
                *p++ = 0;
        return p;
}

int wire_put_subscribe(Buffer *out, uint8_t version, uint16_t id, uint8_t qos,
                       const char *const *filters, size_t n)
{
        size_t length = version >= VERSION_5 ? 3 : 2;
        uint8_t *start, *p;

        for (size_t i = 0; i < n; i++)
                length += 3 + strlen(filters[i]);
        start = buffer_reserve(out, 5 + length);
        if (!start)
                return -ENOMEM;
        p = put_subscribe_start(start, PACKET_SUBSCRIBE, version, id, length);
        for (size_t i = 0; i < n; i++) {
                p = put_string(p, filters[i]);
                *p++ = qos;
        }
        buffer_commit(out, (size_t)(p - start));
        return 0;
}

int wire_put_unsubscribe(Buffer *out, uint8_t version, uint16_t id, const char *filter)
{
        size_t length = (version >= VERSION_5 ? 3u : 2u) + 2 + strlen(filter);
        uint8_t *start = buffer_reserve(out, 5 + length), *p;

        if (!start)
                return -ENOMEM;
        p = put_subscribe_start(start, PACKET_UNSUBSCRIBE, version, id, length);
        p = put_string(p, filter);
        buffer_commit(out, (size_t)(p - start));
        return 0;
}
