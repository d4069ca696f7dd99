/* SPDX-License-Identifier: Apache-2.0 */
/* message-record.c: the bytes of a message. */
#include "broker/message-record.h"

#include <errno.h>

#define FLAG_QOS    0x03U
#define FLAG_RETAIN 0x04U

void message_record_put(RecordWriter *writer, const Message *message)
{
        record_put_u8(writer, (uint8_t)(message->qos | (message->retain ? FLAG_RETAIN : 0)));
        record_put_u32(writer, message->expires);
        record_put_bytes(writer, message_topic(message));
        record_put_bytes(writer, message_properties(message));
        record_put_bytes(writer, message_payload(message));
}

int message_record_get(RecordReader *reader, Message **ret_message)
{
        uint8_t flags = record_get_u8(reader);
        MessageParts parts = {.qos = flags & FLAG_QOS, .retain = flags & FLAG_RETAIN};
        int r;

        parts.expires = record_get_u32(reader);
        parts.topic = record_get_bytes(reader);
        parts.properties = record_get_bytes(reader);
        parts.payload = record_get_bytes(reader);
        if (record_reader_failed(reader) || parts.qos > 2)
                return -EBADMSG;
        r = message_new(&parts, ret_message);
        return r == -E2BIG ? -EBADMSG : r;
}
