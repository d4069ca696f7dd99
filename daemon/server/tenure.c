/* SPDX-License-Identifier: Apache-2.0 */

/* The end of what let a client in. */

#include "server/tenure.h"

#include <errno.h>
#include <stdlib.h>

#include "util/macro.h"

/* A calendar that is set meanwhile is noticed within so much, ms. */
#define LOOK_AGAIN 60000U

int tenure_set(Tenure **tenure, Connection *connection, uint64_t expires)
{
        if (expires == 0) {
                free(TAKE_PTR(*tenure));
                return 0;
        }
        if (!*tenure) {
                *tenure = malloc(sizeof(**tenure));
                if (!*tenure)
                        return -ENOMEM;
                **tenure = (Tenure){.connection = connection};
                loop_timer_init(&(*tenure)->timer, NULL);
        }
        (*tenure)->expires = expires;
        return 0;
}

bool tenure_is_over(const Tenure *tenure)
{
        return clock_realtime() >= tenure->expires;
}

int tenure_watch(Tenure *tenure, Loop *loop, void (*due)(LoopTimer *timer, msec_t now))
{
        const uint64_t calendar = clock_realtime();
        uint64_t left;

        if (!tenure)
                return 0;
        left = calendar < tenure->expires ? tenure->expires - calendar : 0;
        tenure->timer.due = due;
        return loop_timer_arm(loop, &tenure->timer,
                              loop_now(loop) + MIN(left, LOOK_AGAIN / MSEC_PER_SEC) * MSEC_PER_SEC);
}

void tenure_suspend(Tenure *tenure, Loop *loop)
{
        if (tenure)
                loop_timer_disarm(loop, &tenure->timer);
}
