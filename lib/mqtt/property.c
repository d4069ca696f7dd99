/* SPDX-License-Identifier: Apache-2.0 */
/* The properties, one row each: type, where it is legal, where it is kept. */

#include "mqtt/property.h"

#include "mqtt/topic.h"
#include "mqtt/writer.h"
#include "util/macro.h"

typedef enum PropertyType {
        TYPE_NONE, /* no such property */
        TYPE_FLAG, /* a byte: 0 or 1 */
        TYPE_U16,
        TYPE_U32,
        TYPE_VARINT,
        TYPE_STRING,
        TYPE_BINARY,
        TYPE_PAIR, /* of strings */
} PropertyType;

typedef struct PropertyRow {
        uint32_t contexts; /* bit 1 << PropertyContext */
        uint16_t offset;   /* in Properties */
        uint8_t type;
        uint8_t zero; /* the reason code for a value of 0; 0: legal */
} PropertyRow;

#define IN(context)       (1u << PROPERTIES_##context)
#define IN_MESSAGE        (IN(PUBLISH) | IN(WILL))
#define IN_AUTHENTICATION (IN(CONNECT) | IN(CONNACK) | IN(AUTH))
#define IN_ANSWER                                                                                  \
        (IN(CONNACK) | IN(PUBACK) | IN(PUBREC) | IN(PUBREL) | IN(PUBCOMP) | IN(SUBACK) |           \
         IN(UNSUBACK) | IN(DISCONNECT) | IN(AUTH))
#define IN_EVERY (IN_ANSWER | IN_MESSAGE | IN(CONNECT) | IN(SUBSCRIBE) | IN(UNSUBSCRIBE))

#define ROW(type, member, contexts, zero)                                                          \
        {                                                                                          \
                contexts, offsetof(Properties, member), type, zero                                 \
        }

/* MQTT 5.0, table 2-4. */
static const PropertyRow property_rows[PROPERTY_ID_MAX + 1] = {
        [0x01] = ROW(TYPE_FLAG, payload_format_indicator, IN_MESSAGE, 0),
        [0x02] = ROW(TYPE_U32, message_expiry_interval, IN_MESSAGE, 0),
        [0x03] = ROW(TYPE_STRING, content_type, IN_MESSAGE, 0),
        [0x08] = ROW(TYPE_STRING, response_topic, IN_MESSAGE, 0),
        [0x09] = ROW(TYPE_BINARY, correlation_data, IN_MESSAGE, 0),
        [0x0B] = ROW(TYPE_VARINT, subscription_identifier, IN(PUBLISH) | IN(SUBSCRIBE),
                     REASON_PROTOCOL_ERROR),
        [0x11] = ROW(TYPE_U32, session_expiry_interval, IN(CONNECT) | IN(CONNACK) | IN(DISCONNECT),
                     0),
        [0x12] = ROW(TYPE_STRING, assigned_client_identifier, IN(CONNACK), 0),
        [0x13] = ROW(TYPE_U16, server_keep_alive, IN(CONNACK), 0),
        [0x15] = ROW(TYPE_STRING, authentication_method, IN_AUTHENTICATION, 0),
        [0x16] = ROW(TYPE_BINARY, authentication_data, IN_AUTHENTICATION, 0),
        [0x17] = ROW(TYPE_FLAG, request_problem_information, IN(CONNECT), 0),
        [0x18] = ROW(TYPE_U32, will_delay_interval, IN(WILL), 0),
        [0x19] = ROW(TYPE_FLAG, request_response_information, IN(CONNECT), 0),
        [0x1A] = ROW(TYPE_STRING, response_information, IN(CONNACK), 0),
        [0x1C] = ROW(TYPE_STRING, server_reference, IN(CONNACK) | IN(DISCONNECT), 0),
        [0x1F] = ROW(TYPE_STRING, reason_string, IN_ANSWER, 0),
        [0x21] = ROW(TYPE_U16, receive_maximum, IN(CONNECT) | IN(CONNACK), REASON_PROTOCOL_ERROR),
        [0x22] = ROW(TYPE_U16, topic_alias_maximum, IN(CONNECT) | IN(CONNACK), 0),
        [0x23] = ROW(TYPE_U16, topic_alias, IN(PUBLISH), REASON_TOPIC_ALIAS_INVALID),
        [0x24] = ROW(TYPE_FLAG, maximum_qos, IN(CONNACK), 0),
        [0x25] = ROW(TYPE_FLAG, retain_available, IN(CONNACK), 0),
        [0x26] = ROW(TYPE_PAIR, user_properties, IN_EVERY, 0),
        [0x27] = ROW(TYPE_U32, maximum_packet_size, IN(CONNECT) | IN(CONNACK),
                     REASON_PROTOCOL_ERROR),
        [0x28] = ROW(TYPE_FLAG, wildcard_subscription_available, IN(CONNACK), 0),
        [0x29] = ROW(TYPE_FLAG, subscription_identifier_available, IN(CONNACK), 0),
        [0x2A] = ROW(TYPE_FLAG, shared_subscription_available, IN(CONNACK), 0),
};

/* --- reading --- */

static int read_value(Reader *reader, PropertyType type, Property *property)
{
        uint8_t byte;
        uint16_t word;
        int r;

        switch (type) {
        case TYPE_FLAG:
                r = reader_u8(reader, &byte);
                property->number = r == 0 ? byte : 0;
                return r;
        case TYPE_U16:
                r = reader_u16(reader, &word);
                property->number = r == 0 ? word : 0;
                return r;
        case TYPE_U32:
                return reader_u32(reader, &property->number);
        case TYPE_VARINT:
                return reader_varint(reader, &property->number);
        case TYPE_PAIR:
                r = reader_binary(reader, &property->name);
                return r != 0 ? r : reader_binary(reader, &property->value);
        default:
                return reader_binary(reader, &property->value);
        }
}

int property_next(Reader *reader, Property *ret)
{
        Reader next = *reader;
        Property property = {};
        uint8_t id;
        int r;

        r = reader_u8(&next, &id);
        if (r != 0)
                return r;
        if (id > PROPERTY_ID_MAX || property_rows[id].type == TYPE_NONE)
                return REASON_MALFORMED_PACKET;
        property.id = (PropertyId)id;
        r = read_value(&next, (PropertyType)property_rows[id].type, &property);
        if (r != 0)
                return r;
        property.encoded = (Bytes){reader->at, (size_t)(next.at - reader->at)};
        *reader = next;
        *ret = property;
        return 0;
}

static bool text_is_valid(const Property *property, PropertyType type)
{
        if (type == TYPE_PAIR && !utf8_is_valid(property->name.data, property->name.length))
                return false;
        return type == TYPE_BINARY || utf8_is_valid(property->value.data, property->value.length);
}

static int check_value(const Property *property, const PropertyRow *row)
{
        if (row->type >= TYPE_STRING) {
                if (!text_is_valid(property, (PropertyType)row->type))
                        return REASON_MALFORMED_PACKET;
                if (property->id == PROPERTY_RESPONSE_TOPIC &&
                    !topic_name_is_valid(property->value))
                        return REASON_PROTOCOL_ERROR;
                return 0;
        }
        if (row->type == TYPE_FLAG && property->number > 1)
                return REASON_PROTOCOL_ERROR;
        return property->number == 0 ? row->zero : 0;
}

static void keep_value(const Property *property, const PropertyRow *row, Properties *properties)
{
        void *member = (char *)properties + row->offset;

        switch (row->type) {
        case TYPE_FLAG:
                *(uint8_t *)member = (uint8_t)property->number;
                break;
        case TYPE_U16:
                *(uint16_t *)member = (uint16_t)property->number;
                break;
        case TYPE_U32:
        case TYPE_VARINT:
                *(uint32_t *)member = property->number;
                break;
        case TYPE_PAIR:
                properties->user_properties++;
                break;
        default:
                *(Bytes *)member = property->value;
        }
        properties->present |= PROPERTY_BIT(property->id);
}

/* A PUBLISH has an identifier for each subscription that matched. */
static bool may_repeat(PropertyId id, PropertyContext context)
{
        return id == PROPERTY_USER_PROPERTY ||
               (id == PROPERTY_SUBSCRIPTION_IDENTIFIER && context == PROPERTIES_PUBLISH);
}

int properties_decode_block(Reader *reader, PropertyContext context, Properties *ret)
{
        uint32_t length;
        Reader block;
        int r;

        r = reader_varint(reader, &length);
        if (r == 0)
                r = reader_bytes(reader, length, &ret->raw);
        if (r != 0)
                return r;
        block = reader_of(ret->raw);
        while (!reader_is_empty(&block)) {
                const PropertyRow *row;
                Property property;

                r = property_next(&block, &property);
                if (r != 0)
                        return r;
                row = property_rows + property.id;
                if (!(row->contexts >> context & 1))
                        return REASON_MALFORMED_PACKET; /* 2.2.2.2 says so */
                r = check_value(&property, row);
                if (r != 0)
                        return r;
                if (!properties_has(ret, property.id) || property.id == PROPERTY_USER_PROPERTY)
                        keep_value(&property, row, ret);
                else if (!may_repeat(property.id, context))
                        return REASON_PROTOCOL_ERROR;
        }
        if (properties_has(ret, PROPERTY_AUTHENTICATION_DATA) &&
            !properties_has(ret, PROPERTY_AUTHENTICATION_METHOD))
                return REASON_PROTOCOL_ERROR;
        return 0;
}

/* --- writing --- */

static size_t value_size(const Properties *properties, const PropertyRow *row)
{
        const void *member = (const char *)properties + row->offset;

        switch (row->type) {
        case TYPE_FLAG:
                return 1;
        case TYPE_U16:
                return 2;
        case TYPE_U32:
                return 4;
        case TYPE_VARINT:
                return varint_size(*(const uint32_t *)member);
        default:
                return string_size(*(const Bytes *)member);
        }
}

static uint8_t *write_value(const Properties *properties, const PropertyRow *row, uint8_t *to)
{
        const void *member = (const char *)properties + row->offset;

        switch (row->type) {
        case TYPE_FLAG:
                return write_u8(to, *(const uint8_t *)member);
        case TYPE_U16:
                return write_u16(to, *(const uint16_t *)member);
        case TYPE_U32:
                return write_u32(to, *(const uint32_t *)member);
        case TYPE_VARINT:
                return write_varint(to, *(const uint32_t *)member);
        default:
                return write_string(to, *(const Bytes *)member);
        }
}

/* User properties are not in the struct: they come from raw_user. */
static uint64_t in_struct(const Properties *properties)
{
        return properties->present & ~PROPERTY_BIT(PROPERTY_USER_PROPERTY);
}

/* Takes the lowest identifier out of the set. */
static unsigned int take_id(uint64_t *ids)
{
        unsigned int id = (unsigned int)__builtin_ctzll(*ids);

        *ids &= *ids - 1;
        return id;
}

size_t properties_size(const Properties *properties)
{
        size_t size = properties->raw_user.length;

        for (uint64_t left = in_struct(properties); left != 0;)
                size += 1 + value_size(properties, property_rows + take_id(&left));
        for (size_t i = 0; i < properties->n_identifiers; i++)
                size += 1 + varint_size(properties->identifiers[i]);
        return size;
}

size_t properties_block_size(const Properties *properties)
{
        size_t size = properties_size(properties);

        return varint_size(size) + size;
}

static uint8_t *write_some(const Properties *properties, uint64_t ids, uint8_t *to)
{
        while (ids != 0) {
                unsigned int id = take_id(&ids);

                to = write_u8(to, (uint8_t)id);
                to = write_value(properties, property_rows + id, to);
        }
        return to;
}

uint8_t *properties_write(const Properties *properties, uint8_t *to)
{
        /* The order is free; in a CONNACK it is the one that Mosquitto's clients know: the alias
         * maximum first, what was asked for, then the two limits. */
        static const uint64_t first = PROPERTY_BIT(PROPERTY_TOPIC_ALIAS_MAXIMUM);
        static const uint64_t limits = PROPERTY_BIT(PROPERTY_MAXIMUM_PACKET_SIZE);
        static const uint64_t last = PROPERTY_BIT(PROPERTY_RECEIVE_MAXIMUM);
        uint64_t ids = in_struct(properties);

        to = write_varint(to, properties_size(properties));
        if (ids != 0) {
                to = write_some(properties, ids & first, to);
                to = write_some(properties, ids & ~(first | limits | last), to);
                to = write_some(properties, ids & limits, to);
                to = write_some(properties, ids & last, to);
        }
        for (size_t i = 0; i < properties->n_identifiers; i++) {
                to = write_u8(to, PROPERTY_SUBSCRIPTION_IDENTIFIER);
                to = write_varint(to, properties->identifiers[i]);
        }
        return write_bytes(to, properties->raw_user);
}

/* --- passing on --- */

size_t properties_select_size(Bytes raw, uint64_t wanted)
{
        Reader reader = reader_of(raw);
        Property property;
        size_t size = 0;

        while (!reader_is_empty(&reader) && property_next(&reader, &property) == 0)
                if (wanted >> property.id & 1)
                        size += property.encoded.length;
        return size;
}

uint8_t *properties_select_write(Bytes raw, uint64_t wanted, uint8_t *to)
{
        Reader reader = reader_of(raw);
        Property property;

        while (!reader_is_empty(&reader) && property_next(&reader, &property) == 0)
                if (wanted >> property.id & 1)
                        to = write_bytes(to, property.encoded);
        return to;
}

size_t user_property_size(Bytes name, Bytes value)
{
        return 1 + string_size(name) + string_size(value);
}

uint8_t *user_property_write(uint8_t *to, Bytes name, Bytes value)
{
        return write_string(write_string(write_u8(to, PROPERTY_USER_PROPERTY), name), value);
}
