/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How long what a worker has read waits until what follows from it is written: from the turn that
 * read it, whichever worker's that was, to the end of the turn that wrote it. Packets are counted
 * by the turn they came from, and the clock is looked at when a turn begins and ends, as it is
 * anyway.
 *
 * Points of time are microseconds since boot, of which the lower 32 bits are enough: nothing takes
 * an hour.
 *
 * Thread: worker; the histogram: any
 */
#pragma once

#include <stdint.h>

#include "util/histogram.h"
#include "util/loop.h"
#include "util/macro.h"

/* So many turns of the past are told apart. */
#define LATENCY_TURNS_MAX 8U

/* Zeroed at first. */
typedef struct Latency {
        Histogram histogram;
        unsigned n_turns; /* that this turn's packets came from */
        struct {
                uint32_t since;
                uint32_t n;
        } turns[LATENCY_TURNS_MAX];
} Latency;

/* Of a turn, as latency_note() wants it. */
static inline uint32_t latency_stamp(const Loop *loop)
{
        return (uint32_t)loop_now_usec(loop);
}

/* What was not noted last; without room its packets count for the turn before. */
void latency_note_turn(Latency *latency, uint32_t since, uint32_t n);

/* n packets will go out with this turn that came with that of `since`. */
static inline void latency_note(Latency *latency, uint32_t since, uint64_t n)
{
        const unsigned last = latency->n_turns - 1;

        if (n == 0)
                return;
        if (_likely_(latency->n_turns > 0) && latency->turns[last].since == since)
                latency->turns[last].n += (uint32_t)n;
        else
                latency_note_turn(latency, since, (uint32_t)n);
}

static inline bool latency_is_due(const Latency *latency)
{
        return latency->n_turns > 0;
}

/* They went out now, a time of the loop's clock. */
void latency_settle(Latency *latency, uint64_t now);
