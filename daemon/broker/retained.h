/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The retained messages: the last one of each topic, found by topic filter. Shared by all workers
 * behind one lock, held for a slice of work at a time.
 *
 * Thread: any; a cursor belongs to one worker
 */
#pragma once

#include <stddef.h>

#include "broker/message.h"
#include "mqtt/topic.h"
#include "util/clock.h"
#include "util/macro.h"

typedef struct Retained Retained;
typedef struct RetainedCursor RetainedCursor;

int retained_new(Retained **ret_retained);
Retained *retained_free(Retained *retained); /* all cursors are gone before */
DEFINE_CLEANUP(Retained, retained_free)

/*
 * Keeps the message (a reference of its own) as the one of its topic; an empty payload takes the
 * old one out [MQTT-3.3.1-6] and never fails. 0, -ENOMEM, or -E2BIG for a topic of more levels than
 * MQTT_TOPIC_LEVELS_MAX and a mount point of as many (then the old one stays).
 */
int retained_set(Retained *retained, Message *message);

/* Relaxed figures for $SYS. */
size_t retained_count(const Retained *retained);
size_t retained_bytes(const Retained *retained);

/*
 * Takes out up to max expired messages; goes round the whole store over repeated calls. Returns how
 * many. One call looks at 16 nodes for each of max at most, in slices; it looks at none while no
 * message is going to expire.
 */
size_t retained_expire(Retained *retained, msec_t now, size_t max);

/*
 * A walk over what matches the filter (copied), in slices: between two calls others may set and
 * clear messages; each topic that is there all the time is met exactly once, with the message it
 * has when it is met; none is met twice. No message of a topic that starts with `$` is met by a
 * filter that starts with a wildcard [MQTT-4.7.2-1]. 0 or -ENOMEM.
 */
int retained_cursor_new(Retained *retained, Bytes filter, RetainedCursor **ret_cursor);
RetainedCursor *retained_cursor_free(RetainedCursor *cursor);
DEFINE_CLEANUP(RetainedCursor, retained_cursor_free)

/*
 * The next up to max messages, each with a reference for the caller; expired ones are passed over.
 * One call looks at a bounded number of nodes, so it may return fewer than max, even 0, before the
 * end: *ret_end says whether the walk is over.
 */
size_t retained_cursor_next(RetainedCursor *cursor, msec_t now, Message **ret_messages, size_t max,
                            bool *ret_end);
