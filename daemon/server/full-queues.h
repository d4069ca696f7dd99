/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whose full queues were told of a little while ago: a queue that is full is so with every message.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>

#include "broker/session-id.h"
#include "util/clock.h"

/* Of so many at a time. */
#define FULL_QUEUES_MAX 32U
/* Between two times that the same is told, ms. */
#define FULL_QUEUES_INTERVAL (10U * MSEC_PER_SEC)

/* Zeroed: none. */
typedef struct FullQueues {
        struct {
                SessionId session;
                msec_t until; /* 0: free */
        } items[FULL_QUEUES_MAX];
} FullQueues;

/* Whether to tell of it now, and then not for a while: 1; 0: it was told; -ENOBUFS: there are too
 * many. */
int full_queues_note(FullQueues *queues, SessionId session, msec_t now);
