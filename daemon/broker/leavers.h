/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Subscriptions of sessions that have ended. To take back the routes of 100,000 of them takes as
 * long as as many messages, so it is done in parts. Until then a route leads to a session that is
 * not there, which finds nothing. Members of groups are taken out at once: nobody else would get
 * what is meant for them.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>

#include "broker/router.h"
#include "broker/subscriptions.h"
#include "util/list.h"

/* Those of one worker, the first that left first. */
typedef struct Leavers {
        List all;
} Leavers;

void leavers_init(Leavers *leavers);
/* Takes all back at once. */
void leavers_done(Leavers *leavers, Router *router);

/* The session has ended: its subscriptions (taken over) go, at once if they are few. */
void leavers_add(Leavers *leavers, Router *router, SessionId id, Subscriptions *subscriptions);

/* Takes n back at most. How many it were. */
unsigned leavers_take_back(Leavers *leavers, Router *router, unsigned n);

static inline bool leavers_wait(const Leavers *leavers)
{
        return !list_is_empty(&leavers->all);
}
