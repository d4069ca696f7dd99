/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A stage whose server gives way to another one, as in a restart: the clients keep their sockets.
 *
 * Thread: the test's
 */
#pragma once

#include "server/unpark.h"
#include "stage.h"

/* What one stage has left for another. */
typedef struct Luggage {
        int image;
        ParkedItem *items; /* copies of the sockets, as the kernel makes them on their way */
        size_t n;
} Luggage;

/* The server is suspended and parked; all of it goes, and nothing is left but the endpoint and the
 * settings. */
void stage_leave(Stage *stage, Luggage *ret_luggage);
/* Another server, with as many workers; the clients of the old one are its clients. Returns what
 * server_unpark() does, and ends it. */
int stage_arrive(Stage *stage, unsigned workers, Luggage *luggage, ArrivalCounts *ret_counts);
void luggage_done(Luggage *luggage);

/* Both, and it must go well. */
ArrivalCounts stage_restart(Stage *stage, unsigned workers);
