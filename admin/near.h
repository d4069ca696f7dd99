/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which of many names may have been meant by one that is unknown.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

typedef struct Near {
        const char *verb;   /* that it was given to */
        const char *wanted; /* the name that is unknown */
        unsigned n;         /* how many are near; 0 at first */
} Near;

bool near_is_full(const Near *near);

/* Writes the command with this name to stderr, if it is near. False: that is enough. */
bool near_look_at(Near *near, const char *name);
