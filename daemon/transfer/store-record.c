/* SPDX-License-Identifier: Apache-2.0 */
/* store-record.c: one row for each table. */
#include "transfer/store-record.h"

#include <errno.h>

bool store_record_is_own(unsigned table, Bytes key)
{
        return table == PERSIST_META && key.length > 0 && key.data[0] == '.';
}

/* --- reading --- */

static bool has_key(Bytes key, PersistKey own)
{
        return bytes_equal(key, persist_key_bytes(&own));
}

static int read_takers(RecordReader takers)
{
        PersistTaker taker;
        int r;

        while ((r = persist_taker_next(&takers, &taker)) > 0)
                ;
        return r;
}

static int read_message(Bytes key, Bytes value, StoreRecord *record)
{
        int r = persist_message_get(value, &record->message);

        if (r == 0)
                r = read_takers(record->message.takers);
        return r == 0 && !has_key(key, persist_key_message(record->message.number)) ? -EBADMSG : r;
}

static int read_retained(Bytes key, Bytes value, StoreRecord *record)
{
        int r = persist_message_get(value, &record->message);

        return r == 0 && !has_key(key, persist_key_text(record->message.topic)) ? -EBADMSG : r;
}

static int read_session(Bytes key, Bytes value, StoreRecord *record)
{
        int r = persist_session_get(value, &record->session);

        if (r == 0 && !has_key(key, persist_key_session(record->session.number))) {
                message_unref(record->session.will);
                r = -EBADMSG;
        }
        return r;
}

static int read_subscription(Bytes key, Bytes value, StoreRecord *record)
{
        PersistFilter *filter = &record->subscription;
        int r = persist_filter_get(value, filter);

        return r == 0 && !has_key(key, persist_key_subscription(filter->session, filter->text))
                       ? -EBADMSG
                       : r;
}

static int read_flight(Bytes key, Bytes value, StoreRecord *record)
{
        PersistFlight *flight = &record->flight;
        int r = persist_flight_get(value, flight);

        return r == 0 && !has_key(key, persist_key_packet(flight->session, flight->packet_id))
                       ? -EBADMSG
                       : r;
}

static int read_done(Bytes key, Bytes value, StoreRecord *record)
{
        int r = persist_key_read_done(key, &record->done.message, &record->done.session);

        return r < 0 ? r : persist_check_get(key, value);
}

static int read_received(Bytes key, Bytes value, StoreRecord *record)
{
        int r = persist_key_read_packet(key, &record->received.session,
                                        &record->received.packet_id);

        return r < 0 ? r : persist_check_get(key, value);
}

static int read_raw(Bytes key, Bytes value, StoreRecord *record)
{
        record->raw.key = key;
        record->raw.value = value;
        return 0;
}

/* --- writing --- */

static int write_message(const StoreRecord *record, Buffer *value, PersistKey *key)
{
        RecordWriter writer = persist_message_begin(value, &record->message);
        RecordReader takers = record->message.takers;
        PersistTaker taker;
        int r;

        while ((r = persist_taker_next(&takers, &taker)) > 0)
                persist_taker_put(&writer, &taker);
        if (r < 0)
                writer.error = r;
        *key = record->table == PERSIST_LOG ? persist_key_message(record->message.number)
                                            : persist_key_text(record->message.topic);
        return record_end(&writer);
}

static int write_session(const StoreRecord *record, Buffer *value, PersistKey *key)
{
        *key = persist_key_session(record->session.number);
        return persist_session_put(value, &record->session);
}

static int write_subscription(const StoreRecord *record, Buffer *value, PersistKey *key)
{
        *key = persist_key_subscription(record->subscription.session, record->subscription.text);
        return persist_filter_put(value, &record->subscription);
}

static int write_flight(const StoreRecord *record, Buffer *value, PersistKey *key)
{
        *key = persist_key_packet(record->flight.session, record->flight.packet_id);
        return persist_flight_put(value, &record->flight);
}

static int write_check(Buffer *value, const PersistKey *key)
{
        uint8_t check[PERSIST_CHECK_SIZE];

        persist_check_put(persist_key_bytes(key), check);
        return buffer_append(value, check, sizeof(check));
}

static int write_done(const StoreRecord *record, Buffer *value, PersistKey *key)
{
        *key = persist_key_done(record->done.message, record->done.session);
        return write_check(value, key);
}

static int write_received(const StoreRecord *record, Buffer *value, PersistKey *key)
{
        *key = persist_key_packet(record->received.session, record->received.packet_id);
        return write_check(value, key);
}

static int write_raw(const StoreRecord *record, Buffer *value, PersistKey *key)
{
        if (record->raw.key.length == 0 || record->raw.key.length > sizeof(key->bytes))
                return -E2BIG;
        key->length = record->raw.key.length;
        memcpy(key->bytes, record->raw.key.data, key->length);
        return buffer_append(value, record->raw.value.data, record->raw.value.length);
}

/* --- all --- */

static const struct {
        int (*read)(Bytes key, Bytes value, StoreRecord *record);
        int (*write)(const StoreRecord *record, Buffer *value, PersistKey *key);
} tables[PERSIST_TABLES] = {
        [PERSIST_META] = {read_raw, write_raw},
        [PERSIST_LOG] = {read_message, write_message},
        [PERSIST_DONE] = {read_done, write_done},
        [PERSIST_FLIGHT] = {read_flight, write_flight},
        [PERSIST_RECEIVED] = {read_received, write_received},
        [PERSIST_RETAINED] = {read_retained, write_message},
        [PERSIST_SESSION] = {read_session, write_session},
        [PERSIST_SUBSCRIPTION] = {read_subscription, write_subscription},
        [PERSIST_DAMAGED] = {read_raw, write_raw},
};

int store_record_read(unsigned table, Bytes key, Bytes value, StoreRecord *ret_record)
{
        StoreRecord record = {.table = table};
        int r = tables[table].read(key, value, &record);

        if (r == 0)
                *ret_record = record;
        return r;
}

void store_record_done(StoreRecord *record)
{
        if (record->table == PERSIST_SESSION)
                message_unref(record->session.will);
        *record = (StoreRecord){};
}

int store_record_write(const StoreRecord *record, Buffer *value, PersistKey *ret_key)
{
        return tables[record->table].write(record, value, ret_key);
}
