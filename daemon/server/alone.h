/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whether a worker has one client alone to serve, so that nobody is kept waiting if it waits for
 * the disk itself. It has been so for a while, and the next who comes may be kept for one flush: so
 * whoever did come then makes the while twice as long, and one that lasts makes it shorter again.
 * Who is heard of every second is thus kept a few times at most, ever.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>

#include "util/clock.h"

/* The while: from the first to the last of these, ms. */
#define ALONE_MIN ((msec_t)5)
#define ALONE_MAX ((msec_t)16 * MSEC_PER_SEC)
/* So many times as long it must last to become half, and longer than whoever comes every second is
 * away, ms. */
#define ALONE_LASTS 64U
#define ALONE_CALM  ((msec_t)1500)

typedef struct Alone {
        const void *who; /* came last; only compared */
        msec_t since;    /* nobody else has come */
        msec_t calm;     /* or since it became shorter */
        msec_t patience;
        bool was_used; /* since then */
} Alone;

static inline void alone_init(Alone *alone, msec_t now)
{
        *alone = (Alone){.since = now, .calm = now, .patience = ALONE_MIN};
}

/* This one has come; NULL: several have, or it is not known who. */
void alone_note(Alone *alone, const void *who, msec_t now);

/* Whether it is alone for so long that its worker may wait. */
bool alone_use(Alone *alone, msec_t now);
