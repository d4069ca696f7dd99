/* SPDX-License-Identifier: Apache-2.0 */
/* SUBSCRIBE. */

#include "mqtt/subscribe.h"

#include "mqtt/packet.h"
#include "mqtt/topic.h"
#include "mqtt/writer.h"

/* The byte behind a filter. */
enum {
        OPTION_QOS = 0x03,
        OPTION_NO_LOCAL = 0x04,
        OPTION_RETAIN_AS_PUBLISHED = 0x08,
        OPTION_RETAIN_HANDLING = 0x30,
        OPTION_RESERVED = 0xC0,
        OPTION_RESERVED_V3 = 0xFC,
        RETAIN_HANDLING_SHIFT = 4,
};

static SubscribeEntry entry_of(Bytes filter, uint8_t options)
{
        return (SubscribeEntry){
                .filter = filter,
                .qos = options & OPTION_QOS,
                .no_local = options & OPTION_NO_LOCAL,
                .retain_as_published = options & OPTION_RETAIN_AS_PUBLISHED,
                .retain_handling = (options & OPTION_RETAIN_HANDLING) >> RETAIN_HANDLING_SHIFT,
        };
}

static int check_entry(Reader *reader, MqttVersion version)
{
        TopicFilter parsed;
        SubscribeEntry entry;
        Bytes filter;
        uint8_t options;
        int r;

        r = reader_string(reader, &filter);
        if (r == 0)
                r = reader_u8(reader, &options);
        if (r != 0)
                return r;
        if (options & (version == MQTT_5 ? OPTION_RESERVED : OPTION_RESERVED_V3))
                return REASON_MALFORMED_PACKET;
        entry = entry_of(filter, options);
        if (entry.qos > MQTT_QOS_MAX || entry.retain_handling > 2)
                return REASON_PROTOCOL_ERROR;
        r = topic_filter_parse(filter, &parsed);
        if (r != 0)
                return r;
        return entry.no_local && parsed.group.length > 0 ? REASON_PROTOCOL_ERROR : 0;
}

int subscribe_begin(Bytes body, MqttVersion version, Subscribe *ret)
{
        Reader reader = reader_of(body);
        int r;

        properties_init(&ret->properties);
        r = reader_packet_id(&reader, &ret->packet_id);
        if (r == 0 && version == MQTT_5)
                r = properties_decode(&reader, PROPERTIES_SUBSCRIBE, &ret->properties);
        if (r != 0)
                return r;
        ret->entries = reader;
        ret->n_entries = 0;
        return reader_is_empty(&reader) ? REASON_PROTOCOL_ERROR : 0;
}

int subscribe_check(Reader *entries, MqttVersion version, size_t max, size_t *n)
{
        for (size_t i = 0; i < max && !reader_is_empty(entries); i++) {
                int r = check_entry(entries, version);

                if (r != 0)
                        return r;
                ++*n;
        }
        return 0;
}

int subscribe_decode(Bytes body, MqttVersion version, Subscribe *ret)
{
        int r = subscribe_begin(body, version, ret);
        Reader entries;

        if (r != 0)
                return r;
        entries = ret->entries;
        return subscribe_check(&entries, version, SIZE_MAX, &ret->n_entries);
}

bool subscribe_next(Subscribe *subscribe, SubscribeEntry *ret)
{
        Bytes filter;
        uint8_t options;

        /* subscribe_decode() has checked the text. */
        if (reader_binary(&subscribe->entries, &filter) != 0 ||
            reader_u8(&subscribe->entries, &options) != 0)
                return false;
        *ret = entry_of(filter, options);
        return true;
}

static uint8_t options_of(const SubscribeEntry *entry, MqttVersion version)
{
        uint8_t options = entry->qos;

        if (version != MQTT_5)
                return options;
        if (entry->no_local)
                options |= OPTION_NO_LOCAL;
        if (entry->retain_as_published)
                options |= OPTION_RETAIN_AS_PUBLISHED;
        return (uint8_t)(options | entry->retain_handling << RETAIN_HANDLING_SHIFT);
}

int subscribe_entry_encode(const SubscribeEntry *entry, MqttVersion version, Buffer *to)
{
        size_t size = string_size(entry->filter) + 1;
        int r;

        if (size > MQTT_REMAINING_MAX)
                return -EMSGSIZE;
        r = buffer_reserve(to, size);
        if (r < 0)
                return r;
        write_u8(write_string(buffer_tail(to), entry->filter), options_of(entry, version));
        buffer_commit(to, size);
        return 0;
}

int subscribe_encode(const Subscribe *subscribe, MqttVersion version, Buffer *to)
{
        size_t remaining = 2 + reader_left(&subscribe->entries);
        uint8_t *at;
        int r;

        if (version == MQTT_5)
                remaining += properties_block_size(&subscribe->properties);
        r = packet_append(to, PACKET_SUBSCRIBE << 4 | 2, remaining, &at);
        if (r < 0)
                return r;
        at = write_u16(at, subscribe->packet_id);
        if (version == MQTT_5)
                at = properties_write(&subscribe->properties, at);
        write_bytes(at, reader_rest(&subscribe->entries));
        return 0;
}
