/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A restart that nobody notices: what the last process has parked (parking.h) goes on in this one,
 * and what this one has goes on in the next.
 *
 * Thread: control
 */
#pragma once

#include "control/listeners.h"
#include "control/parking.h"
#include "control/passed-sockets.h"
#include "server/park-image.h"
#include "server/server.h"
#include "server/unpark.h"
#include "transport/tls-credentials.h"

/* A zeroed object is a valid one with which nothing is handed over. */
typedef struct HandOver {
        Parking *parking;     /* NULL: nobody would keep anything for the next process */
        Parked parked;        /* what the last one has left */
        ParkImage *image;     /* its state; NULL: there is none that can be read */
        msec_t began;         /* when it came */
        ArrivalCounts counts; /* what has gone on in this process */
} HandOver;

/*
 * Takes what was parked and finds a place to park. Clients that cannot be served without their
 * state are told so. What goes wrong is logged, and the start goes on without.
 */
void hand_over_receive(HandOver *hand_over, PassedSockets *passed);

/* The key for session tickets of the last process. 0, or -ENOENT (*ret_key is untouched). */
int hand_over_ticket_key(const HandOver *hand_over, TlsTicketKey *ret_key);

/* Lets a new server, not started yet, go on with it; the listeners are those of its settings, and
 * paused if they were. What cannot be served is told so. 0, or -ENOMEM: nothing has happened. */
int hand_over_resume(HandOver *hand_over, Server *server, const Listeners *listeners);
/* Then, when the server keeps what lasts (storage.h): clients that did not come along have left. */
void hand_over_settle(Server *server);

/*
 * Suspends the server and parks what it has, and its listening sockets. Who cannot go along is told
 * DISCONNECT 0x8B, and has timeout ms to take it. The server is only to be freed afterwards.
 */
void hand_over_leave(HandOver *hand_over, Server *server, const TlsTicketKey *key,
                     const Listeners *listeners, msec_t timeout);

/* Nobody will serve anybody: the configuration is wrong. */
void hand_over_refuse(HandOver *hand_over);
/* The same, for a process that has not come so far as to receive anything. */
void hand_over_refuse_all(void);

/* Whether what is handed over now would be there for the next process. Asks systemd: may block for
 * a second. */
bool hand_over_is_possible(const HandOver *hand_over);

/* The service stops: nothing is kept. */
void hand_over_forget(HandOver *hand_over);

/* What was received, and neither resumed nor refused, waits again for the next process: this one
 * could not start. */
void hand_over_done(HandOver *hand_over);
