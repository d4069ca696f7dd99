/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A suspended server takes leave for the next process: all that it knows goes into an image, and
 * the sockets of its connections travel beside it. What cannot go along is told so.
 *
 * A connection over TLS stays behind, for its keys are in the library: its client comes back by its
 * session ticket, to its session. (unpark.h is the other side.)
 *
 * Thread: control, while no worker runs
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "server/server.h"
#include "transport/tls-credentials.h"

typedef struct Connection Connection;

/* A socket on its way. */
typedef struct ParkedItem {
        int fd;
        uint32_t number; /* what the image calls it */
        uint8_t note;    /* how its client can be told the end, by who knows nothing else of it */
} ParkedItem;

/* The connections that go along; their fds are the server's still. A zeroed object is a valid empty
 * one. */
typedef struct Park {
        ParkedItem *items;
        Connection **connections; /* of the items */
        size_t n, capacity;
} Park;

void park_done(Park *park);

/* What the next process is to know beside what the server does. All is borrowed. */
typedef struct ParkNotes {
        const TlsTicketKey *key; /* of session tickets */
        const char **paused;     /* names of listeners that are paused */
        size_t n_paused;
} ParkNotes;

/* Writes all state to the file, from where it stands. 0 or -errno (then the image is worth nothing,
 * and *ret_park is untouched). */
int server_park(Server *server, const ParkNotes *notes, int image, Park *ret_park);

/*
 * The first n_gone items of the park have gone out: these connections are closed here, without a
 * word to the peer. All others end with DISCONNECT 0x8B in MQTT 5, and what waits for them is
 * written, within timeout ms. Their sessions are in the image: no will is published here. The
 * server has no connection left, but what helpers have not given back (server_stragglers()).
 */
void server_leave(Server *server, const Park *park, size_t n_gone, msec_t timeout);

/* Tells the client of a socket that nobody can serve, if its note says how, and closes it; fd is -1
 * afterwards. */
void parked_dismiss(ParkedItem *item, uint8_t reason);
/* The same for all that have an fd, with 0x8B; how many these were. */
size_t parked_dismiss_all(ParkedItem *items, size_t n);
