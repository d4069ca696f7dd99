/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Messages and times of the model as the store has them.
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>

#include "broker/message.h"
#include "broker/persist-record.h"
#include "util/clock.h"

/* What both clocks showed at one moment. */
typedef struct PersistClock {
        msec_t boottime;
        uint64_t realtime; /* seconds since the epoch */
} PersistClock;

/* Boot time as seconds since the epoch, rounded up: nothing may be over too early. MSEC_INFINITY is
 * PERSIST_NEVER. */
uint64_t persist_clock_real(const PersistClock *clock, msec_t time);

/* A PERSIST_RECORD_MESSAGE, received now, with these takers (NULL: none). 0, -ENOMEM, -E2BIG. */
int persist_encode_message(const PersistClock *clock, const Message *message,
                           const PersistTakerList *takers, Buffer *buffer);
