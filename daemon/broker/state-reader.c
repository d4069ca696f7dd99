/* SPDX-License-Identifier: Apache-2.0 */
/* state-reader.c: an image, record by record. */
#include "broker/state-reader.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "broker/mention-reader.h"
#include "broker/persist-format.h"
#include "broker/retained-walk.h"
#include "broker/session-reader.h"
#include "broker/state-format.h"

struct StateReader {
        Bytes image;   /* what has not been read */
        Record record; /* the next one, if there is */
        size_t left;   /* with that one */
        bool has_record;
        bool is_announced; /* it is a session's, and the caller knows */
        bool is_over;
        StateClock clock;
        uint64_t last_message;
        uint32_t last_session;
        Retained *retained;
        MentionReader mentions;
        MentionList places; /* topics without a message, held until the cursors stand there */
};

/* Looks at the next record, which stays the next. 0 or -EBADMSG, also for the end of the bytes: the
 * record that says so comes before. */
static int peek(StateReader *reader)
{
        if (reader->has_record)
                return 0;
        reader->left = reader->image.length;
        if (record_next(&reader->image, &reader->record) != 1)
                return -EBADMSG;
        reader->has_record = true;
        return 0;
}

static int read_clock(StateReader *reader)
{
        RecordReader record;
        int r;

        r = peek(reader);
        if (r < 0)
                return r;
        if (reader->record.type != STATE_RECORD_CLOCK)
                return -EBADMSG;
        record = record_reader(reader->record.payload);
        reader->clock.boottime = record_get_u64(&record);
        reader->clock.realtime = record_get_u64(&record);
        reader->has_record = false;
        return record_reader_failed(&record) ? -EBADMSG : 0;
}

/* The record is optional. */
static int read_numbers(StateReader *reader)
{
        RecordReader record;
        int r;

        r = peek(reader);
        if (r < 0)
                return r;
        if (reader->record.type != STATE_RECORD_NUMBERS)
                return 0;
        record = record_reader(reader->record.payload);
        reader->last_message = record_get_u64(&record);
        reader->last_session = record_get_u32(&record);
        reader->has_record = false;
        return record_reader_failed(&record) || reader->last_message >> (64 - PERSIST_WORKER_BITS)
                       ? -EBADMSG
                       : 0;
}

int state_reader_new(Bytes image, Router *router, Retained *retained, StateReader **ret_reader)
{
        _cleanup_(state_reader_freep) StateReader *reader = calloc(1, sizeof(StateReader));
        int r;

        if (!reader)
                return -ENOMEM;
        reader->image = image;
        reader->retained = retained;
        mention_reader_init(&reader->mentions, router);
        r = record_image_open(&reader->image);
        if (r == 0)
                r = read_clock(reader);
        if (r == 0)
                r = read_numbers(reader);
        if (r < 0)
                return r;
        *ret_reader = TAKE_PTR(reader);
        return 0;
}

StateReader *state_reader_free(StateReader *reader)
{
        if (!reader)
                return NULL;
        for (size_t i = 0; i < reader->places.count; i++)
                retained_release_place(reader->retained, reader->places.items[i]);
        free(reader->places.items);
        mention_reader_done(&reader->mentions);
        free(reader);
        return NULL;
}

const StateClock *state_reader_clock(const StateReader *reader)
{
        return &reader->clock;
}

bool state_reader_numbers(const StateReader *reader, uint64_t *ret_message, uint32_t *ret_session)
{
        if (reader->last_message == 0)
                return false;
        *ret_message = reader->last_message << PERSIST_WORKER_BITS | (PERSIST_WORKERS - 1);
        *ret_session = reader->last_session;
        return true;
}

size_t state_reader_left(const StateReader *reader)
{
        return reader->has_record ? reader->left : reader->image.length;
}

/* --- retained messages --- */

static int hold_place(StateReader *reader, Bytes topic)
{
        TopicNode *node;
        int r;

        r = mention_list_reserve(&reader->places);
        if (r < 0)
                return r;
        r = retained_hold_place(reader->retained, topic, &node);
        if (r < 0)
                return r;
        reader->places.items[reader->places.count++] = node;
        return 0;
}

static int read_retained_item(StateReader *reader, RecordReader *record)
{
        _cleanup_(message_unrefp) Message *message = NULL;
        Bytes topic;
        int r;

        r = mention_get_message(&reader->mentions, record, &message);
        if (r < 0)
                return r;
        if (message)
                return retained_set(reader->retained, message);
        topic = record_get_bytes(record);
        return record_reader_failed(record) ? -EBADMSG : hold_place(reader, topic);
}

static int read_retained(StateReader *reader, const Record *record)
{
        RecordReader rest = record_reader(record->payload);
        int r = 0;

        while (r == 0 && record_reader_has_more(&rest))
                r = read_retained_item(reader, &rest);
        return r == -E2BIG ? -EBADMSG : r;
}

/* --- what the caller sees --- */

/* 1: the record was for ourselves alone, go on; 0: *ret_item is set, -ENOMEM, -EBADMSG. */
static int take_record(StateReader *reader, StateItem *ret_item)
{
        const Record *record = &reader->record;
        StateItem item = {};
        int r = 0;

        reader->is_announced = record->type == STATE_RECORD_SESSION;
        reader->has_record = reader->is_announced;
        if (record->type == STATE_RECORD_RETAINED) {
                r = read_retained(reader, record);
                return r < 0 ? r : 1;
        }
        if (record->type == STATE_RECORD_SESSION) {
                item.kind = STATE_ITEM_SESSION;
                r = session_reader_client_id(record, &item.client_id);
        } else if (record->type >= RECORD_TYPE_OTHERS) {
                item.kind = STATE_ITEM_RECORD;
                item.record = *record;
        } else if (record->type == STATE_RECORD_END) {
                item.kind = STATE_ITEM_END;
                reader->is_over = true;
        } else if (record->type == STATE_RECORD_CLOCK || record->type == STATE_RECORD_NUMBERS ||
                   session_reader_knows(record->type)) {
                r = -EBADMSG; /* not here */
        } else {
                r = record_unknown(record);
                return r < 0 ? r : 1;
        }
        if (r == 0)
                *ret_item = item;
        return r;
}

int state_reader_next(StateReader *reader, StateItem *ret_item)
{
        int r;

        assert(!reader->is_announced); /* it is read first */

        if (reader->is_over) {
                *ret_item = (StateItem){.kind = STATE_ITEM_END};
                return 0;
        }
        do {
                r = peek(reader);
                if (r == 0)
                        r = take_record(reader, ret_item);
        } while (r > 0);
        return r;
}

/* All records that belong to the session; the one behind them stays the next. */
static int read_session(StateReader *reader, SessionReader *session)
{
        int r;

        r = session_reader_begin(session, &reader->record);
        while (r == 0) {
                reader->has_record = false;
                r = peek(reader);
                if (r < 0)
                        break;
                if (session_reader_knows(reader->record.type))
                        r = session_reader_add(session, &reader->record);
                else if (reader->record.type >= RECORD_TYPE_OTHERS ||
                         !(reader->record.flags & RECORD_OPTIONAL))
                        break;
        }
        return r;
}

int state_reader_session(StateReader *reader, Sessions *sessions, Session **ret_session)
{
        SessionReader session = {
                .mentions = &reader->mentions,
                .retained = reader->retained,
                .sessions = sessions,
                .written = reader->clock.boottime,
        };
        int r;

        assert(reader->is_announced);
        reader->is_announced = false;

        r = read_session(reader, &session);
        if (r == 0)
                r = session_reader_end(&session, ret_session);
        session_reader_abandon(&session);
        return r;
}
