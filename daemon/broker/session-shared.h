/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What all sessions of one worker look at: one pointer in each of a million.
 *
 * Thread: worker
 */
#pragma once

#include "broker/leavers.h"
#include "broker/message.h"
#include "broker/owners.h"
#include "broker/persist.h"
#include "broker/router.h"
#include "broker/session-counters.h"
#include "broker/session-limits.h"

/* The messages that the store has under these numbers, in their order, with a reference each; NULL
 * where there is none. 0; or -errno, and none. */
typedef int (*SessionFetch)(void *data, const uint64_t *numbers, size_t n, Message **ret_messages);

typedef struct SessionShared {
        Router *router;   /* outlives them */
        Persist *persist; /* likewise; NULL: nothing is stored */
        Owners *owners;   /* likewise; NULL: sessions are nobody's */
        Leavers leavers;
        SessionFetch fetch; /* NULL: all that waits is in memory */
        void *fetch_data;
        uint64_t shelved; /* bytes of messages that have left memory, ever */
        SessionLimits limits;
        SessionsCounters counters;
} SessionShared;
