/* SPDX-License-Identifier: Apache-2.0 */

/* How long what a worker has read waits until what follows from it is written. */

#include "server/latency.h"

void latency_note_turn(Latency *latency, uint32_t since, uint32_t n)
{
        unsigned at = latency->n_turns;

        if (at == LATENCY_TURNS_MAX) {
                latency->turns[at - 1].n += n;
                return;
        }
        latency->turns[at].since = since;
        latency->turns[at].n = n;
        latency->n_turns++;
}

void latency_settle(Latency *latency, uint64_t now)
{
        for (unsigned i = 0; i < latency->n_turns; i++)
                histogram_add(&latency->histogram, (uint32_t)now - latency->turns[i].since,
                              latency->turns[i].n);
        latency->n_turns = 0;
}
