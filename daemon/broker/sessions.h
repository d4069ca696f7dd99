/* SPDX-License-Identifier: Apache-2.0 */

/*
 * All sessions of one worker: found by client identifier and by SessionId, and what falls due with
 * time: wills and the end of sessions that are away. Time is told by the caller.
 *
 * Thread: worker
 */
#pragma once

#include <stdint.h>

#include "broker/router.h"
#include "broker/session-counters.h"
#include "broker/session-limits.h"
#include "broker/session-shared.h"
#include "broker/session.h"
#include "util/bytes.h"
#include "util/clock.h"
#include "util/macro.h"

typedef struct Sessions Sessions;

/* The router outlives it; the limits are copied. 0 or -ENOMEM. */
int sessions_new(unsigned worker, Router *router, const SessionLimits *limits,
                 Sessions **ret_sessions);
Sessions *sessions_free(Sessions *sessions); /* ends all sessions without publishing wills; what is
                                              * stored of them stays */
DEFINE_CLEANUP(Sessions, sessions_free)

/*
 * The limits of newer settings, for all that are there and all to come (copied). What waits stays,
 * though it be too much. Another retention moves the end of sessions that are away: it counts from
 * when they left, or from now if they had no end.
 */
void sessions_set_limits(Sessions *sessions, const SessionLimits *limits, msec_t now);

/* Where its sessions are stored from now on, which outlives them; NULL: nowhere. Those that have a
 * number are there already, as they are; those that last and have none get one, and will be. */
void sessions_set_persist(Sessions *sessions, Persist *persist);

/* Where owners are known from now on (session_own()), which outlives them. */
void sessions_set_owners(Sessions *sessions, Owners *owners);

/* How its sessions read what the store has of them; then sessions_shelve() may put it away. */
void sessions_set_fetch(Sessions *sessions, SessionFetch fetch, void *data);

/* Messages that wait for sessions which are away leave memory if the store has them in its tables:
 * of so many sessions from this place on (0: the first), and so many messages of each. Returns the
 * place to go on with, 0: that was all. */
uint32_t sessions_shelve(Sessions *sessions, uint32_t from, unsigned n, unsigned n_messages);

/* How many bytes of messages that has put away, ever. */
uint64_t sessions_shelved(const Sessions *sessions);

/* Ends a turn, as persist_take(): with the records of the sessions that have changed. */
int sessions_take_change(Sessions *sessions, Change **ret_change);

/* The next session that may send something, because it is on the disk by now; NULL: that was the
 * last. Sessions may come more than once. */
Session *sessions_take_confirmed(Sessions *sessions);

const SessionsCounters *sessions_counters(const Sessions *sessions);

/* The session of the client identifier, or NULL. */
Session *sessions_find(const Sessions *sessions, Bytes client_id);
/* The session if that very one is still there, or NULL. O(1), no hashing: it is on the path of each
 * delivery. */
Session *sessions_get(const Sessions *sessions, SessionId id);

/* For walks that are interrupted: a session stays in the place it was put into. i below
 * sessions_n_places(), which only grows; NULL: that place is free. */
Session *sessions_at(const Sessions *sessions, uint32_t i);
uint32_t sessions_n_places(const Sessions *sessions);

/* A new, empty session without a connection; the client identifier (copied) is not in use. Nothing
 * is due for it before its first sessions_detach(). 0 or -ENOMEM. */
int sessions_open(Sessions *sessions, Bytes client_id, Session **ret_session);

/*
 * The connection is gone: the session stays for its expiry interval (at most limits->retention),
 * its will waits for its delay or the end of the session, whichever is first [MQTT-3.1.3-9]. With
 * nothing to wait for, the next sessions_take_due() yields it at once. Cannot fail.
 */
void sessions_detach(Sessions *sessions, Session *session, msec_t now);
/* After session_attach(): what was due because it was away no longer is; a will that was waiting is
 * discarded [MQTT-3.1.3-9] (one that was set meanwhile stays). */
void sessions_attached(Sessions *sessions, Session *session);

/* What is due for the session is at these times (MSEC_INFINITY: never), as they were told for an
 * earlier one of which this is the continuation. */
void sessions_restore_due(Sessions *sessions, Session *session, msec_t will, msec_t end);

/* That was reckoned with another limits->retention than is in force here; without an end, as if it
 * had gone away now. */
void sessions_restore_retention(Sessions *sessions, Session *session, uint64_t retention,
                                msec_t now);

/* Ends the session: subscriptions, queues and will go; returns NULL. */
Session *sessions_close(Sessions *sessions, Session *session);

/* Of sessions that have ended with many subscriptions: whether any are to be taken back, and takes
 * n of them back at most; how many it were. */
bool sessions_have_left(const Sessions *sessions);
unsigned sessions_take_back(Sessions *sessions, unsigned n);

/* When sessions_take_due() will have something; MSEC_INFINITY: never. */
msec_t sessions_next_due(const Sessions *sessions);

typedef enum SessionEvent {
        SESSION_EVENT_NONE,
        SESSION_EVENT_WILL,    /* *ret_will is to be published (the reference is the caller's) */
        SESSION_EVENT_EXPIRED, /* the caller publishes *ret_will, if it is not NULL, gives what was
                                * shared to others, then calls sessions_close() */
} SessionEvent;

/* The next thing that is due, in order of time; SESSION_EVENT_NONE: nothing more now (the outputs
 * are untouched). A will is never later than the end of its session. */
SessionEvent sessions_take_due(Sessions *sessions, msec_t now, Session **ret_session,
                               Message **ret_will);

/* Calls visit for each session until it returns non-zero, which is returned. visit must not open or
 * end sessions. */
int sessions_foreach(Sessions *sessions, int (*visit)(Session *session, void *data), void *data);
