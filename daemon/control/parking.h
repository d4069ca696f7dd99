/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where descriptors wait while one process ends and the next one begins: in flight between the two
 * ends of a pair of sockets that systemd keeps for the service (FDSTORE=1, sd_notify(3)). One pair
 * carries tens of thousands of them, while each entry of the store itself costs systemd time that
 * grows with the square of their number.
 *
 * What is sent is not closed by it; and who parks a socket must never shut it down, which would
 * reach the peer.
 *
 * Thread: control
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/park.h"
#include "util/macro.h"

/* The name in systemd's store. */
#define PARKING_NAME "park"

typedef enum ParkedKind {
        PARKED_IMAGE,    /* of the state: one file */
        PARKED_LISTENER, /* a listening socket that the broker has opened itself */
        PARKED_CLIENT,   /* a connection */
        PARKED_KINDS_N
} ParkedKind;

/* All that waited, by kind and in the order of their numbers. A zeroed object is a valid empty one.
 */
typedef struct Parked {
        ParkedItem *items[PARKED_KINDS_N];
        size_t n[PARKED_KINDS_N];
} Parked;

/* Closes those of the kind that were not taken over (fd -1). */
void parked_close(Parked *parked, ParkedKind kind);
/* Closes all of them. */
void parked_done(Parked *parked);

typedef struct Parking Parking;

/*
 * Takes over the ends that systemd passed (their names were PARKING_NAME), each set to -1; or makes
 * a pair and has systemd keep it. *ret_parking is NULL where nobody keeps anything: no
 * NOTIFY_SOCKET, or a systemd that says so. All that waits in the ends is in *ret_parked in any
 * case, and nothing waits there any more. 0 or -errno (then what waited is lost).
 */
int parking_new(int *passed, size_t n_passed, Parking **ret_parking, Parked *ret_parked);

/* Closes our ends: what was sent waits for the next process. Returns NULL. */
Parking *parking_free(Parking *parking);
DEFINE_CLEANUP(Parking, parking_free)

/*
 * Sends n items of one kind, but for those without an fd; those that fit go out, in their order:
 * *ret_n of them. 0, or the -errno that stopped it (-EAGAIN: the pair is full; -ETOOMANYREFS: too
 * many are in flight).
 */
int parking_send(Parking *parking, ParkedKind kind, const ParkedItem *items, size_t n,
                 size_t *ret_n);

/* systemd shall not keep the pair: the service stops. */
void parking_forget(Parking *parking);
