/* SPDX-License-Identifier: Apache-2.0 */
/* ratelimit.h: at most `burst` times per `interval`: for what a peer can provoke.
 * Thread: any (no lock inside: one thread at a time) */
#pragma once

#include <stdbool.h>

#include "util/clock.h"

typedef struct RateLimit {
        msec_t interval; /* 0: no limit */
        unsigned burst;
        msec_t begin;        /* of the current interval */
        unsigned used;       /* in it */
        unsigned suppressed; /* refused since the last ratelimit_take_suppressed() */
} RateLimit;

/* For a static initialiser: { .interval = …, .burst = … } serves as well. */
#define RATELIMIT_INIT(interval_, burst_)                                                          \
        {                                                                                          \
                .interval = (interval_), .burst = (burst_)                                         \
        }

/* May it happen now? If not, it is counted in `suppressed`. */
bool ratelimit_test(RateLimit *limit, msec_t now);

/* How many were refused since the last call of this function (for "… and 17 more"); starts anew. */
unsigned ratelimit_take_suppressed(RateLimit *limit);
