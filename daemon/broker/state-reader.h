/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reads an image that a StateWriter made, of this process or an earlier one, into a model that is
 * empty and nobody's yet: retained messages, subscriptions, sessions with all that is in flight and
 * waits. What it makes goes on as if nothing had happened: nothing is repeated, nothing is counted
 * twice, deadlines are what they were. Limits of newer settings drop nothing. What is stored has
 * the numbers that it had: sessions_set_persist() comes afterwards.
 *
 * The image is not trusted: what is damaged, cut short or makes no sense is an error. After an
 * error the reader can only be freed; what was read so far is complete and stays.
 *
 * Thread: any (one at a time, before there are workers)
 */
#pragma once

#include "broker/record.h"
#include "broker/retained.h"
#include "broker/router.h"
#include "broker/session.h"
#include "broker/sessions.h"
#include "broker/state-writer.h"
#include "util/bytes.h"
#include "util/macro.h"

typedef struct StateReader StateReader;

typedef enum StateItemKind {
        STATE_ITEM_END,     /* that was all, and it was complete */
        STATE_ITEM_SESSION, /* client_id: whose; now call state_reader_session() */
        STATE_ITEM_RECORD,  /* record: one of the caller's own (RECORD_TYPE_OTHERS) */
} StateItemKind;

typedef struct StateItem {
        StateItemKind kind;
        Bytes client_id; /* views into the image */
        Record record;
} StateItem;

/*
 * The image, the router and the retained store outlive it. 0, -ENOMEM, -EBADMSG for what is no
 * image, -EPROTONOSUPPORT for one of a newer broker that this one cannot read.
 */
int state_reader_new(Bytes image, Router *router, Retained *retained, StateReader **ret_reader);
/* Groups and places that were only held for the reading go. */
StateReader *state_reader_free(StateReader *reader);
DEFINE_CLEANUP(StateReader, state_reader_free)

/* What the clocks showed when the image was begun. */
const StateClock *state_reader_clock(const StateReader *reader);

/* What persist_numbers_init() needs to go on from there; false: there was no store. */
bool state_reader_numbers(const StateReader *reader, uint64_t *ret_message, uint32_t *ret_session);

/* How much of the image, at its end, is still needed: the memory before may be given back once the
 * item is dealt with. */
size_t state_reader_left(const StateReader *reader);

/* The next session or record of the caller's; retained messages before it go into their store. 0,
 * -ENOMEM, -EBADMSG, -EPROTONOSUPPORT for a record that may not be passed over. */
int state_reader_next(StateReader *reader, StateItem *ret_item);

/*
 * The session that state_reader_next() has announced, made in the sessions of the worker that the
 * client identifier belongs to. One that had a connection still has (session_is_attached()), but
 * session_connection() is NULL: the caller puts the connection there (session_reconnect()), or lets
 * it go by sessions_detach(). 0, -ENOMEM, -EBADMSG, -EPROTONOSUPPORT; then there is no session.
 */
int state_reader_session(StateReader *reader, Sessions *sessions, Session **ret_session);
