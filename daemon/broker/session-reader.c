/* SPDX-License-Identifier: Apache-2.0 */
/* session-reader.c: a session out of its records. */
#include "broker/session-reader.h"

#include <errno.h>

#include "broker/outgoing-record.h"
#include "broker/packet-ids.h"
#include "broker/sender-leave.h"
#include "broker/sender.h"
#include "broker/state-format.h"

int session_reader_client_id(const Record *head, Bytes *ret_client_id)
{
        RecordReader record = record_reader(head->payload);
        Bytes client_id = record_get_bytes(&record);

        if (record_reader_failed(&record))
                return -EBADMSG;
        *ret_client_id = client_id;
        return 0;
}

/* --- the first record --- */

static int get_received(SessionReader *reader, RecordReader *record)
{
        PacketIds *received = reader->inside.received;

        while (record_reader_has_more(record)) {
                uint16_t id = record_get_u16(record);
                int r;

                if (id == 0 || packet_ids_contains(received, id))
                        return -EBADMSG;
                r = packet_ids_add(received, id);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What is behind the client identifier. */
static int get_head(SessionReader *reader, RecordReader *record)
{
        Session *session = reader->session;
        SessionAttach attach = {};
        Message *will;
        uint8_t flags = record_get_u8(record), bits;
        uint16_t our_maximum;
        uint32_t will_delay;
        msec_t will_due, end_due;
        uint64_t retention;
        int r;

        attach.expiry_interval = record_get_u32(record);
        will_delay = record_get_u32(record);
        will_due = record_get_u64(record);
        end_due = record_get_u64(record);
        retention = record_get_u64(record);
        attach.receive_maximum = record_get_u16(record);
        our_maximum = record_get_u16(record);
        reader->inside.sender->inflight.last_id = record_get_u16(record);
        reader->repeat = record_get_u16(record);
        bits = record_get_u8(record);
        r = mention_get_message(reader->mentions, record, &will);
        if (r < 0)
                return r;
        session_attach(session, &attach);
        *reader->inside.our_maximum = our_maximum; /* not that of newer settings */
        if (!(flags & SESSION_RECORD_ATTACHED))
                session_detach(session);
        session_set_will(session, will, will_delay);
        sessions_restore_due(reader->sessions, session, will_due, end_due);
        sessions_restore_retention(reader->sessions, session, retention, reader->written);
        r = inflight_reserve(&reader->inside.sender->inflight, bits);
        return r < 0 ? r : get_received(reader, record);
}

int session_reader_begin(SessionReader *reader, const Record *head)
{
        RecordReader record = record_reader(head->payload);
        Bytes client_id = record_get_bytes(&record);
        int r;

        if (record_reader_failed(&record) || sessions_find(reader->sessions, client_id))
                return -EBADMSG;
        r = sessions_open(reader->sessions, client_id, &reader->session);
        if (r < 0)
                return r == -E2BIG ? -EBADMSG : r;
        reader->inside = session_inside(reader->session);
        r = get_head(reader, &record);
        if (r == 0 && record_reader_failed(&record))
                r = -EBADMSG;
        if (r < 0)
                session_reader_abandon(reader);
        return r;
}

/* --- the others: one item each --- */

static int get_subscription(SessionReader *reader, RecordReader *record)
{
        SubscriptionOptions options = record_get_u8(record);
        uint32_t identifier = record_get_u32(record);
        Bytes text = record_get_bytes(record);
        bool existed;
        int r;

        if (record_reader_failed(record) || identifier > MQTT_VARINT_MAX ||
            options & ~SUBSCRIPTION_OPTIONS_MASK || subscription_qos(options) > 2)
                return -EBADMSG;
        r = session_subscribe(reader->session, text, options, identifier, &existed);
        return r > 0 || r == -E2BIG ? -EBADMSG : r;
}

static int get_inflight(SessionReader *reader, RecordReader *record)
{
        Sender *sender = reader->inside.sender;
        InflightEntry item = {.id = record_get_u16(record)};
        uint8_t flags = record_get_u8(record);
        int r;

        item.qos = flags & INFLIGHT_RECORD_QOS;
        item.charged = flags & INFLIGHT_RECORD_CHARGED;
        item.is_sent = !(flags & INFLIGHT_RECORD_POSTPONED);
        item.has_flight = flags & INFLIGHT_RECORD_FLIGHT;
        item.is_stored = flags & INFLIGHT_RECORD_KEPT;
        if (!(flags & INFLIGHT_RECORD_RELEASED)) {
                r = outgoing_record_get(record, reader->mentions, &item.outgoing);
                if (r < 0)
                        return r;
        }
        r = inflight_restore(&sender->inflight, &item);
        if (r < 0)
                outgoing_done(&item.outgoing);
        else if (item.outgoing.message)
                sender_count_in(sender, item.outgoing.message);
        return r;
}

static int get_waiting(SessionReader *reader, RecordReader *record)
{
        Sender *sender = reader->inside.sender;
        Outgoing outgoing;
        int r;

        if (!sender->outbox) {
                r = outbox_new(sender->owner, &sender->outbox);
                if (r < 0)
                        return r;
        }
        r = outgoing_record_get(record, reader->mentions, &outgoing);
        if (r < 0)
                return r;
        r = outbox_push(sender->outbox, &outgoing);
        if (r < 0)
                outgoing_done(&outgoing);
        else
                sender_count_in(sender, outgoing.message);
        return r;
}

/* The walk goes on from where it was. */
static int get_cursor(SessionReader *reader, RecordReader *record, RetainedCursor **ret_cursor)
{
        _cleanup_(retained_cursor_freep) RetainedCursor *cursor = NULL;
        uint8_t state = record_get_u8(record);
        Bytes filter, place = {};
        int r;

        if (state == RUN_RECORD_FETCHED && !record_reader_failed(record)) {
                *ret_cursor = NULL;
                return 0;
        }
        filter = record_get_bytes(record);
        if (state == RUN_RECORD_AT)
                place = record_get_bytes(record);
        if (record_reader_failed(record) || state > RUN_RECORD_AT)
                return -EBADMSG;
        r = retained_cursor_new(reader->retained, filter, &cursor);
        if (r < 0)
                return r;
        if (state == RUN_RECORD_AT && retained_cursor_seek(cursor, place) < 0)
                return -EBADMSG;
        *ret_cursor = TAKE_PTR(cursor);
        return 0;
}

static int get_run(SessionReader *reader, RecordReader *record)
{
        SubscriptionOptions options = record_get_u8(record);
        uint32_t identifier = record_get_u32(record);
        Bytes text = record_get_bytes(record);
        RetainedCursor *cursor;
        int r;

        if (record_reader_failed(record) || identifier > MQTT_VARINT_MAX ||
            text.length > MQTT_STRING_MAX || subscription_qos(options) > 2)
                return -EBADMSG;
        r = get_cursor(reader, record, &cursor);
        if (r < 0)
                return r;
        return sender_want_retained(reader->inside.sender, text, cursor, options, identifier);
}

static int get_batch(SessionReader *reader, RecordReader *record)
{
        _cleanup_(message_unrefp) Message *message = NULL;
        RetainedRuns *runs = reader->inside.sender->runs;
        int r;

        r = mention_get_message(reader->mentions, record, &message);
        if (r < 0)
                return r;
        return runs && message ? retained_runs_restore_batch(runs, message) : -EBADMSG;
}

static int get_stored(SessionReader *reader, RecordReader *record)
{
        uint32_t number = record_get_u32(record);

        if (record_reader_failed(record) || number == 0 || reader->inside.sender->number != 0)
                return -EBADMSG;
        reader->inside.sender->number = number;
        return 0;
}

static int get_owner(SessionReader *reader, RecordReader *record)
{
        Bytes owner = record_get_bytes(record);

        if (record_reader_failed(record) || owner.length == 0 || owner.length > MQTT_STRING_MAX)
                return -EBADMSG;
        return session_own(reader->session, owner, -1);
}

static int (*const items[])(SessionReader *reader, RecordReader *record) = {
        [STATE_RECORD_SUBSCRIPTIONS] = get_subscription,
        [STATE_RECORD_INFLIGHT] = get_inflight,
        [STATE_RECORD_WAITING] = get_waiting,
        [STATE_RECORD_RUNS] = get_run,
        [STATE_RECORD_BATCH] = get_batch,
        [STATE_RECORD_STORED] = get_stored,
        [STATE_RECORD_OWNER] = get_owner,
};

bool session_reader_knows(uint16_t type)
{
        return type < ARRAY_SIZE(items) && items[type];
}

int session_reader_add(SessionReader *reader, const Record *record)
{
        RecordReader rest = record_reader(record->payload);
        int r = 0;

        while (r == 0 && record_reader_has_more(&rest))
                r = items[record->type](reader, &rest);
        return r;
}

int session_reader_end(SessionReader *reader, Session **ret_session)
{
        Inflight *inflight = &reader->inside.sender->inflight;

        if (reader->repeat != 0 && !inflight_find(inflight, reader->repeat))
                return -EBADMSG;
        inflight->repeat = reader->repeat;
        *ret_session = TAKE_PTR(reader->session);
        return 0;
}

void session_reader_abandon(SessionReader *reader)
{
        if (reader->session)
                reader->session = sessions_close(reader->sessions, reader->session);
}
