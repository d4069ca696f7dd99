/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What all sessions of one worker look at: one pointer in each of a million.
 *
 * Thread: worker
 */
#pragma once

#include "broker/leavers.h"
#include "broker/persist.h"
#include "broker/router.h"
#include "broker/session-counters.h"
#include "broker/session-limits.h"

typedef struct SessionShared {
        Router *router;   /* outlives them */
        Persist *persist; /* likewise; NULL: nothing is stored */
        Leavers leavers;
        SessionLimits limits;
        SessionsCounters counters;
} SessionShared;
