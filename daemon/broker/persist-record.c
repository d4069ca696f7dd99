/* SPDX-License-Identifier: Apache-2.0 */
/* persist-record.c: values that are small, or lists of small things. */
#include "broker/persist-record.h"

#include <errno.h>

#include "broker/subscription.h"
#include "mqtt/protocol.h"
#include "util/crc32c.h"

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
        if (message->flags & PERSIST_MESSAGE_AUTHOR) {
                record_put_bytes(&record, message->author.username);
                record_put_bytes(&record, message->author.client_id);
                record_put_bytes(&record, message->author.listener);
        }
        return record;
}

void persist_taker_put(RecordWriter *record, const PersistTaker *taker)
{
        bool more = taker->n_identifiers > 0 || taker->group.length > 0;

        record_put_u32(record, taker->session);
        record_put_u8(record, (uint8_t)((taker->flags & ~PERSIST_TAKER_MORE) |
                                        (more ? PERSIST_TAKER_MORE : 0)));
        record_put_u16(record, taker->packet_id);
        if (!more)
                return;
        record_put_u16(record, taker->n_identifiers);
        if (taker->given)
                for (unsigned i = 0; i < taker->n_identifiers; i++)
                        record_put_u32(record, taker->given[i]);
        else
                record_put(record, taker->identifiers, taker->n_identifiers * sizeof(uint32_t));
        record_put_bytes(record, taker->group);
}

void persist_taker_list_done(PersistTakerList *list)
{
        buffer_done(&list->bytes);
        list->count = 0;
}

int persist_taker_list_add(PersistTakerList *list, const PersistTaker *taker)
{
        size_t length = buffer_length(&list->bytes);
        RecordWriter record = {.buffer = &list->bytes, .start = length};

        persist_taker_put(&record, taker);
        if (record.error < 0) {
                list->bytes.end -= buffer_length(&list->bytes) - length;
                return record.error;
        }
        list->count++;
        return 0;
}

int persist_taker_list_join(PersistTakerList *list, const PersistTakerList *other)
{
        Bytes bytes = buffer_bytes(&other->bytes);
        int r = buffer_append(&list->bytes, bytes.data, bytes.length);

        if (r == 0)
                list->count += other->count;
        return r;
}

static void get_author(RecordReader *reader, PersistMessage *message)
{
        message->author.username = record_get_bytes(reader);
        message->author.client_id = record_get_bytes(reader);
        message->author.listener = record_get_bytes(reader);
        if (!(message->flags & PERSIST_MESSAGE_NAMED))
                message->author.username = (Bytes){};
}

int persist_message_get(Bytes value, PersistMessage *ret_message)
{
        PersistMessage message = {};
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
        if (message.flags & PERSIST_MESSAGE_AUTHOR)
                get_author(&reader, &message);
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
        taker.packet_id = record_get_u16(takers);
        if (taker.flags & PERSIST_TAKER_MORE) {
                taker.n_identifiers = record_get_u16(takers);
                taker.identifiers = record_take(takers, taker.n_identifiers * sizeof(uint32_t));
                taker.group = record_get_bytes(takers);
        }
        if (record_reader_failed(takers) || (taker.flags & PERSIST_TAKER_QOS) > 2 ||
            (taker.flags & PERSIST_TAKER_QOS) == 0)
                return -EBADMSG;
        *ret_taker = taker;
        return 1;
}

/* --- the others --- */

int persist_flight_put(Buffer *buffer, const PersistFlight *flight)
{
        RecordWriter record = begin(buffer, PERSIST_RECORD_FLIGHT);

        record_put_u32(&record, flight->session);
        record_put_u16(&record, flight->packet_id);
        record_put_u8(&record, flight->qos);
        record_put_u64(&record, flight->message);
        record_put_u64(&record, flight->order);
        return record_end(&record);
}

int persist_flight_get(Bytes value, PersistFlight *ret_flight)
{
        PersistFlight flight;
        RecordReader reader;
        int r = persist_value_open(value, PERSIST_RECORD_FLIGHT, &reader);

        if (r < 0)
                return r;
        flight.session = record_get_u32(&reader);
        flight.packet_id = record_get_u16(&reader);
        flight.qos = record_get_u8(&reader);
        flight.message = record_get_u64(&reader);
        flight.order = record_get_u64(&reader);
        if (record_reader_failed(&reader) || flight.packet_id == 0 || flight.qos < 1 ||
            flight.qos > 2 || (flight.message == 0 && flight.qos != 2))
                return -EBADMSG;
        *ret_flight = flight;
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

void persist_check_put(Bytes key, uint8_t ret_value[static PERSIST_CHECK_SIZE])
{
        uint32_t crc = htole32(crc32c(0, key.data, key.length));

        memcpy(ret_value, &crc, sizeof(crc));
}

int persist_check_get(Bytes key, Bytes value)
{
        uint8_t expected[PERSIST_CHECK_SIZE];

        persist_check_put(key, expected);
        return bytes_equal(value, (Bytes){expected, sizeof(expected)}) ? 0 : -EBADMSG;
}
