/* SPDX-License-Identifier: Apache-2.0 */
/* state-writer.c: an image, record by record. */
#include "broker/state-writer.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/mention-writer.h"
#include "broker/record.h"
#include "broker/retained-walk.h"
#include "broker/session-writer.h"
#include "broker/state-format.h"

struct StateWriter {
        Buffer buffer;
        MentionWriter mentions;
        RetainedWalk walk;
        SessionWriter session;
};

static int write_clock(StateWriter *writer, const StateClock *clock)
{
        RecordWriter record =
                record_begin(&writer->buffer, STATE_RECORD_CLOCK, STATE_RECORD_VERSION, 0);

        record_put_u64(&record, clock->boottime);
        record_put_u64(&record, clock->realtime);
        return record_end(&record);
}

int state_writer_new(Router *router, const StateClock *clock, StateWriter **ret_writer)
{
        _cleanup_(state_writer_freep) StateWriter *writer = calloc(1, sizeof(StateWriter));
        int r;

        if (!writer)
                return -ENOMEM;
        mention_writer_init(&writer->mentions, router);
        session_writer_init(&writer->session, &writer->mentions, &writer->buffer);
        r = record_image_begin(&writer->buffer);
        if (r == 0)
                r = write_clock(writer, clock);
        if (r < 0)
                return r;
        *ret_writer = TAKE_PTR(writer);
        return 0;
}

int state_writer_numbers(StateWriter *writer, const PersistNumbers *numbers)
{
        RecordWriter record =
                record_begin(&writer->buffer, STATE_RECORD_NUMBERS, STATE_RECORD_VERSION, 0);

        record_put_u64(&record, atomic_load_explicit(&numbers->message, memory_order_relaxed));
        record_put_u32(&record,
                       (uint32_t)atomic_load_explicit(&numbers->session, memory_order_relaxed));
        return record_end(&record);
}

StateWriter *state_writer_free(StateWriter *writer)
{
        if (!writer)
                return NULL;
        mention_writer_done(&writer->mentions);
        buffer_done(&writer->buffer);
        free(writer);
        return NULL;
}

Buffer *state_writer_buffer(StateWriter *writer)
{
        return &writer->buffer;
}

static void put_topic(RecordWriter *record, const Retained *retained, const RetainedPlace *place)
{
        Buffer topic = {};
        int r = retained_place_topic(retained, place, &topic);

        if (r < 0)
                record->error = r;
        record_put_bytes(record, buffer_bytes(&topic));
        buffer_done(&topic);
}

int state_writer_retained(StateWriter *writer, Retained *retained)
{
        RecordWriter record =
                record_begin(&writer->buffer, STATE_RECORD_RETAINED, STATE_RECORD_VERSION, 0);
        RetainedPlace place;
        bool more = true;
        int r;

        writer->walk.retained = retained;
        while (record.error == 0 && record_length(&record) < STATE_RECORD_SIZE) {
                more = retained_walk_next(&writer->walk, &place);
                if (!more)
                        break;
                mention_message(&writer->mentions, &record, place.message);
                if (!place.message)
                        put_topic(&record, retained, &place);
        }
        r = record_end(&record);
        return r < 0 ? r : more;
}

int state_writer_session(StateWriter *writer, Session *session)
{
        return session_writer_step(&writer->session, session);
}

int state_writer_end(StateWriter *writer)
{
        RecordWriter record =
                record_begin(&writer->buffer, STATE_RECORD_END, STATE_RECORD_VERSION, 0);

        return record_end(&record);
}
