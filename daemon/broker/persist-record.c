/* SPDX-License-Identifier: Apache-2.0 */
/* persist-record.c: values that are small, or lists of small things. */
#include "broker/persist-record.h"

#include <errno.h>

#include "broker/subscription.h"
#include "mqtt/protocol.h"

int persist_value_open(Bytes value, PersistRecordType type, RecordReader *ret_reader)
{
        Record record;
        int r = record_next(&value, &record);

        if (r <= 0 || value.length > 0)
                return -EBADMSG;
        if (record.type != type || record.version > PERSIST_RECORD_VERSION)
                return -EPROTONOSUPPORT;
        *ret_reader = record_reader(record.payload);
        return 0;
}

static RecordWriter begin(Buffer *buffer, PersistRecordType type)
{
        return record_begin(buffer, (uint16_t)type, PERSIST_RECORD_VERSION, 0);
}

/* --- messages --- */

RecordWriter persist_message_begin(Buffer *buffer, const PersistMessage *message)
{
        RecordWriter record = begin(buffer, PERSIST_RECORD_MESSAGE);

        record_put_u64(&record, message->number);
        record_put_u8(&record, message->flags);
        record_put_u64(&record, message->received);
        record_put_u64(&record, message->expires);
        record_put_bytes(&record, message->topic);
        record_put_bytes(&record, message->properties);
        record_put_bytes(&record, message->payload);
        return record;
}

void persist_taker_put(RecordWriter *record, const PersistTaker *taker)
{
        bool more = taker->n_identifiers > 0 || taker->group.length > 0;

        record_put_u32(record, taker->session);
        record_put_u8(record, (uint8_t)((taker->flags & ~PERSIST_TAKER_MORE) |
                                        (more ? PERSIST_TAKER_MORE : 0)));
        if (!more)
                return;
        record_put_u16(record, taker->n_identifiers);
        record_put(record, taker->identifiers, taker->n_identifiers * sizeof(uint32_t));
        record_put_bytes(record, taker->group);
}

int persist_message_get(Bytes value, PersistMessage *ret_message)
{
        PersistMessage message;
        RecordReader reader;
        int r = persist_value_open(value, PERSIST_RECORD_MESSAGE, &reader);

        if (r < 0)
                return r;
        message.number = record_get_u64(&reader);
        message.flags = record_get_u8(&reader);
        message.received = record_get_u64(&reader);
        message.expires = record_get_u64(&reader);
        message.topic = record_get_bytes(&reader);
        message.properties = record_get_bytes(&reader);
        message.payload = record_get_bytes(&reader);
        if (record_reader_failed(&reader) || message.topic.length == 0 ||
            message.topic.length > MQTT_STRING_MAX || (message.flags & PERSIST_MESSAGE_QOS) > 2)
                return -EBADMSG;
        message.takers = reader;
        *ret_message = message;
        return 0;
}

int persist_taker_next(RecordReader *takers, PersistTaker *ret_taker)
{
        PersistTaker taker = {};

        if (!record_reader_has_more(takers))
                return 0;
        taker.session = record_get_u32(takers);
        taker.flags = record_get_u8(takers);
        if (taker.flags & PERSIST_TAKER_MORE) {
                taker.n_identifiers = record_get_u16(takers);
                taker.identifiers = record_take(takers, taker.n_identifiers * sizeof(uint32_t));
                taker.group = record_get_bytes(takers);
        }
        if (record_reader_failed(takers) || (taker.flags & PERSIST_TAKER_QOS) > 2)
                return -EBADMSG;
        *ret_taker = taker;
        return 1;
}

/* --- acknowledgements --- */

RecordWriter persist_acks_begin(Buffer *buffer, uint64_t number)
{
        RecordWriter record = begin(buffer, PERSIST_RECORD_ACKS);

        record_put_u64(&record, number);
        return record;
}

typedef enum AckPart {
        ACK_MESSAGE = 1 << 0,
        ACK_PACKET_ID = 1 << 1,
} AckPart;

static const uint8_t ack_parts[PERSIST_ACK_KINDS] = {
        [PERSIST_ACK_SENT] = ACK_MESSAGE | ACK_PACKET_ID,
        [PERSIST_ACK_DONE] = ACK_MESSAGE,
        [PERSIST_ACK_RELEASED] = ACK_MESSAGE | ACK_PACKET_ID,
        [PERSIST_ACK_COMPLETE] = ACK_PACKET_ID,
        [PERSIST_ACK_RECEIVED] = ACK_PACKET_ID,
        [PERSIST_ACK_FREED] = ACK_PACKET_ID,
};

void persist_ack_put(RecordWriter *record, const PersistAck *ack)
{
        record_put_u32(record, ack->session);
        record_put_u8(record, ack->kind);
        if (ack_parts[ack->kind] & ACK_MESSAGE)
                record_put_u64(record, ack->message);
        if (ack_parts[ack->kind] & ACK_PACKET_ID)
                record_put_u16(record, ack->packet_id);
}

int persist_ack_next(RecordReader *acks, PersistAck *ret_ack)
{
        PersistAck ack = {};

        if (!record_reader_has_more(acks))
                return 0;
        ack.session = record_get_u32(acks);
        ack.kind = record_get_u8(acks);
        if (ack.kind >= PERSIST_ACK_KINDS)
                return -EBADMSG;
        if (ack_parts[ack.kind] & ACK_MESSAGE)
                ack.message = record_get_u64(acks);
        if (ack_parts[ack.kind] & ACK_PACKET_ID)
                ack.packet_id = record_get_u16(acks);
        if (record_reader_failed(acks) ||
            (ack_parts[ack.kind] & ACK_PACKET_ID && ack.packet_id == 0))
                return -EBADMSG;
        *ret_ack = ack;
        return 1;
}

int persist_acks_get(Bytes value, uint64_t number, RecordReader *ret_acks)
{
        RecordReader reader, rest;
        PersistAck ack;
        int r = persist_value_open(value, PERSIST_RECORD_ACKS, &reader);

        if (r < 0)
                return r;
        if (record_get_u64(&reader) != number || record_reader_failed(&reader))
                return -EBADMSG;
        rest = reader;
        do
                r = persist_ack_next(&rest, &ack);
        while (r > 0);
        if (r < 0)
                return r;
        *ret_acks = reader;
        return 0;
}

/* --- clients and subscriptions --- */

int persist_client_put(Buffer *buffer, const PersistClient *client)
{
        RecordWriter record = begin(buffer, PERSIST_RECORD_CLIENT);

        record_put_u32(&record, client->session);
        record_put_bytes(&record, client->client_id);
        return record_end(&record);
}

int persist_client_get(Bytes value, PersistClient *ret_client)
{
        PersistClient client;
        RecordReader reader;
        int r = persist_value_open(value, PERSIST_RECORD_CLIENT, &reader);

        if (r < 0)
                return r;
        client.session = record_get_u32(&reader);
        client.client_id = record_get_bytes(&reader);
        if (record_reader_failed(&reader) || client.client_id.length > MQTT_STRING_MAX)
                return -EBADMSG;
        *ret_client = client;
        return 0;
}

int persist_filter_put(Buffer *buffer, const PersistFilter *filter)
{
        RecordWriter record = begin(buffer, PERSIST_RECORD_SUBSCRIPTION);

        record_put_u32(&record, filter->session);
        record_put_u8(&record, filter->options);
        record_put_u32(&record, filter->identifier);
        record_put_bytes(&record, filter->text);
        return record_end(&record);
}

int persist_filter_get(Bytes value, PersistFilter *ret_filter)
{
        PersistFilter filter;
        RecordReader reader;
        int r = persist_value_open(value, PERSIST_RECORD_SUBSCRIPTION, &reader);

        if (r < 0)
                return r;
        filter.session = record_get_u32(&reader);
        filter.options = record_get_u8(&reader);
        filter.identifier = record_get_u32(&reader);
        filter.text = record_get_bytes(&reader);
        if (record_reader_failed(&reader) || filter.text.length == 0 ||
            filter.text.length > MQTT_STRING_MAX || filter.identifier > MQTT_VARINT_MAX ||
            filter.options & ~SUBSCRIPTION_OPTIONS_MASK || subscription_qos(filter.options) > 2)
                return -EBADMSG;
        *ret_filter = filter;
        return 0;
}
