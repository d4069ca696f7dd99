/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A new server goes on with what another process has parked (park.h): sessions, retained messages,
 * connections. Settings, the number of workers and the secret of the hashes may be others than
 * there.
 *
 * Thread: control, before there are workers
 */
#pragma once

#include "server/park-image.h"
#include "server/park.h"

/* What has come, and where its connections go. */
typedef struct Arrival {
        const ParkImage *image;
        ParkedItem *items; /* in the order of their numbers; those that are taken over get fd -1 */
        size_t n_items;
        Endpoint *const *endpoints; /* of the settings that hold now */
        size_t n_endpoints;
        void (*told)(void *data, size_t n); /* how many items were looked at; NULL: nobody asks */
        void *data;
} Arrival;

typedef struct ArrivalCounts {
        size_t sessions;
        size_t connections; /* that go on */
        size_t unserved;    /* whose listener is gone: told 0x98 */
} ArrivalCounts;

/*
 * Lets it all go on where it was. A connection whose listener is gone, speaks TLS now, or has
 * another mount point, is dismissed. 0, -ENOMEM, -EBADMSG, -EPROTONOSUPPORT: then
 * what was read so far goes on, and the caller dismisses the other items. *ret_counts is set in
 * each case.
 */
int server_unpark(Server *server, const Arrival *arrival, ArrivalCounts *ret_counts);

/*
 * A session that was connected and whose connection has not come is one whose client has left: its
 * will and what it had of a group are for others. In the store too, so it comes after
 * server_open_store(), in each case.
 */
void server_unpark_end(Server *server);
