/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Writes the whole model as an image (record.h), a piece at a time, for the process that takes over
 * (state-reader.h). Nothing of the model changes by it, and nothing of the model may be changed by
 * anybody between state_writer_new() and the end: all workers stand still.
 *
 *   state_writer_new(router, clock)         the head and the clocks
 *   state_writer_numbers()                  if there is a store
 *   state_writer_retained(), until 0        before the first session
 *   for each session of each worker
 *           state_writer_session(), until 0
 *           records of the caller's own     by record_begin() on the same buffer
 *   state_writer_end()                      without it the image counts as cut short
 *
 * After each step the caller may take out of the buffer what is in it (buffer_consume()). A step
 * adds some 64 KiB, or one message if that is larger.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include "broker/persist.h"
#include "broker/retained.h"
#include "broker/router.h"
#include "broker/session.h"
#include "util/buffer.h"
#include "util/clock.h"
#include "util/macro.h"

typedef struct StateWriter StateWriter;

/* What the times in an image mean: they are milliseconds and seconds of boot time, and this is what
 * the clocks showed when it was begun. */
typedef struct StateClock {
        msec_t boottime;
        uint64_t realtime; /* seconds since the epoch */
} StateClock;

/* The router is that of all sessions to come, and outlives it. 0 or -ENOMEM. */
int state_writer_new(Router *router, const StateClock *clock, StateWriter **ret_writer);
StateWriter *state_writer_free(StateWriter *writer);
DEFINE_CLEANUP(StateWriter, state_writer_free)

/* The numbers that messages and sessions have in the store. 0 or -ENOMEM. */
int state_writer_numbers(StateWriter *writer, const PersistNumbers *numbers);

/* Where all is written to: at the tail. */
Buffer *state_writer_buffer(StateWriter *writer);

/* The next messages. 1: call again; 0: that was all; -ENOMEM, or -E2BIG. After an error the image
 * is worth nothing. */
int state_writer_retained(StateWriter *writer, Retained *retained);

/* The next part of the session; until 0 is returned always the same one. As above. */
int state_writer_session(StateWriter *writer, Session *session);

/* The image is complete. 0 or -ENOMEM. */
int state_writer_end(StateWriter *writer);
