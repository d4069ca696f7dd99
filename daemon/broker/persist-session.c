/* SPDX-License-Identifier: Apache-2.0 */
/* persist-session.c: the record of a session, and the lists of what it is owed. */
#include "broker/persist-session.h"

#include <errno.h>
#include <stdlib.h>

#include "mqtt/protocol.h"

/* --- lists --- */

int persist_owed_add(PersistOwedList *list, const PersistOwed *owed)
{
        size_t capacity = MAX(list->capacity + list->capacity / 2, (size_t)8);
        PersistOwed *items;

        if (list->count == list->capacity) {
                items = reallocarray(list->items, capacity, sizeof(*items));
                if (!items)
                        return -ENOMEM;
                list->items = items;
                list->capacity = capacity;
        }
        list->items[list->count++] = *owed;
        return 0;
}

void persist_owed_compact(PersistOwedList *list)
{
        size_t kept = 0;

        for (size_t i = 0; i < list->count; i++)
                if (!list->items[i].gone)
                        list->items[kept++] = list->items[i];
        list->count = kept;
}

PersistOwed *persist_owed_find(const PersistOwedList *list, uint64_t message)
{
        size_t low = 0, high = list->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (list->items[middle].message < message)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < list->count && list->items[low].message == message && !list->items[low].gone
                       ? &list->items[low]
                       : NULL;
}

bool persist_session_is_done(const PersistSession *session, uint64_t message)
{
        size_t low = 0, high = session->n_done;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (session->done[middle] < message)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < session->n_done && session->done[low] == message;
}

PersistSession *persist_session_free(PersistSession *session)
{
        if (!session)
                return NULL;
        free(session->client_id);
        free(session->inflight.items);
        free(session->waiting.items);
        free(session->done);
        packet_ids_done(&session->received);
        free(session->will);
        free(session);
        return NULL;
}

/* --- writing --- */

int persist_session_put(Buffer *buffer, const PersistSession *session)
{
        RecordWriter record =
                record_begin(buffer, PERSIST_RECORD_SESSION, PERSIST_RECORD_VERSION, 0);
        uint16_t id = 0;

        record_put_u32(&record, session->number);
        record_put_bytes(&record, persist_session_client_id(session));
        record_put_u32(&record, session->expiry);
        record_put_u64(&record, session->end);
        record_put_u64(&record, session->will_due);
        record_put_u32(&record, session->will_delay);
        record_put_u16(&record, session->receive_maximum);
        record_put_u16(&record, session->last_id);
        record_put_u64(&record, session->cursor);
        record_put_u32(&record, (uint32_t)session->inflight.count);
        for (size_t i = 0; i < session->inflight.count; i++) {
                record_put_u64(&record, session->inflight.items[i].message);
                record_put_u16(&record, session->inflight.items[i].packet_id);
                record_put_u8(&record, session->inflight.items[i].flags);
        }
        record_put_u32(&record, session->n_done);
        for (uint32_t i = 0; i < session->n_done; i++)
                record_put_u64(&record, session->done[i]);
        record_put_u32(&record, session->received.count);
        while ((id = packet_ids_next(&session->received, id)) != 0)
                record_put_u16(&record, id);
        record_put_u8(&record, session->will != NULL);
        record_put(&record, session->will, session->will_length);
        return record_end(&record);
}

/* --- reading: a number is believed only as far as the items are there --- */

static int get_inflight(RecordReader *reader, PersistOwedList *list)
{
        uint32_t n = record_get_u32(reader);
        int r = 0;

        for (uint32_t i = 0; i < n && r == 0; i++) {
                PersistOwed owed = {.message = record_get_u64(reader)};

                owed.packet_id = record_get_u16(reader);
                owed.flags = record_get_u8(reader);
                if (record_reader_failed(reader) || owed.packet_id == 0)
                        return -EBADMSG;
                r = persist_owed_add(list, &owed);
        }
        return r;
}

static int get_done(RecordReader *reader, PersistSession *session)
{
        uint32_t n = record_get_u32(reader);

        if (n == 0)
                return 0;
        if (n > reader->left / sizeof(uint64_t))
                return -EBADMSG;
        session->done = calloc(n, sizeof(*session->done));
        if (!session->done)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                session->done[i] = record_get_u64(reader);
                if (i > 0 && session->done[i] <= session->done[i - 1])
                        return -EBADMSG;
        }
        session->n_done = n;
        return 0;
}

static int get_received(RecordReader *reader, PacketIds *received)
{
        uint32_t n = record_get_u32(reader);
        int r = 0;

        for (uint32_t i = 0; i < n && r == 0; i++) {
                uint16_t id = record_get_u16(reader);

                if (record_reader_failed(reader) || id == 0 || packet_ids_contains(received, id))
                        return -EBADMSG;
                r = packet_ids_add(received, id);
        }
        return r;
}

static int get_will(RecordReader *reader, PersistSession *session)
{
        uint8_t has = record_get_u8(reader);
        Bytes rest = {reader->at, reader->left};
        RecordReader check = *reader;

        if (record_reader_failed(reader) || has > 1)
                return -EBADMSG;
        if (!has)
                return 0;
        record_get_u8(&check);
        record_get_u64(&check);
        for (unsigned i = 0; i < 3; i++)
                record_get_bytes(&check);
        if (record_reader_failed(&check))
                return -EBADMSG;
        session->will_length = rest.length - check.left;
        return bytes_duplicate((Bytes){rest.data, session->will_length}, &session->will);
}

static int get_head(RecordReader *reader, PersistSession *session)
{
        Bytes client_id;

        session->number = record_get_u32(reader);
        client_id = record_get_bytes(reader);
        session->expiry = record_get_u32(reader);
        session->end = record_get_u64(reader);
        session->will_due = record_get_u64(reader);
        session->will_delay = record_get_u32(reader);
        session->receive_maximum = record_get_u16(reader);
        session->last_id = record_get_u16(reader);
        session->cursor = record_get_u64(reader);
        if (record_reader_failed(reader) || client_id.length > MQTT_STRING_MAX)
                return -EBADMSG;
        session->client_id_length = client_id.length;
        return bytes_duplicate(client_id, &session->client_id);
}

int persist_session_get(Bytes value, PersistSession **ret_session)
{
        _cleanup_(persist_session_freep) PersistSession *session = NULL;
        RecordReader reader;
        int r = persist_value_open(value, PERSIST_RECORD_SESSION, &reader);

        if (r < 0)
                return r;
        session = calloc(1, sizeof(*session));
        if (!session)
                return -ENOMEM;
        r = get_head(&reader, session);
        if (r == 0)
                r = get_inflight(&reader, &session->inflight);
        if (r == 0)
                r = get_done(&reader, session);
        if (r == 0)
                r = get_received(&reader, &session->received);
        if (r == 0)
                r = get_will(&reader, session);
        if (r == 0 && record_reader_failed(&reader))
                r = -EBADMSG;
        if (r < 0)
                return r;
        *ret_session = TAKE_PTR(session);
        return 0;
}
