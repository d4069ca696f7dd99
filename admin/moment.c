/* SPDX-License-Identifier: Apache-2.0 */

/* Points of time. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "admin/moment.h"

#define USEC_PER_SEC UINT64_C(1000000)

uint64_t moment_now(void)
{
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

void moment_print_usec(uint64_t usec)
{
        printf("%" PRIu64, usec);
}

static struct tm parts_of(uint64_t usec)
{
        const time_t seconds = (time_t)(usec / USEC_PER_SEC);
        struct tm parts = {};

        localtime_r(&seconds, &parts);
        return parts;
}

void moment_print_time(uint64_t usec)
{
        const struct tm parts = parts_of(usec);

        printf("%02d:%02d:%02d.%03u  ", parts.tm_hour, parts.tm_min, parts.tm_sec,
               (unsigned)(usec / 1000 % 1000));
}

void moment_print_date(uint64_t usec)
{
        const struct tm parts = parts_of(usec);
        char text[64];

        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts);
        fputs(text, stdout);
}
