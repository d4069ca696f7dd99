/* SPDX-License-Identifier: Apache-2.0 */
/* ratelimit.c: counts within windows of one interval. */

#include "util/ratelimit.h"

bool ratelimit_test(RateLimit *limit, msec_t now)
{
        if (limit->interval == 0)
                return true;

        if (limit->used == 0 || now - limit->begin >= limit->interval) {
                limit->begin = now;
                limit->used = 0;
        }
        if (limit->used >= limit->burst) {
                limit->suppressed++;
                return false;
        }
        limit->used++;
        return true;
}

unsigned ratelimit_take_suppressed(RateLimit *limit)
{
        unsigned suppressed = limit->suppressed;

        limit->suppressed = 0;
        return suppressed;
}
