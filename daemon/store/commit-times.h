/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How long commits take: all of them, for who wants to know, and the worst of late, for who thinks
 * of waiting for the next one.
 *
 * Thread: one at a time; the worst: any
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "util/histogram.h"

/* So many say what may be expected of the disk. */
#define COMMIT_TIMES_MIN 4U
/* Until then, ns. */
#define COMMIT_TIME_UNKNOWN UINT64_C(100000000)

typedef struct CommitTimes {
        Histogram histogram; /* us */
        unsigned n;          /* no further than the least */
        uint64_t recent;     /* the worst, ns */
        _Atomic uint64_t worst;
} CommitTimes;

static inline void commit_times_init(CommitTimes *times)
{
        times->worst = COMMIT_TIME_UNKNOWN;
}

/* One took so long, ns. */
void commit_times_add(CommitTimes *times, uint64_t ns);

/* What the next one may take, ns: the worst of late, of which each better one takes an eighth. */
static inline uint64_t commit_times_worst(const CommitTimes *times)
{
        return times->worst;
}
