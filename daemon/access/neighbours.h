/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The addresses that clients come from: how many connections each has, how fast new ones come, how
 * many logins have failed. An address is a prefix: a household with IPv6 has a /64.
 *
 * All workers share the table. It is cut into stripes with a lock each, held for some 100 ns. Who
 * has no connection any more is remembered as long as there is room, the last ones longest: the
 * table does not grow with the number of addresses that an attacker has.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "access/offence.h"
#include "access/refusal.h"
#include "util/clock.h"
#include "util/macro.h"
#include "util/prefix.h"

typedef struct Neighbours Neighbours;
typedef struct Neighbour Neighbour;

/* For each address. */
typedef struct NeighbourLimits {
        unsigned rate;          /* new connections a second, ten times as many at once; 0: any */
        int connections;        /* open at a time; -1: any */
        unsigned failed_logins; /* a minute, before it is shut out for a while; 0: any */
        uint8_t ipv4_length;    /* of the prefix that is one address, bits */
        uint8_t ipv6_length;
} NeighbourLimits;

/* 0 or -ENOMEM. */
int neighbours_new(Neighbours **ret_neighbours);
Neighbours *neighbours_free(Neighbours *neighbours);
DEFINE_CLEANUP(Neighbours, neighbours_free)

/*
 * A connection from there: REFUSAL_NONE, and it is counted until neighbours_leave(). The neighbour
 * is NULL for what has no internet address, and when there is no memory to remember it: then
 * nothing is held against it.
 */
Refusal neighbours_enter(Neighbours *neighbours, const NeighbourLimits *limits,
                         const struct sockaddr *address, msec_t now, Neighbour **ret_neighbour);

/* The same for one that is there already: nothing is refused. */
Neighbour *neighbours_return(Neighbours *neighbours, const NeighbourLimits *limits,
                             const struct sockaddr *address, msec_t now);

/* One of its connections has ended. Takes NULL. */
void neighbours_leave(Neighbours *neighbours, Neighbour *neighbour);

/*
 * A login from there has failed. How many ms it is shut out now: 0, or from one minute up, twice as
 * long each time, to an hour; other connections of its are not touched. Takes NULL.
 */
msec_t neighbours_failed_login(Neighbours *neighbours, const NeighbourLimits *limits,
                               Neighbour *neighbour, msec_t now);

/*
 * One more offence of this address, a prefix of the length that the limits say. True: it is the
 * limit.count-th within limit.window seconds; they are counted from 0 again.
 */
bool neighbours_offend(Neighbours *neighbours, const Prefix *prefix, Offence offence,
                       OffenceLimit limit, msec_t now);

/* What it stands for. */
Prefix neighbour_prefix(const Neighbour *neighbour);

/* How many are in the table. */
size_t neighbours_count(Neighbours *neighbours);
