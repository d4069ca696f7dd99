/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a worker has to write to the store (persist-format.h): it collects the small facts of a turn
 * into one Change, which its caller submits at the end of the turn, and makes the record of a
 * message that was published. It neither writes nor waits: it is told how far its changes, and the
 * messages of other workers, are on the disk, and says what may go on then.
 *
 * A fact about a session needs its number; a session without one (0) is not stored, and nobody
 * calls for it. What goes wrong for want of memory is told when the change is submitted.
 *
 * Two things are promised about order, for a crash may come between any two commits:
 * - A QoS 2 message is held until its packet identifier is on the disk: else it could be sent again
 *   under another one, which makes it another message.
 * - What deletes from a message's record waits until that record is on the disk: it may come from
 *   another worker, whose changes are not ordered with ours. A deletion that came first would leave
 *   the record behind, to be sent again after a crash.
 *
 * Thread: worker
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "broker/message.h"
#include "broker/persist-numbers.h"
#include "broker/persist-record.h"
#include "broker/persist-session.h"
#include "broker/persist-takers.h"
#include "broker/session-id.h"
#include "store/change.h"
#include "util/clock.h"
#include "util/macro.h"

typedef struct Persist Persist;

typedef struct PersistParts {
        PersistNumbers *numbers; /* outlive it, as do the takers */
        Takers *takers;
        unsigned worker; /* below PERSIST_WORKERS */
        bool relaxed;    /* nothing is held */
} PersistParts;

/* Messages that have their number by now are on the disk. 0 or -ENOMEM. */
int persist_new(const PersistParts *parts, Persist **ret_persist);
Persist *persist_free(Persist *persist);
DEFINE_CLEANUP(Persist, persist_free)

/* From now on, as PersistParts. */
void persist_set_relaxed(Persist *persist, bool relaxed);

/* What both clocks show, now and then: boot time in ms, and seconds since the epoch. */
void persist_set_clock(Persist *persist, msec_t boottime, uint64_t realtime);

/* --- numbers --- */

/* A new one for a message, higher than all that this worker has seen. */
uint64_t persist_number(Persist *persist);
/* The last one that this worker has drawn; 0: none. */
uint64_t persist_drawn(const Persist *persist);

static inline unsigned persist_worker_of(uint64_t message)
{
        return (unsigned)(message & (PERSIST_WORKERS - 1));
}

/* --- a turn --- */

/* The change of this turn, to put more into it. NULL: no memory, which is told at its end. */
Change **persist_change(Persist *persist);

/* Ends the turn: its change is the caller's, NULL: there is nothing to write. Of a worker with
 * sessions: sessions_take_change(). 0 or -ENOMEM: facts are lost. */
int persist_take(Persist *persist, Change **ret_change);

/* The change that was taken last has this number in the worker's lane. */
void persist_submitted(Persist *persist, uint64_t number);

/* All changes of the worker's own lane up to this one are on the disk. */
void persist_durable(Persist *persist, uint64_t number);

/*
 * All records of messages that the worker `worker` has numbered, up to this number, are on the disk
 * (or refused: nobody is to wait for them). Of the own worker too: what is below the oldest
 * publication that is not complete, or all up to persist_drawn() if there is none, when the change
 * that is now durable was submitted.
 */
void persist_confirm(Persist *persist, unsigned worker, uint64_t message);

/* Nothing is to be written, and nothing waits to be on the disk. */
bool persist_is_idle(const Persist *persist);

bool persist_is_confirmed(const Persist *persist, uint64_t message);

/* They are in the tables, too, where they can be read. */
void persist_settle(Persist *persist, unsigned worker, uint64_t message);
bool persist_is_settled(const Persist *persist, uint64_t message);

/* What was held and may be sent now: of sessions.h, sessions_take_confirmed(). */
typedef struct PersistReady {
        SessionId session;
        uint64_t message;
        uint16_t packet_id;
} PersistReady;

bool persist_next_ready(Persist *persist, PersistReady *ret_ready);

/* --- publications --- */

typedef struct PersistPublication {
        const Message *message;         /* with a number, if it has takers */
        const PersistTakerList *takers; /* NULL: none */
        uint32_t publisher;             /* number of the session whose packet identifier at QoS 2 */
        uint16_t received;              /* this is; 0: none */
        uint64_t replaces;         /* number of the message that it was, of a group, 0: none, */
        uint32_t replaced_session; /* and the taker that had it */
        uint32_t will_of;          /* number of the session whose will it is; 0: none */
} PersistPublication;

/* Puts all of it into the change: NULL is that of the turn; one of its own is to be submitted
 * before that of the turn. What goes wrong is the change's error. */
void persist_publication(Persist *persist, const PersistPublication *publication, Change **change);

/* A message that is retained, or without a payload: its topic has none any more. For the lane of
 * retained messages. */
void persist_retained(Persist *persist, const Message *message, Change **change);
/* The topic has none any more. */
void persist_retained_delete(Bytes topic, Change **change);

/* The session is done with the message: acknowledged, expired, dropped, or over. */
void persist_done(Persist *persist, uint64_t message, uint32_t session);

/* --- sessions: called by session.c, sessions.c and sender.c --- */

/* A number for a session that is stored from now on. */
uint32_t persist_session_number(Persist *persist);

/* Its record is to be written with the change of the turn. */
void persist_touch(Persist *persist, SessionId session);
/* The next one that was touched; SESSION_ID_NONE: that was the last. */
SessionId persist_next_touched(Persist *persist);

/* Times in boot time, ms; 0: not yet. Nothing is written while a will of it is on its way. */
void persist_write_session(Persist *persist, const PersistSessionHead *head);
/* It has ended: its record goes, unless a will of it is on its way. */
void persist_forget_session(Persist *persist, uint32_t session);

/*
 * Its will was taken, to be published: the record keeps it until persist_publication() has
 * `will_of`, or persist_will_over() says that nothing comes of it. So a crash can double a will,
 * but not lose it.
 */
void persist_will_taken(Persist *persist, uint32_t number, SessionId session);
void persist_will_over(Persist *persist, uint32_t number);

void persist_subscribed(Persist *persist, const PersistFilter *filter);
void persist_unsubscribed(Persist *persist, uint32_t session, Bytes filter);

/* A message that had waited is in flight. Returns its order. */
uint64_t persist_sent(Persist *persist, const PersistFlight *flight);
/* Whether one that is sent at once needs that too, because its number is lower than an order. */
bool persist_is_behind(const Persist *persist, uint64_t message);
/* PUBREC came: the message is no longer in flight, but its release. */
void persist_released(Persist *persist, uint32_t session, uint16_t packet_id);
/* The key of one that persist_sent() or persist_released() has put. */
void persist_landed(Persist *persist, uint32_t session, uint16_t packet_id);

void persist_received(Persist *persist, uint32_t session, uint16_t packet_id);
void persist_freed(Persist *persist, uint32_t session, uint16_t packet_id);

/*
 * At QoS 2: whether it must be held; then it becomes ready later. `written`: the change of this
 * turn says under which packet identifier it is sent. False for want of memory, too.
 */
bool persist_hold(Persist *persist, const PersistReady *held, bool written);
