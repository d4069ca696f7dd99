/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What waits for something to be on the disk, in the order in which it came.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct PersistWait {
        uint64_t until; /* number of a change or of a message: then it is over */
        uint64_t message;
        uint64_t session;   /* SessionId of one that is held, else the number */
        uint16_t packet_id; /* of one that is held; 0: the session is done with the message */
} PersistWait;

typedef struct PersistWaits {
        PersistWait *items;
        size_t count, capacity;
} PersistWaits;

/* All zero is an empty list, without memory. */
void persist_waits_done(PersistWaits *waits);

/* 0 or -ENOMEM. */
int persist_waits_add(PersistWaits *waits, const PersistWait *wait);

/* A walk that takes out what is over; begun with all zero. Nothing is added meanwhile. */
typedef struct PersistWaitsWalk {
        size_t passed, kept;
} PersistWaitsWalk;

/* The next one whose time has come up to the limit; false: that was the last. */
bool persist_waits_take(PersistWaits *waits, PersistWaitsWalk *walk, uint64_t limit,
                        PersistWait *ret_wait);
