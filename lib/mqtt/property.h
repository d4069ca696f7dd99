/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The properties of MQTT 5: decoded once into a struct, encoded from one. User properties are
 * counted and stay where they are (`raw`): property_next() walks over them.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mqtt/protocol.h"
#include "mqtt/reader.h"
#include "util/bytes.h"

/* Whose properties they are: a packet type, or the will inside a CONNECT. */
typedef enum PropertyContext {
        PROPERTIES_WILL = 0,
        PROPERTIES_CONNECT = PACKET_CONNECT,
        PROPERTIES_CONNACK = PACKET_CONNACK,
        PROPERTIES_PUBLISH = PACKET_PUBLISH,
        PROPERTIES_PUBACK = PACKET_PUBACK,
        PROPERTIES_PUBREC = PACKET_PUBREC,
        PROPERTIES_PUBREL = PACKET_PUBREL,
        PROPERTIES_PUBCOMP = PACKET_PUBCOMP,
        PROPERTIES_SUBSCRIBE = PACKET_SUBSCRIBE,
        PROPERTIES_SUBACK = PACKET_SUBACK,
        PROPERTIES_UNSUBSCRIBE = PACKET_UNSUBSCRIBE,
        PROPERTIES_UNSUBACK = PACKET_UNSUBACK,
        PROPERTIES_DISCONNECT = PACKET_DISCONNECT,
        PROPERTIES_AUTH = PACKET_AUTH,
} PropertyContext;

/*
 * A field other than present, raw, raw_user, user_properties and n_identifiers holds a value only
 * if its bit in `present` is set: the decoder leaves the others uninitialised.
 */
typedef struct Properties {
        uint64_t present; /* bit 1 << PropertyId */

        uint32_t message_expiry_interval; /* seconds */
        uint32_t session_expiry_interval; /* seconds */
        uint32_t will_delay_interval;     /* seconds */
        uint32_t maximum_packet_size;
        uint32_t subscription_identifier; /* the first one, if a PUBLISH has several */
        uint16_t receive_maximum;
        uint16_t topic_alias_maximum;
        uint16_t topic_alias;
        uint16_t server_keep_alive; /* seconds */
        uint8_t payload_format_indicator;
        uint8_t request_problem_information;
        uint8_t request_response_information;
        uint8_t maximum_qos;
        uint8_t retain_available;
        uint8_t wildcard_subscription_available;
        uint8_t subscription_identifier_available;
        uint8_t shared_subscription_available;

        Bytes content_type;
        Bytes response_topic;
        Bytes correlation_data;
        Bytes authentication_method;
        Bytes authentication_data;
        Bytes assigned_client_identifier;
        Bytes reason_string;
        Bytes response_information;
        Bytes server_reference;

        /* Decoded: the block as received, without its length. Not looked at by the encoder. */
        Bytes raw;
        size_t user_properties; /* how many of them are in raw */

        /* To encode besides what is in `present`: properties that are encoded already, copied as
         * they are to the end of the block, such as what properties_select() has chosen; and
         * further subscription identifiers. The decoder sets both to nothing. */
        Bytes raw_user;
        const uint32_t *identifiers;
        size_t n_identifiers;
} Properties;

#define PROPERTY_BIT(id) (UINT64_C(1) << (id))

/* What a server passes on unaltered with a message: [MQTT-3.3.2-4, -15, -16, -17, -18, -20]. */
#define PROPERTIES_FORWARDED                                                                       \
        (PROPERTY_BIT(PROPERTY_PAYLOAD_FORMAT_INDICATOR) | PROPERTY_BIT(PROPERTY_CONTENT_TYPE) |   \
         PROPERTY_BIT(PROPERTY_RESPONSE_TOPIC) | PROPERTY_BIT(PROPERTY_CORRELATION_DATA) |         \
         PROPERTY_BIT(PROPERTY_USER_PROPERTY))

static inline bool properties_has(const Properties *properties, PropertyId id)
{
        return properties->present & PROPERTY_BIT(id);
}

/* Makes a struct that says nothing, without touching what need not be. */
static inline void properties_init(Properties *properties)
{
        properties->present = 0;
        properties->raw = (Bytes){};
        properties->user_properties = 0;
        properties->raw_user = (Bytes){};
        properties->identifiers = NULL;
        properties->n_identifiers = 0;
}

/* properties_decode() for a block that is not empty. */
int properties_decode_block(Reader *reader, PropertyContext context, Properties *ret);

/*
 * Reads a property length and the block behind it. REASON_MALFORMED_PACKET: cut short, an unknown
 * identifier, text that is not UTF-8. REASON_PROTOCOL_ERROR: a property that this packet cannot
 * have or has twice, a value the standard forbids (Receive Maximum 0, Maximum Packet Size 0,
 * Subscription Identifier 0, a Response Topic with wildcards, Authentication Data without a Method,
 * flags that are neither 0 nor 1). REASON_TOPIC_ALIAS_INVALID: Topic Alias 0 [MQTT-3.3.2-8]. Linear
 * time.
 */
static inline int properties_decode(Reader *reader, PropertyContext context, Properties *ret)
{
        properties_init(ret);
        if (reader->at < reader->end && *reader->at == 0) {
                reader->at++;
                return 0;
        }
        return properties_decode_block(reader, context, ret);
}

/* The size of the encoded block without its length. */
size_t properties_size(const Properties *properties);
/* The same with the length in front: what properties_write() fills. */
size_t properties_block_size(const Properties *properties);
/* Writes the length and the block: properties_block_size() bytes. Returns the address behind. */
uint8_t *properties_write(const Properties *properties, uint8_t *to);

/* Whether all of the decoded block is passed on with the message: raw can be copied as it is. */
static inline bool properties_forward_whole(const Properties *properties)
{
        return !(properties->present & ~PROPERTIES_FORWARDED);
}

/* From a block that has been decoded (Properties.raw): the size of the properties whose bits are in
 * `wanted` (PROPERTIES_FORWARDED for what goes to subscribers;
 * PROPERTY_BIT(PROPERTY_USER_PROPERTY)), and a copy of them in their order. Returns the address
 * behind. */
size_t properties_select_size(Bytes raw, uint64_t wanted);
uint8_t *properties_select_write(Bytes raw, uint64_t wanted, uint8_t *to);

/* One property out of a block. */
typedef struct Property {
        PropertyId id;
        uint32_t number; /* integers and flags */
        Bytes value;     /* strings and Binary Data; a user property's value */
        Bytes name;      /* of a user property */
        Bytes encoded;   /* all of its bytes, identifier included */
} Property;

/* Takes the next property of a block, whatever it is: 0 or REASON_MALFORMED_PACKET (never for a
 * block that has been decoded). The caller looks for reader_is_empty() first. */
int property_next(Reader *reader, Property *ret);

/* For callers that build raw_user: the size of a user property, and its bytes. */
size_t user_property_size(Bytes name, Bytes value);
uint8_t *user_property_write(uint8_t *to, Bytes name, Bytes value);
