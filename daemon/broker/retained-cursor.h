/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A walk over the retained messages that match a topic filter.
 *
 * Thread: any; a cursor belongs to one worker
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "broker/message.h"
#include "broker/retained.h"
#include "util/buffer.h"
#include "util/bytes.h"
#include "util/clock.h"
#include "util/macro.h"

typedef struct RetainedCursor RetainedCursor;

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

/* --- to be written down --- */

Bytes retained_cursor_filter(const RetainedCursor *cursor);

/* Where the walk is: 1, and the path of the node that was looked at last is appended; 0: it has not
 * begun; -ENOMEM. */
int retained_cursor_place(const RetainedCursor *cursor, Buffer *path);

/* A new cursor goes on behind the node of this path. 0, or -ENOENT if there is none, or the filter
 * does not walk. */
int retained_cursor_seek(RetainedCursor *cursor, Bytes path);
