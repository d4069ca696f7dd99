/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The end of what let a client in, where that has one: a token expires. Only a client with such a
 * login has a tenure, so that idle ones without stay small.
 *
 * Thread: worker
 */
#pragma once

#include "util/loop.h"

typedef struct Connection Connection;

typedef struct Tenure {
        LoopTimer timer;
        Connection *connection;
        uint64_t expires; /* s since 1970 */
} Tenure;

/* The login holds until then; 0: for as long as it likes, then there is no tenure. In place of what
 * was there before. 0 or -ENOMEM. */
int tenure_set(Tenure **tenure, Connection *connection, uint64_t expires);

/* From now on, or again, its end is waited for: due() is called when it may be over. Takes NULL. 0,
 * or -ENOMEM, but not from within due(). */
int tenure_watch(Tenure *tenure, Loop *loop, void (*due)(LoopTimer *timer, msec_t now));

/* It is not waited for any more. Takes NULL. */
void tenure_suspend(Tenure *tenure, Loop *loop);

/* By the calendar, which may be set at any time. */
bool tenure_is_over(const Tenure *tenure);

/* 0: there is none. */
static inline uint64_t tenure_expires(const Tenure *tenure)
{
        return tenure ? tenure->expires : 0;
}
