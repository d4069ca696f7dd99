/* SPDX-License-Identifier: Apache-2.0 */

/* The properties of a message in words. */

#include "server/message-words.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/message.h"
#include "mqtt/property.h"
#include "util/utf8.h"

/* --- to MQTT --- */

static Bytes text(const char *text)
{
        return bytes_from_string(text);
}

static void set(Properties *properties, PropertyId id, Bytes value, Bytes *field)
{
        if (!value.data)
                return;
        properties->present |= PROPERTY_BIT(id);
        *field = value;
}

static int encode_user(const MessageWords *words, Buffer *to)
{
        for (size_t i = 0; i < words->n_user; i++) {
                const Bytes name = text(words->user[i].name), value = text(words->user[i].value);

                if (buffer_reserve(to, user_property_size(name, value)) < 0)
                        return -ENOMEM;
                user_property_write(buffer_tail(to), name, value);
                buffer_commit(to, user_property_size(name, value));
        }
        return 0;
}

/* The block has its length in front, which is none of a message. */
static int append_block(const Properties *properties, Buffer *to)
{
        const size_t size = properties_block_size(properties), n = properties_size(properties);
        uint8_t *block = malloc(size);
        int r;

        if (!block)
                return -ENOMEM;
        properties_write(properties, block);
        r = buffer_append(to, block + size - n, n);
        free(block);
        return r;
}

int message_words_encode(const MessageWords *words, Buffer *to)
{
        Properties properties;
        int r;

        properties_init(&properties);
        if (words->has_payload_format) {
                properties.present |= PROPERTY_BIT(PROPERTY_PAYLOAD_FORMAT_INDICATOR);
                properties.payload_format_indicator = words->payload_format;
        }
        set(&properties, PROPERTY_CONTENT_TYPE, text(words->content_type),
            &properties.content_type);
        set(&properties, PROPERTY_RESPONSE_TOPIC, text(words->response_topic),
            &properties.response_topic);
        set(&properties, PROPERTY_CORRELATION_DATA, words->correlation_data,
            &properties.correlation_data);
        r = append_block(&properties, to);
        return r < 0 ? r : encode_user(words, to);
}

/* --- from MQTT --- */

/* Where texts go: their lengths in the block leave room for their ends. */
typedef struct Words {
        WordPair *pairs;
        char *at;
} Words;

static const char *copy(Words *to, Bytes value)
{
        char *text = to->at;

        if (value.length > 0)
                memcpy(text, value.data, value.length);
        text[value.length] = 0;
        utf8_clean(text);
        to->at += value.length + 1;
        return text;
}

static size_t count_user(Bytes block)
{
        Reader reader = reader_of(block);
        Property property;
        size_t n = 0;

        while (!reader_is_empty(&reader) && property_next(&reader, &property) == 0)
                n += property.id == PROPERTY_USER_PROPERTY;
        return n;
}

static void take(MessageWords *words, const Property *property, Words *to)
{
        if (property->id == PROPERTY_PAYLOAD_FORMAT_INDICATOR) {
                words->has_payload_format = true;
                words->payload_format = (uint8_t)property->number;
        } else if (property->id == PROPERTY_CONTENT_TYPE) {
                words->content_type = copy(to, property->value);
        } else if (property->id == PROPERTY_RESPONSE_TOPIC) {
                words->response_topic = copy(to, property->value);
        } else if (property->id == PROPERTY_CORRELATION_DATA) {
                words->correlation_data = property->value;
        } else if (property->id == PROPERTY_USER_PROPERTY) {
                WordPair *pair = &to->pairs[words->n_user++];

                pair->name = copy(to, property->name);
                pair->value = copy(to, property->value);
        }
}

int message_words_decode(const Message *message, MessageWords *ret_words, void **ret_memory)
{
        const Bytes block = message_properties(message);
        const size_t n_user = count_user(block);
        void *memory = calloc(1, n_user * sizeof(WordPair) + block.length + 1);
        Words to = {memory, (char *)memory + n_user * sizeof(WordPair)};
        Reader reader = reader_of(block);
        MessageWords words = {};
        Property property;

        if (!memory)
                return -ENOMEM;
        while (!reader_is_empty(&reader) && property_next(&reader, &property) == 0)
                take(&words, &property, &to);
        words.user = to.pairs;
        *ret_words = words;
        *ret_memory = memory;
        return 0;
}
