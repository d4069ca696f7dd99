/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who watches the packets of which client: lines of text, from the worker that has the client to
 * the control thread. What a reader does not take is bounded; lines beyond that are dropped, and
 * their count is a line of its own. No worker ever waits for a reader.
 *
 * Thread: any
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"
#include "util/bytes.h"
#include "util/macro.h"

/* At a time. */
#define TRACES_MAX 16U
/* What waits for one reader, in bytes: a line more at most. */
#define TRACE_BYTES_MAX (256U * 1024U)

typedef struct Traces Traces;
typedef struct Trace Trace;

/* 0 or -errno. */
int traces_new(Traces **ret_traces);
Traces *traces_free(Traces *traces);
DEFINE_CLEANUP(Traces, traces_free)

/* Of the client of this identifier, connected or not; several may watch the same. 0; -EMFILE: there
 * are too many; -errno. */
int traces_add(Traces *traces, Bytes client, Trace **ret_trace);
/* NULL. */
Trace *traces_remove(Traces *traces, Trace *trace);

/* --- workers --- */

/* Whether anybody is watched: one relaxed load. */
bool traces_are_there(const Traces *traces);
/* Whether this client is. */
bool traces_have(Traces *traces, Bytes client);
/* A line, with its end, for all who watch the client. */
void traces_write(Traces *traces, Bytes client, Bytes line);
/* One could not be written for want of memory. */
void traces_note_lost(Traces *traces, Bytes client);

/* --- readers --- */

/* Readable while there is something to take. */
int trace_fd(const Trace *trace);
/* Moves all lines that are there to the buffer, which is empty. */
void trace_take(Traces *traces, Trace *trace, Buffer *to);
