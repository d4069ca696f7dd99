/* SPDX-License-Identifier: Apache-2.0 */
/* CONNECT. */

#include "mqtt/connect.h"

#include "mqtt/packet.h"
#include "mqtt/reader.h"
#include "mqtt/topic.h"
#include "mqtt/writer.h"
#include "util/macro.h"

enum {
        FLAG_RESERVED = 0x01,
        FLAG_CLEAN_START = 0x02,
        FLAG_WILL = 0x04,
        FLAG_WILL_QOS = 0x18,
        FLAG_WILL_QOS_SHIFT = 3,
        FLAG_WILL_RETAIN = 0x20,
        FLAG_PASSWORD = 0x40,
        FLAG_USERNAME = 0x80,
        LEVEL_BRIDGE = 0x80,
};

static const Bytes name_3_1 = {(const uint8_t *)"MQIsdp", 6};
static const Bytes name_later = {(const uint8_t *)"MQTT", 4};

/* --- decoding --- */

static int decode_protocol(Reader *reader, Connect *ret)
{
        bool is_3_1;
        uint8_t level;
        Bytes name;
        int r;

        ret->version = MQTT_UNKNOWN;
        r = reader_binary(reader, &name);
        if (r != 0)
                return r;
        is_3_1 = bytes_equal(name, name_3_1);
        if (!is_3_1 && !bytes_equal(name, name_later))
                return REASON_MALFORMED_PACKET;
        r = reader_u8(reader, &level);
        if (r != 0)
                return r;
        ret->is_bridge = level & LEVEL_BRIDGE;
        level &= (uint8_t)~LEVEL_BRIDGE;
        ret->version = (MqttVersion)level;
        if (is_3_1 ? level == MQTT_3_1 : level == MQTT_3_1_1 || level == MQTT_5)
                return 0;
        return REASON_UNSUPPORTED_PROTOCOL_VERSION;
}

static int decode_flags(uint8_t flags, Connect *ret)
{
        ret->clean_start = flags & FLAG_CLEAN_START;
        ret->has_will = flags & FLAG_WILL;
        ret->has_username = flags & FLAG_USERNAME;
        ret->has_password = flags & FLAG_PASSWORD;
        ret->will.qos = (flags & FLAG_WILL_QOS) >> FLAG_WILL_QOS_SHIFT;
        ret->will.retain = flags & FLAG_WILL_RETAIN;
        if (ret->has_will && ret->will.qos > MQTT_QOS_MAX)
                return REASON_MALFORMED_PACKET;
        if (ret->version != MQTT_5 && ret->has_password && !ret->has_username)
                return REASON_MALFORMED_PACKET;
        if (ret->version == MQTT_3_1)
                return 0; /* what has no meaning is disregarded there */
        if (flags & FLAG_RESERVED)
                return REASON_MALFORMED_PACKET;
        if (!ret->has_will && (flags & (FLAG_WILL_QOS | FLAG_WILL_RETAIN)))
                return REASON_MALFORMED_PACKET;
        return 0;
}

static int decode_will(Reader *reader, MqttVersion version, ConnectWill *ret)
{
        int r = 0;

        properties_init(&ret->properties);
        if (version == MQTT_5)
                r = properties_decode(reader, PROPERTIES_WILL, &ret->properties);
        if (r == 0)
                r = reader_string(reader, &ret->topic);
        if (r == 0)
                r = reader_binary(reader, &ret->payload);
        if (r != 0)
                return r;
        return topic_name_is_valid(ret->topic) ? 0 : REASON_TOPIC_NAME_INVALID;
}

/* In MQTT 3.1 the remaining length has precedence over these two flags. */
static void drop_missing(const Reader *reader, const Connect *connect, bool *has)
{
        if (connect->version == MQTT_3_1 && reader_is_empty(reader))
                *has = false;
}

static int decode_credentials(Reader *reader, Connect *ret)
{
        int r = 0;

        ret->username = (Bytes){};
        ret->password = (Bytes){};
        drop_missing(reader, ret, &ret->has_username);
        if (ret->has_username)
                r = reader_string(reader, &ret->username);
        if (r != 0)
                return r;
        drop_missing(reader, ret, &ret->has_password);
        return ret->has_password ? reader_binary(reader, &ret->password) : 0;
}

int connect_decode(Bytes body, Connect *ret)
{
        Reader reader = reader_of(body);
        uint8_t flags = 0;
        int r;

        properties_init(&ret->properties);
        r = decode_protocol(&reader, ret);
        if (r == 0)
                r = reader_u8(&reader, &flags);
        if (r == 0)
                r = decode_flags(flags, ret);
        if (r == 0)
                r = reader_u16(&reader, &ret->keep_alive);
        if (r == 0 && ret->version == MQTT_5)
                r = properties_decode(&reader, PROPERTIES_CONNECT, &ret->properties);
        if (r == 0)
                r = reader_string(&reader, &ret->client_id);
        if (r == 0 && ret->has_will)
                r = decode_will(&reader, ret->version, &ret->will);
        if (r == 0)
                r = decode_credentials(&reader, ret);
        if (r != 0)
                return r;
        return reader_is_empty(&reader) ? 0 : REASON_MALFORMED_PACKET;
}

/* --- encoding --- */

static Bytes protocol_name(const Connect *connect)
{
        return connect->version == MQTT_3_1 ? name_3_1 : name_later;
}

static uint8_t flags_of(const Connect *connect)
{
        uint8_t flags = 0;

        if (connect->clean_start)
                flags |= FLAG_CLEAN_START;
        if (connect->has_will)
                flags |= (uint8_t)(FLAG_WILL | connect->will.qos << FLAG_WILL_QOS_SHIFT);
        if (connect->has_will && connect->will.retain)
                flags |= FLAG_WILL_RETAIN;
        if (connect->has_username)
                flags |= FLAG_USERNAME;
        if (connect->has_password)
                flags |= FLAG_PASSWORD;
        return flags;
}

static size_t body_size(const Connect *connect)
{
        /* behind the name: level, flags, keep alive */
        size_t size = string_size(protocol_name(connect)) + 4 + string_size(connect->client_id);

        if (connect->version == MQTT_5)
                size += properties_block_size(&connect->properties);
        if (connect->has_will && connect->version == MQTT_5)
                size += properties_block_size(&connect->will.properties);
        if (connect->has_will)
                size += string_size(connect->will.topic) + string_size(connect->will.payload);
        if (connect->has_username)
                size += string_size(connect->username);
        if (connect->has_password)
                size += string_size(connect->password);
        return size;
}

int connect_encode(const Connect *connect, Buffer *to)
{
        bool has_properties = connect->version == MQTT_5;
        uint8_t *at;
        int r = packet_append(to, PACKET_CONNECT << 4, body_size(connect), &at);

        if (r < 0)
                return r;
        at = write_string(at, protocol_name(connect));
        at = write_u8(at, (uint8_t)(connect->version | (connect->is_bridge ? LEVEL_BRIDGE : 0)));
        at = write_u8(at, flags_of(connect));
        at = write_u16(at, connect->keep_alive);
        if (has_properties)
                at = properties_write(&connect->properties, at);
        at = write_string(at, connect->client_id);
        if (connect->has_will && has_properties)
                at = properties_write(&connect->will.properties, at);
        if (connect->has_will)
                at = write_string(write_string(at, connect->will.topic), connect->will.payload);
        if (connect->has_username)
                at = write_string(at, connect->username);
        if (connect->has_password)
                write_string(at, connect->password);
        return 0;
}
