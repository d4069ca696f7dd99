/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mosquitto-chunk.c: two layouts of six kinds of chunks.
 *
 * Numbers are big-endian, but those of eight bytes: they are as the machine has them that wrote
 * the file. Up to version 4 a chunk is a list of fields, with the length in front of each text;
 * from 5 on it is a structure of C, padding and all, and behind it all texts without lengths.
 */
#include "transfer/mosquitto-chunk.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "mqtt/property.h"
#include "mqtt/reader.h"
#include "mqtt/topic.h"

/* Bits of the options of a subscription that a file can have, beside the QoS. */
#define OPTIONS_MASK 0x0CU

const char *mosquitto_chunk_name(unsigned type)
{
        static const char *const names[MOSQUITTO_CHUNK_TYPES] = {
                [MOSQUITTO_CONFIG] = "the configuration",
                [MOSQUITTO_MESSAGE] = "a message",
                [MOSQUITTO_DELIVERY] = "a message of a client",
                [MOSQUITTO_RETAINED] = "a retained message",
                [MOSQUITTO_SUBSCRIPTION] = "a subscription",
                [MOSQUITTO_CLIENT] = "a client",
        };

        return type < MOSQUITTO_CHUNK_TYPES && names[type] ? names[type] : "an unknown chunk";
}

/* --- fields; all return 0 or not --- */

static int get_u64(const MosquittoLayout *layout, Reader *reader, uint64_t *ret)
{
        uint64_t value;
        Bytes bytes;

        if (reader_bytes(reader, sizeof(value), &bytes) != 0)
                return -EBADMSG;
        memcpy(&value, bytes.data, sizeof(value));
        *ret = layout->is_big_endian ? be64toh(value) : le64toh(value);
        return 0;
}

static int get_time(const MosquittoLayout *layout, Reader *reader, int64_t *ret)
{
        uint64_t value;
        int r = get_u64(layout, reader, &value);

        if (r == 0)
                *ret = (int64_t)value;
        return r;
}

static int get_flag(Reader *reader, bool *ret)
{
        uint8_t value;
        int r = reader_u8(reader, &value);

        if (r == 0)
                *ret = value != 0;
        return r;
}

static int skip(Reader *reader, size_t n)
{
        Bytes bytes;

        return reader_bytes(reader, n, &bytes);
}

static int get_text(Reader *reader, size_t length, Bytes *ret)
{
        Bytes text;

        if (reader_bytes(reader, length, &text) != 0 || !utf8_is_valid(text.data, text.length))
                return -EBADMSG;
        *ret = text;
        return 0;
}

/* Properties of a PUBLISH up to the end of the chunk: the length and that much, or nothing. */
static int get_properties(Reader *reader, Properties *ret)
{
        properties_init(ret);
        if (reader_is_empty(reader))
                return 0;
        return properties_decode(reader, PROPERTIES_PUBLISH, ret) == 0 && reader_is_empty(reader)
                       ? 0
                       : -EBADMSG;
}

/* --- what a broker could have had --- */

static bool is_message(const MosquittoMessage *message)
{
        return topic_name_is_valid(message->topic) && message->qos <= MQTT_QOS_MAX &&
               message->payload.length <= MQTT_REMAINING_MAX && message->expires >= 0;
}

static bool is_delivery(const MosquittoDelivery *delivery)
{
        return delivery->client_id.length > 0 && delivery->qos <= MQTT_QOS_MAX &&
               delivery->state >= MOSQUITTO_SEND_QOS_0 && delivery->state <= MOSQUITTO_QUEUED &&
               (delivery->state == MOSQUITTO_QUEUED || delivery->qos == 0 ||
                delivery->packet_id > 0);
}

static bool is_subscription(const MosquittoSubscription *subscription)
{
        TopicFilter filter;

        return subscription->client_id.length > 0 &&
               topic_filter_parse(subscription->filter, &filter) == 0 &&
               (subscription->options & 0x03) <= MQTT_QOS_MAX &&
               subscription->identifier <= MQTT_VARINT_MAX;
}

/* --- versions 3 and 4 --- */

static int old_config(const MosquittoLayout *layout, Reader *reader, size_t length,
                      MosquittoChunk *chunk)
{
        MosquittoConfig *config = &chunk->config;
        bool is_shutdown;

        return get_flag(reader, &is_shutdown) != 0 ||
               reader_u8(reader, &config->number_size) != 0 ||
               get_u64(layout, reader, &config->last_message) != 0;
}

static int old_message(const MosquittoLayout *layout, Reader *reader, size_t length,
                       MosquittoChunk *chunk)
{
        MosquittoMessage *message = &chunk->message;
        uint32_t payload_length;
        Bytes username;

        if (get_u64(layout, reader, &message->number) != 0 ||
            reader_string(reader, &message->source) != 0 ||
            (layout->version >= 4 && /* and the port of its listener */
             (reader_binary(reader, &username) != 0 || skip(reader, 2) != 0)) ||
            skip(reader, 4) != 0 || /* packet identifiers: of the publisher, and of nobody */
            reader_string(reader, &message->topic) != 0 || reader_u8(reader, &message->qos) != 0 ||
            get_flag(reader, &message->retain) != 0 || reader_u32(reader, &payload_length) != 0 ||
            reader_bytes(reader, payload_length, &message->payload) != 0)
                return -EBADMSG;
        message->expires = 0;
        message->properties = (Bytes){};
        return !is_message(message);
}

static int old_delivery(const MosquittoLayout *layout, Reader *reader, size_t length,
                        MosquittoChunk *chunk)
{
        MosquittoDelivery *delivery = &chunk->delivery;
        uint8_t direction, is_dup;

        if (reader_string(reader, &delivery->client_id) != 0 ||
            get_u64(layout, reader, &delivery->message) != 0 ||
            reader_u16(reader, &delivery->packet_id) != 0 ||
            reader_u8(reader, &delivery->qos) != 0 || get_flag(reader, &delivery->retain) != 0 ||
            reader_u8(reader, &direction) != 0 || reader_u8(reader, &delivery->state) != 0 ||
            reader_u8(reader, &is_dup) != 0 || direction > 1)
                return -EBADMSG;
        delivery->incoming = direction == 0;
        delivery->identifier = 0;
        return !is_delivery(delivery);
}

static int get_retained(const MosquittoLayout *layout, Reader *reader, size_t length,
                        MosquittoChunk *chunk)
{
        return get_u64(layout, reader, &chunk->retained);
}

static int old_subscription(const MosquittoLayout *layout, Reader *reader, size_t length,
                            MosquittoChunk *chunk)
{
        MosquittoSubscription *subscription = &chunk->subscription;

        if (reader_string(reader, &subscription->client_id) != 0 ||
            reader_string(reader, &subscription->filter) != 0 ||
            reader_u8(reader, &subscription->options) != 0)
                return -EBADMSG;
        subscription->identifier = 0;
        return subscription->options & ~0x03U || !is_subscription(subscription);
}

/* Behind it is when the client left, as wide as time was on that machine. Sessions had no end of
 * their own then. */
static int old_client(const MosquittoLayout *layout, Reader *reader, size_t length,
                      MosquittoChunk *chunk)
{
        MosquittoClient *client = &chunk->client;
        size_t before;

        if (reader_string(reader, &client->client_id) != 0 ||
            reader_u16(reader, &client->last_id) != 0)
                return -EBADMSG;
        before = 2 * sizeof(uint16_t) + client->client_id.length;
        client->end = 0;
        client->expiry = MQTT_SESSION_NEVER_ENDS;
        return skip(reader, length == before + 4 ? 4 : 8) || client->client_id.length == 0;
}

/* --- versions 5 and 6 --- */

static int new_config(const MosquittoLayout *layout, Reader *reader, size_t length,
                      MosquittoChunk *chunk)
{
        MosquittoConfig *config = &chunk->config;
        bool is_shutdown;

        return get_u64(layout, reader, &config->last_message) != 0 ||
               get_flag(reader, &is_shutdown) != 0 ||
               reader_u8(reader, &config->number_size) != 0 || skip(reader, reader_left(reader));
}

static int new_message(const MosquittoLayout *layout, Reader *reader, size_t length,
                       MosquittoChunk *chunk)
{
        uint16_t packet_id, source_length, username_length, topic_length, port;
        MosquittoMessage *message = &chunk->message;
        uint32_t payload_length;
        Properties properties;

        if (get_u64(layout, reader, &message->number) != 0 ||
            get_time(layout, reader, &message->expires) != 0 ||
            reader_u32(reader, &payload_length) != 0 || reader_u16(reader, &packet_id) != 0 ||
            reader_u16(reader, &source_length) != 0 || reader_u16(reader, &username_length) != 0 ||
            reader_u16(reader, &topic_length) != 0 || reader_u16(reader, &port) != 0 ||
            reader_u8(reader, &message->qos) != 0 || get_flag(reader, &message->retain) != 0)
                return -EBADMSG;
        if (get_text(reader, source_length, &message->source) != 0 ||
            skip(reader, username_length) != 0 ||
            get_text(reader, topic_length, &message->topic) != 0 ||
            reader_bytes(reader, payload_length, &message->payload) != 0 ||
            get_properties(reader, &properties) != 0)
                return -EBADMSG;
        message->properties = properties.raw;
        return !is_message(message);
}

static int new_delivery(const MosquittoLayout *layout, Reader *reader, size_t length,
                        MosquittoChunk *chunk)
{
        MosquittoDelivery *delivery = &chunk->delivery;
        uint8_t retain_dup, direction;
        Properties properties;
        uint16_t id_length;

        if (get_u64(layout, reader, &delivery->message) != 0 ||
            reader_u16(reader, &delivery->packet_id) != 0 || reader_u16(reader, &id_length) != 0 ||
            reader_u8(reader, &delivery->qos) != 0 || reader_u8(reader, &delivery->state) != 0 ||
            reader_u8(reader, &retain_dup) != 0 || reader_u8(reader, &direction) != 0 ||
            direction > 1 || get_text(reader, id_length, &delivery->client_id) != 0 ||
            get_properties(reader, &properties) != 0)
                return -EBADMSG;
        delivery->retain = retain_dup >> 4;
        delivery->incoming = direction == 0;
        delivery->identifier = properties_has(&properties, PROPERTY_SUBSCRIPTION_IDENTIFIER)
                                       ? properties.subscription_identifier
                                       : 0;
        return !is_delivery(delivery);
}

static int new_subscription(const MosquittoLayout *layout, Reader *reader, size_t length,
                            MosquittoChunk *chunk)
{
        MosquittoSubscription *subscription = &chunk->subscription;
        uint16_t id_length, filter_length;
        uint8_t qos, options;

        if (reader_u32(reader, &subscription->identifier) != 0 ||
            reader_u16(reader, &id_length) != 0 || reader_u16(reader, &filter_length) != 0 ||
            reader_u8(reader, &qos) != 0 || reader_u8(reader, &options) != 0 ||
            skip(reader, 2) != 0 || get_text(reader, id_length, &subscription->client_id) != 0 ||
            get_text(reader, filter_length, &subscription->filter) != 0 ||
            !reader_is_empty(reader) || qos > MQTT_QOS_MAX)
                return -EBADMSG;
        subscription->options = (uint8_t)(qos | (options & OPTIONS_MASK));
        return !is_subscription(subscription);
}

/* What is behind the client identifier is the user's name. Mosquitto 2.0 says the wrong length of
 * it if some clients have a name and some have none, and writes what is in its memory behind; the
 * length of the chunk is right. */
static int new_client(const MosquittoLayout *layout, Reader *reader, size_t length,
                      MosquittoChunk *chunk)
{
        MosquittoClient *client = &chunk->client;
        size_t behind = layout->version < 6 ? 0 : layout->is_packed ? 4 : 8;
        uint16_t id_length;

        if (get_time(layout, reader, &client->end) != 0 ||
            reader_u32(reader, &client->expiry) != 0 || reader_u16(reader, &client->last_id) != 0 ||
            reader_u16(reader, &id_length) != 0 || skip(reader, behind) != 0 ||
            get_text(reader, id_length, &client->client_id) != 0)
                return -EBADMSG;
        return skip(reader, reader_left(reader)) || client->end < 0 || id_length == 0;
}

/* --- all --- */

typedef int (*ReadChunk)(const MosquittoLayout *layout, Reader *reader, size_t length,
                         MosquittoChunk *chunk);

static const ReadChunk old_chunks[MOSQUITTO_CHUNK_TYPES] = {
        [MOSQUITTO_CONFIG] = old_config,
        [MOSQUITTO_MESSAGE] = old_message,
        [MOSQUITTO_DELIVERY] = old_delivery,
        [MOSQUITTO_RETAINED] = get_retained,
        [MOSQUITTO_SUBSCRIPTION] = old_subscription,
        [MOSQUITTO_CLIENT] = old_client,
};

static const ReadChunk new_chunks[MOSQUITTO_CHUNK_TYPES] = {
        [MOSQUITTO_CONFIG] = new_config,
        [MOSQUITTO_MESSAGE] = new_message,
        [MOSQUITTO_DELIVERY] = new_delivery,
        [MOSQUITTO_RETAINED] = get_retained,
        [MOSQUITTO_SUBSCRIPTION] = new_subscription,
        [MOSQUITTO_CLIENT] = new_client,
};

int mosquitto_chunk_read(const MosquittoLayout *layout, Bytes body, size_t length,
                         MosquittoChunk *chunk, size_t *ret_used)
{
        const ReadChunk *chunks = layout->version < 5 ? old_chunks : new_chunks;
        Reader reader = reader_of(body);

        if (chunk->type >= MOSQUITTO_CHUNK_TYPES || !chunks[chunk->type] ||
            chunks[chunk->type](layout, &reader, length, chunk) != 0)
                return -EBADMSG;
        *ret_used = body.length - reader_left(&reader);
        return 0;
}
