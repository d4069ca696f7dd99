/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c: the clocks. */

#include "util/clock.h"

#include <time.h>

msec_t clock_boottime(void)
{
        struct timespec now;

        clock_gettime(CLOCK_BOOTTIME, &now); /* cannot fail for a clock that every kernel has */
        return (msec_t)now.tv_sec * MSEC_PER_SEC + (msec_t)now.tv_nsec / 1000000;
}

uint64_t clock_boottime_usec(void)
{
        struct timespec now;

        clock_gettime(CLOCK_BOOTTIME, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_monotonic_ns(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

uint64_t clock_realtime_ms(void)
{
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return (uint64_t)now.tv_sec * MSEC_PER_SEC + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t clock_realtime(void)
{
        return clock_realtime_ms() / MSEC_PER_SEC;
}
