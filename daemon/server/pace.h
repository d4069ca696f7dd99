/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How much a client has done of late, and when it may be read from and written to again. Only of
 * clients that are limited: see client-pace.h and send-pace.h.
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
        LoopTimer hold;  /* while it is not written to */
        uint64_t bound;  /* QoS 0 goes behind so much in its output meanwhile */
        uint64_t messages;
        uint64_t bytes;
        uint64_t sent;
        uint64_t takeovers;      /* buckets; this one it has from those that it has thrown out */
        struct Account *account; /* its user's; NULL: none, see client-account.h */
} Pace;
