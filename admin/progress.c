/* SPDX-License-Identifier: Apache-2.0 */

/* A line that is written over. */

#include "admin/progress.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "admin/name.h"

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

void progress_say(Progress *progress, const char *text)
{
        if (!progress->is_shown)
                return;
        progress->last = 0;
        fprintf(stderr, "\r\033[K%s: ", progress->what);
        name_print_line(stderr, text);
        fflush(stderr);
}

void progress_done(Progress *progress)
{
        if (progress->last != UINT_MAX)
                fputs("\r\033[K", stderr);
        progress->last = UINT_MAX;
}
