/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What one worker has refused: counted, by itself and by listener, and told in summaries, for a
 * flood must not become a flood of log lines. The first one after a quiet time is told at once.
 *
 * Thread: worker
 */
#pragma once

#include <sys/socket.h>

#include "access/refusal.h"
#include "server/counters.h"
#include "server/endpoint.h"
#include "util/loop.h"

#define MESSAGE_ID_REFUSED      "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e31"
#define MESSAGE_ID_REFUSED_MORE "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e32"

typedef struct Refusals {
        Loop *loop; /* of the worker, as its counters */
        Counters *counters;
        LoopTimer timer;             /* of the next summary */
        unsigned counts[REFUSALS_N]; /* since the last one */
} Refusals;

void refusals_init(Refusals *refusals, Loop *loop, Counters *counters);

/* A connection from this address to this listener was refused. */
void refusals_note(Refusals *refusals, Refusal refusal, const Endpoint *endpoint,
                   const struct sockaddr *address);
