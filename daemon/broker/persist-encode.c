/* SPDX-License-Identifier: Apache-2.0 */
/* persist-encode.c: boot time becomes that of the calendar. */
#include "broker/persist-encode.h"

uint64_t persist_clock_real(const PersistClock *clock, msec_t time)
{
        if (time == MSEC_INFINITY)
                return PERSIST_NEVER;
        if (time >= clock->boottime)
                return clock->realtime + (time - clock->boottime + MSEC_PER_SEC - 1) / MSEC_PER_SEC;
        return clock->realtime - MIN(clock->realtime, (clock->boottime - time) / MSEC_PER_SEC);
}

/* Rounded down: nobody is told that a message has more time than its publisher gave it. */
static uint64_t expiry_of(const PersistClock *clock, const Message *message)
{
        msec_t time = (msec_t)message->expires * MSEC_PER_SEC;
        msec_t left = time > clock->boottime ? time - clock->boottime : 0;

        return clock->realtime + left / MSEC_PER_SEC;
}

static PersistMessage record_of(const PersistClock *clock, const Message *message)
{
        PersistMessage record = {
                .number = message_number(message),
                .received = clock->realtime,
                .expires = PERSIST_NEVER,
                .topic = message_topic(message),
                .properties = message_properties(message),
                .payload = message_payload(message),
                .flags = (uint8_t)(message->qos | (message->retain ? PERSIST_MESSAGE_RETAIN : 0)),
        };

        if (message->expires != MESSAGE_NEVER_EXPIRES)
                record.expires = expiry_of(clock, message);
        if (message_author(message, &record.author))
                record.flags |=
                        (uint8_t)(PERSIST_MESSAGE_AUTHOR |
                                  (record.author.username.data ? PERSIST_MESSAGE_NAMED : 0));
        return record;
}

int persist_encode_message(const PersistClock *clock, const Message *message,
                           const PersistTakerList *takers, Buffer *buffer)
{
        PersistMessage parts = record_of(clock, message);
        RecordWriter record = persist_message_begin(buffer, &parts);

        if (takers) {
                Bytes bytes = buffer_bytes(&takers->bytes);

                record_put(&record, bytes.data, bytes.length);
        }
        return record_end(&record);
}
