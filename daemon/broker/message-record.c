/* SPDX-License-Identifier: Apache-2.0 */
/* message-record.c: the bytes of a message. */
#include "broker/message-record.h"

#include <errno.h>

#define FLAG_QOS    0x03U
#define FLAG_RETAIN 0x04U
#define FLAG_AUTHOR 0x08U
#define FLAG_NAMED  0x10U
#define FLAG_NUMBER 0x20U

static void put_author(RecordWriter *writer, const MessageAuthor *author)
{
        record_put_bytes(writer, author->username);
        record_put_bytes(writer, author->client_id);
        record_put_bytes(writer, author->listener);
}

static void get_author(RecordReader *reader, bool is_named, MessageAuthor *author)
{
        author->username = record_get_bytes(reader);
        author->client_id = record_get_bytes(reader);
        author->listener = record_get_bytes(reader);
        if (!is_named)
                author->username = (Bytes){};
}

void message_record_put(RecordWriter *writer, const Message *message)
{
        MessageAuthor author = {};
        const bool has_author = message_author(message, &author);

        record_put_u8(writer, (uint8_t)(message->qos | (message->retain ? FLAG_RETAIN : 0) |
                                        (has_author ? FLAG_AUTHOR : 0) |
                                        (author.username.data ? FLAG_NAMED : 0) |
                                        (message->has_number ? FLAG_NUMBER : 0)));
        record_put_u32(writer, message->expires);
        record_put_bytes(writer, message_topic(message));
        record_put_bytes(writer, message_properties(message));
        record_put_bytes(writer, message_payload(message));
        if (has_author)
                put_author(writer, &author);
        if (message->has_number)
                record_put_u64(writer, message_number(message));
}

int message_record_get(RecordReader *reader, Message **ret_message)
{
        uint8_t flags = record_get_u8(reader);
        MessageParts parts = {.qos = flags & FLAG_QOS, .retain = flags & FLAG_RETAIN};
        MessageAuthor author;
        int r;

        parts.expires = record_get_u32(reader);
        parts.topic = record_get_bytes(reader);
        parts.properties = record_get_bytes(reader);
        parts.payload = record_get_bytes(reader);
        if (flags & FLAG_AUTHOR) {
                get_author(reader, flags & FLAG_NAMED, &author);
                parts.author = &author;
        }
        if (flags & FLAG_NUMBER)
                parts.number = record_get_u64(reader);
        if (record_reader_failed(reader) || parts.qos > 2)
                return -EBADMSG;
        r = message_new(&parts, ret_message);
        return r == -E2BIG ? -EBADMSG : r;
}
