/* SPDX-License-Identifier: Apache-2.0 */

/* A line that is written over. */

#include "admin/progress.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

void progress_init(Progress *progress, const char *what)
{
        *progress = (Progress){
                .what = what,
                .is_shown = isatty(STDERR_FILENO) == 1,
                .last = UINT_MAX,
        };
}

void progress_show(Progress *progress, unsigned of_1000)
{
        unsigned percent = of_1000 / 10;

        if (!progress->is_shown || percent == progress->last)
                return;
        progress->last = percent;
        fprintf(stderr, "\r%s: %u %%", progress->what, percent);
        fflush(stderr);
}

void progress_done(Progress *progress)
{
        if (progress->last != UINT_MAX)
                fputs("\r\033[K", stderr);
        progress->last = UINT_MAX;
}
