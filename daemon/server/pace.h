/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How much a client has sent of late, and when it may be read from again. Only of clients that are
 * limited: see client-pace.h.
 *
 * Thread: worker
 */
#pragma once

#include <stdint.h>

#include "util/loop.h"

typedef struct Connection Connection;

typedef struct Pace {
        Connection *connection;
        void (*go_on)(Connection *connection);
        LoopTimer timer; /* while it is not read from */
        uint64_t messages;
        uint64_t bytes; /* buckets */
} Pace;
