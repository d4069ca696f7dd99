/* SPDX-License-Identifier: Apache-2.0 */
/* UNSUBSCRIBE. */

#include "mqtt/unsubscribe.h"

#include "mqtt/packet.h"
#include "mqtt/topic.h"
#include "mqtt/writer.h"

static int check_filter(Reader *reader)
{
        TopicFilter parsed;
        Bytes filter;
        int r = reader_string(reader, &filter);

        return r != 0 ? r : topic_filter_parse(filter, &parsed);
}

int unsubscribe_begin(Bytes body, MqttVersion version, Unsubscribe *ret)
{
        Reader reader = reader_of(body);
        int r;

        properties_init(&ret->properties);
        r = reader_packet_id(&reader, &ret->packet_id);
        if (r == 0 && version == MQTT_5)
                r = properties_decode(&reader, PROPERTIES_UNSUBSCRIBE, &ret->properties);
        if (r != 0)
                return r;
        ret->filters = reader;
        ret->n_filters = 0;
        return reader_is_empty(&reader) ? REASON_PROTOCOL_ERROR : 0;
}

int unsubscribe_check(Reader *filters, size_t max, size_t *n)
{
        for (size_t i = 0; i < max && !reader_is_empty(filters); i++) {
                int r = check_filter(filters);

                if (r != 0)
                        return r;
                ++*n;
        }
        return 0;
}

int unsubscribe_decode(Bytes body, MqttVersion version, Unsubscribe *ret)
{
        int r = unsubscribe_begin(body, version, ret);
        Reader filters;

        if (r != 0)
                return r;
        filters = ret->filters;
        return unsubscribe_check(&filters, SIZE_MAX, &ret->n_filters);
}

bool unsubscribe_next(Unsubscribe *unsubscribe, Bytes *ret_filter)
{
        /* unsubscribe_decode() has checked the text. */
        return reader_binary(&unsubscribe->filters, ret_filter) == 0;
}

int unsubscribe_filter_encode(Bytes filter, Buffer *to)
{
        size_t size = string_size(filter);
        int r;

        if (size > MQTT_REMAINING_MAX)
                return -EMSGSIZE;
        r = buffer_reserve(to, size);
        if (r < 0)
                return r;
        write_string(buffer_tail(to), filter);
        buffer_commit(to, size);
        return 0;
}

int unsubscribe_encode(const Unsubscribe *unsubscribe, MqttVersion version, Buffer *to)
{
        size_t remaining = 2 + reader_left(&unsubscribe->filters);
        uint8_t *at;
        int r;

        if (version == MQTT_5)
                remaining += properties_block_size(&unsubscribe->properties);
        r = packet_append(to, PACKET_UNSUBSCRIBE << 4 | 2, remaining, &at);
        if (r < 0)
                return r;
        at = write_u16(at, unsubscribe->packet_id);
        if (version == MQTT_5)
                at = properties_write(&unsubscribe->properties, at);
        write_bytes(at, reader_rest(&unsubscribe->filters));
        return 0;
}
