/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How far long work has come: a line on the terminal of stderr, if it is one, that goes again.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

typedef struct Progress {
        const char *what;
        bool is_shown;
        unsigned last; /* percent */
} Progress;

void progress_init(Progress *progress, const char *what);
void progress_show(Progress *progress, unsigned of_1000);
/* Where nobody knows how far: what happens just now. */
void progress_say(Progress *progress, const char *text);
void progress_done(Progress *progress);
