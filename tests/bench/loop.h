/* SPDX-License-Identifier: Apache-2.0 */
/* One epoll loop over clients: each turn reads every readable client once and ends with at most
 * one send per client. */
/* Thread: the one that made it */
#pragma once

#include <stdint.h>

#include "bench/client.h"

typedef struct Loop {
        ClientHub clients;
        uint64_t now; /* ns, read once at the start of a turn */
} Loop;

/* Returns 0 or -errno. */
int loop_init(Loop *loop);
void loop_done(Loop *loop);

/* Waits at most `timeout_ns` for clients, lets them read, then flushes the dirty ones.
 * Returns 0 or -errno. */
int loop_turn(Loop *loop, uint64_t timeout_ns);
