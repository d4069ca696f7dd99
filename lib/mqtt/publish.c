/* SPDX-License-Identifier: Apache-2.0 */
/* PUBLISH. */

#include "mqtt/publish.h"

#include <string.h>

#include "mqtt/packet.h"
#include "mqtt/reader.h"
#include "mqtt/topic.h"
#include "mqtt/writer.h"
#include "util/macro.h"
#include "util/utf8.h"

enum {
        FLAG_RETAIN = 0x01,
        FLAG_QOS_SHIFT = 1,
        FLAG_DUP = 0x08,
};

static int check_topic(const Publish *publish, MqttVersion version)
{
        if (_likely_(topic_name_is_valid(publish->topic)))
                return 0;
        if (publish->topic.length > 0 || version != MQTT_5)
                return REASON_TOPIC_NAME_INVALID;
        return properties_has(&publish->properties, PROPERTY_TOPIC_ALIAS) ? 0
                                                                          : REASON_PROTOCOL_ERROR;
}

int publish_decode(Bytes body, MqttVersion version, uint8_t flags, Publish *ret)
{
        Reader reader = reader_of(body);
        uint8_t qos = flags >> FLAG_QOS_SHIFT & 3;
        int r;

        if (qos > MQTT_QOS_MAX || (qos == 0 && (flags & FLAG_DUP)))
                return REASON_MALFORMED_PACKET;
        ret->qos = qos;
        ret->dup = flags & FLAG_DUP;
        ret->retain = flags & FLAG_RETAIN;
        ret->packet_id = 0;
        r = reader_string(&reader, &ret->topic);
        if (r == 0 && qos > 0)
                r = reader_packet_id(&reader, &ret->packet_id);
        if (r != 0)
                return r;
        if (version == MQTT_5) {
                r = properties_decode(&reader, PROPERTIES_PUBLISH, &ret->properties);
                if (r != 0)
                        return r;
        } else {
                properties_init(&ret->properties);
        }
        ret->payload = reader_rest(&reader);
        return check_topic(ret, version);
}

int publish_measure(const Publish *publish, MqttVersion version, PublishLayout *ret)
{
        size_t remaining = string_size(publish->topic) + (publish->qos > 0 ? 2 : 0);
        size_t head, fixed;

        if (version == MQTT_5)
                remaining += properties_block_size(&publish->properties);
        head = remaining;
        remaining += publish->payload.length;
        if (remaining > MQTT_REMAINING_MAX)
                return -EMSGSIZE;
        fixed = 1 + varint_size(remaining);
        *ret = (PublishLayout){
                .size = fixed + remaining,
                .remaining = remaining,
                .head = fixed + head,
                .packet_id_at = publish->qos > 0 ? fixed + 2 + publish->topic.length : 0,
        };
        return 0;
}

static uint8_t first_byte(const Publish *publish)
{
        uint8_t flags = (uint8_t)(publish->qos << FLAG_QOS_SHIFT);

        if (publish->dup)
                flags |= FLAG_DUP;
        if (publish->retain)
                flags |= FLAG_RETAIN;
        return (uint8_t)(PACKET_PUBLISH << 4 | flags);
}

uint8_t *publish_write_head(const Publish *publish, MqttVersion version,
                            const PublishLayout *layout, uint8_t *to)
{
        to = packet_write_header(to, first_byte(publish), layout->remaining);
        to = write_string(to, publish->topic);
        if (publish->qos > 0)
                to = write_u16(to, publish->packet_id);
        if (version == MQTT_5)
                to = properties_write(&publish->properties, to);
        return to;
}

int publish_encode(const Publish *publish, MqttVersion version, Buffer *to)
{
        PublishLayout layout;
        int r = publish_measure(publish, version, &layout);

        if (r == 0)
                r = buffer_reserve(to, layout.size);
        if (r < 0)
                return r;
        write_bytes(publish_write_head(publish, version, &layout, buffer_tail(to)),
                    publish->payload);
        buffer_commit(to, layout.size);
        return 0;
}

/* Text may hold U+0000, which utf8_is_valid() forbids as MQTT does in its own strings. */
bool publish_payload_is_text(Bytes payload)
{
        while (payload.length > 0) {
                const uint8_t *zero = memchr(payload.data, 0, payload.length);
                size_t n = zero ? (size_t)(zero - payload.data) : payload.length;

                if (!utf8_is_valid(payload.data, n))
                        return false;
                n += zero != NULL;
                payload = (Bytes){payload.data + n, payload.length - n};
        }
        return true;
}
