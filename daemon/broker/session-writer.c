/* SPDX-License-Identifier: Apache-2.0 */
/* session-writer.c: the parts of a session, one after the other. */
#include "broker/session-writer.h"

#include "broker/outgoing-record.h"
#include "broker/packet-ids.h"
#include "broker/record.h"
#include "broker/sender-shelf.h"
#include "broker/sender.h"
#include "broker/state-format.h"
#include "broker/subscriptions.h"

void session_writer_init(SessionWriter *writer, MentionWriter *mentions, Buffer *buffer)
{
        *writer = (SessionWriter){.mentions = mentions, .buffer = buffer};
}

static bool is_full(const RecordWriter *record)
{
        return record->error < 0 || record_length(record) >= STATE_RECORD_SIZE;
}

/* Each part writes one record at most. 1: there is more of it; 0: no; -ENOMEM, -E2BIG. */
static int end_part(RecordWriter *record, bool more)
{
        int r = record_end(record);

        return r < 0 ? r : more;
}

static RecordWriter begin(SessionWriter *writer, StateRecordType type)
{
        return record_begin(writer->buffer, (uint16_t)type, STATE_RECORD_VERSION, 0);
}

static uint8_t table_bits(const Inflight *inflight)
{
        return inflight->capacity ? (uint8_t)__builtin_ctz(inflight->capacity) : 0;
}

static int write_head(SessionWriter *writer)
{
        Session *session = writer->session;
        const SessionDue *due = session_due(session);
        const Sender *sender = writer->inside.sender;
        RecordWriter record = begin(writer, STATE_RECORD_SESSION);
        uint16_t id = 0;

        record_put_bytes(&record, session_client_id(session));
        record_put_u8(&record, sender->connected ? SESSION_RECORD_ATTACHED : 0);
        record_put_u32(&record, session_expiry(session));
        record_put_u32(&record, session_will_delay(session));
        record_put_u64(&record, due->will);
        record_put_u64(&record, due->end);
        record_put_u64(&record, sender->shared->limits.retention);
        record_put_u16(&record, sender->receive_maximum);
        record_put_u16(&record, *writer->inside.our_maximum);
        record_put_u16(&record, sender->inflight.last_id);
        record_put_u16(&record, sender->inflight.repeat);
        record_put_u8(&record, table_bits(&sender->inflight));
        mention_message(writer->mentions, &record, writer->inside.will);
        while ((id = packet_ids_next(writer->inside.received, id)) != 0)
                record_put_u16(&record, id);
        return end_part(&record, false);
}

static int write_owner(SessionWriter *writer)
{
        const Bytes owner = session_owner(writer->session);
        RecordWriter record;

        if (owner.length == 0)
                return 0;
        record = begin(writer, STATE_RECORD_OWNER);
        record_put_bytes(&record, owner);
        return end_part(&record, false);
}

static int write_stored(SessionWriter *writer)
{
        uint32_t number = writer->inside.sender->number;
        RecordWriter record;

        if (number == 0)
                return 0;
        record = begin(writer, STATE_RECORD_STORED);
        record_put_u32(&record, number);
        return end_part(&record, false);
}

static int write_subscriptions(SessionWriter *writer)
{
        const Subscription *next =
                subscriptions_next(writer->inside.subscriptions, writer->subscription);
        RecordWriter record;

        if (!next)
                return 0;
        record = begin(writer, STATE_RECORD_SUBSCRIPTIONS);
        for (; next && !is_full(&record);
             next = subscriptions_next(writer->inside.subscriptions, next)) {
                record_put_u8(&record, next->options);
                record_put_u32(&record, next->identifier);
                record_put_bytes(&record, subscription_text(next));
                writer->subscription = next;
        }
        return end_part(&record, next);
}

static void put_inflight(SessionWriter *writer, RecordWriter *record, const InflightEntry *entry)
{
        bool released = inflight_is_released(entry);

        record_put_u16(record, entry->id);
        record_put_u8(record,
                      (uint8_t)(entry->qos | (entry->charged ? INFLIGHT_RECORD_CHARGED : 0) |
                                (released ? INFLIGHT_RECORD_RELEASED : 0) |
                                (entry->is_sent ? 0 : INFLIGHT_RECORD_POSTPONED) |
                                (entry->has_flight ? INFLIGHT_RECORD_FLIGHT : 0) |
                                (entry->is_stored ? INFLIGHT_RECORD_KEPT : 0)));
        if (!released)
                outgoing_record_put(record, writer->mentions, &entry->outgoing);
}

static int write_inflight(SessionWriter *writer)
{
        const Inflight *inflight = &writer->inside.sender->inflight;
        const InflightEntry *entry = inflight_find(inflight, writer->inflight);
        RecordWriter record;

        entry = inflight_find(inflight, entry ? entry->next : inflight->first);
        if (!entry)
                return 0;
        record = begin(writer, STATE_RECORD_INFLIGHT);
        for (; entry && !is_full(&record); entry = inflight_find(inflight, entry->next)) {
                put_inflight(writer, &record, entry);
                writer->inflight = entry->id;
        }
        return end_part(&record, entry);
}

static int write_waiting(SessionWriter *writer)
{
        const Outbox *outbox = writer->inside.sender->outbox;
        const Outgoing *outgoing;
        RecordWriter record;

        outgoing = outbox ? outbox_next(outbox, &writer->waiting) : NULL;
        if (!outgoing)
                return 0;
        record = begin(writer, STATE_RECORD_WAITING);
        do
                outgoing_record_put(&record, writer->mentions, outgoing);
        while (!is_full(&record) && (outgoing = outbox_next(outbox, &writer->waiting)));
        return end_part(&record, outgoing);
}

static void put_run(RecordWriter *record, const RetainedRun *run)
{
        Buffer place = {};
        int r;

        record_put_u8(record, run->options);
        record_put_u32(record, run->identifier);
        record_put_bytes(record, (Bytes){run->text, run->text_length});
        if (!run->cursor) {
                record_put_u8(record, RUN_RECORD_FETCHED);
                return;
        }
        r = retained_cursor_place(run->cursor, &place);
        if (r < 0)
                record->error = r;
        record_put_u8(record, r > 0 ? RUN_RECORD_AT : RUN_RECORD_NEW);
        record_put_bytes(record, retained_cursor_filter(run->cursor));
        if (r > 0)
                record_put_bytes(record, buffer_bytes(&place));
        buffer_done(&place);
}

static int write_runs(SessionWriter *writer)
{
        const RetainedRuns *runs = writer->inside.sender->runs;
        const RetainedRun *next = runs ? retained_runs_next(runs, writer->run) : NULL;
        RecordWriter record;

        if (!next)
                return 0;
        record = begin(writer, STATE_RECORD_RUNS);
        for (; next && !is_full(&record); next = retained_runs_next(runs, next)) {
                put_run(&record, next);
                writer->run = next;
        }
        return end_part(&record, next);
}

/* One that a later message has overtaken is NULL: it will not be sent. */
static int write_batch(SessionWriter *writer)
{
        const RetainedRuns *runs = writer->inside.sender->runs;
        RecordWriter record;

        if (!runs || runs->next == runs->fetched)
                return 0;
        record = begin(writer, STATE_RECORD_BATCH);
        for (unsigned i = runs->next; i < runs->fetched; i++)
                if (runs->batch[i])
                        mention_message(writer->mentions, &record, runs->batch[i]);
        return end_part(&record, false);
}

static int (*const parts[])(SessionWriter *writer) = {
        write_head,     write_owner,   write_stored, write_subscriptions,
        write_inflight, write_waiting, write_runs,   write_batch,
};

int session_writer_step(SessionWriter *writer, Session *session)
{
        size_t before = buffer_length(writer->buffer);
        int r;

        if (writer->session != session) {
                session_writer_init(writer, writer->mentions, writer->buffer);
                writer->session = session;
                writer->inside = session_inside(session);
                /* The next process need not have this store. */
                r = sender_fetch_all(writer->inside.sender);
                if (r < 0)
                        return r;
        }
        while (writer->part < ARRAY_SIZE(parts)) {
                r = parts[writer->part](writer);
                if (r < 0)
                        return r;
                if (r == 0)
                        writer->part++;
                if (buffer_length(writer->buffer) - before >= STATE_RECORD_SIZE)
                        return 1;
        }
        writer->session = NULL;
        return 0;
}
