/* SPDX-License-Identifier: Apache-2.0 */
/* persist-session.c: the record of a session, and lists of what it is owed. */
#include "broker/persist-session.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/message-record.h"
#include "mqtt/protocol.h"

/* --- the record --- */

int persist_session_put(Buffer *buffer, const PersistSessionHead *head)
{
        RecordWriter record =
                record_begin(buffer, PERSIST_RECORD_SESSION, PERSIST_RECORD_VERSION, 0);

        record_put_u32(&record, head->number);
        record_put_bytes(&record, head->client_id);
        record_put_u32(&record, head->expiry);
        record_put_u64(&record, head->end);
        record_put_u64(&record, head->will_due);
        record_put_u32(&record, head->will_delay);
        record_put_u16(&record, head->last_id);
        record_put_u8(&record, head->will != NULL);
        if (head->will)
                message_record_put(&record, head->will);
        if (head->owner.length > 0)
                record_put_bytes(&record, head->owner);
        return record_end(&record);
}

int persist_session_get(Bytes value, PersistSessionHead *ret_head)
{
        PersistSessionHead head = {};
        RecordReader reader;
        uint8_t has_will;
        int r = persist_value_open(value, PERSIST_RECORD_SESSION, &reader);

        if (r < 0)
                return r;
        head.number = record_get_u32(&reader);
        head.client_id = record_get_bytes(&reader);
        head.expiry = record_get_u32(&reader);
        head.end = record_get_u64(&reader);
        head.will_due = record_get_u64(&reader);
        head.will_delay = record_get_u32(&reader);
        head.last_id = record_get_u16(&reader);
        has_will = record_get_u8(&reader);
        if (record_reader_failed(&reader) || head.number == 0 || has_will > 1 ||
            head.client_id.length > MQTT_STRING_MAX)
                return -EBADMSG;
        if (has_will) {
                r = message_record_get(&reader, &head.will);
                if (r < 0)
                        return r;
        }
        if (record_reader_has_more(&reader))
                head.owner = record_get_bytes(&reader);
        if (record_reader_failed(&reader) || head.owner.length > MQTT_STRING_MAX) {
                message_unref(head.will);
                return -EBADMSG;
        }
        *ret_head = head;
        return 0;
}

/* --- the session --- */

int persist_session_new(const PersistSessionHead *head, PersistSession **ret_session)
{
        PersistSession *session = calloc(1, sizeof(*session));
        uint8_t *client_id = NULL, *owner = NULL;
        int r;

        if (!session)
                return -ENOMEM;
        r = bytes_duplicate(head->client_id, &client_id);
        if (r == 0 && head->owner.length > 0)
                r = bytes_duplicate(head->owner, &owner);
        if (r < 0) {
                free(client_id);
                free(session);
                return r;
        }
        session->head = *head;
        session->head.client_id.data = client_id;
        session->head.owner.data = owner;
        *ret_session = session;
        return 0;
}

PersistSession *persist_session_free(PersistSession *session)
{
        if (!session)
                return NULL;
        for (size_t i = 0; i < session->n_inflight; i++)
                outgoing_done(&session->inflight[i].loaded);
        free((void *)session->head.client_id.data);
        free((void *)session->head.owner.data);
        message_unref(session->head.will);
        free(session->waiting);
        free(session->inflight);
        packet_ids_done(&session->received);
        free(session);
        return NULL;
}

static int make_room(void **items, size_t count, size_t *capacity, size_t size)
{
        size_t larger = MAX(*capacity * 2, (size_t)8);
        void *p;

        if (count < *capacity)
                return 0;
        p = reallocarray(*items, larger, size);
        if (!p)
                return -ENOMEM;
        *items = p;
        *capacity = larger;
        return 0;
}

int persist_session_add_waiting(PersistSession *session, const PersistOwed *owed)
{
        void *items = session->waiting;
        int r = make_room(&items, session->n_waiting, &session->waiting_capacity, sizeof(*owed));

        session->waiting = items;
        if (r == 0)
                session->waiting[session->n_waiting++] = *owed;
        return r;
}

int persist_session_add_exchange(PersistSession *session, const PersistExchange *exchange)
{
        void *items = session->inflight;
        int r = make_room(&items, session->n_inflight, &session->inflight_capacity,
                          sizeof(*exchange));

        session->inflight = items;
        if (r == 0)
                session->inflight[session->n_inflight++] = *exchange;
        return r;
}

/* --- order --- */

static int compare(uint64_t a, uint64_t b)
{
        return (a > b) - (a < b);
}

static int compare_messages(const void *a, const void *b)
{
        const PersistExchange *x = a, *y = b;
        int r = compare(x->message, y->message);

        return r != 0 ? r : compare(x->order, y->order);
}

static int compare_orders(const void *a, const void *b)
{
        const PersistExchange *x = a, *y = b;
        int r = compare(x->order, y->order);

        return r != 0 ? r : compare(x->packet_id, y->packet_id);
}

static void sort(PersistSession *session, int (*how)(const void *a, const void *b))
{
        if (session->n_inflight > 1)
                qsort(session->inflight, session->n_inflight, sizeof(*session->inflight), how);
}

void persist_session_sort_by_message(PersistSession *session)
{
        sort(session, compare_messages);
        session->n_sorted = session->n_inflight;
}

void persist_session_sort_by_order(PersistSession *session)
{
        sort(session, compare_orders);
        session->n_sorted = 0;
}

PersistExchange *persist_session_find(const PersistSession *session, uint64_t message)
{
        size_t low = 0, high = session->n_sorted;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (session->inflight[middle].message < message)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < session->n_sorted && session->inflight[low].message == message
                       ? &session->inflight[low]
                       : NULL;
}
