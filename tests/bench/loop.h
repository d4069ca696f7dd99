/* SPDX-License-Identifier: Apache-2.0 */
/* One epoll loop over clients: each turn reads every readable client once and ends with at most
 * one send per client. */
/* Thread: the one that made it */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct Client Client;

typedef struct Loop {
        int epoll_fd;
        uint64_t now;     /* ns, read once at the start of a turn */
        uint32_t opened;  /* connections ever */
        uint8_t *scratch; /* all clients read into this */
        Client *dirty;    /* those that have something to send, or may have */
        Client **dirty_end;
} Loop;

#define LOOP_SCRATCH_SIZE (512u * 1024)

/* Returns 0 or -errno. */
int loop_init(Loop *loop);
void loop_done(Loop *loop);

/* Waits at most `timeout_ns` for clients, lets them read, then flushes the dirty ones.
 * Returns 0 or -errno. */
int loop_turn(Loop *loop, uint64_t timeout_ns);

/* Sends what the dirty clients have. */
void loop_flush(Loop *loop);
