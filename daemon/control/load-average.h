/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How fast a counter runs, per minute, as exponentially weighted averages over 1, 5 and 15 minutes:
 * the arithmetic of the system's own load average.
 *
 * Thread: any (plain data)
 */
#pragma once

#include <stdint.h>

#include "util/clock.h"

#define LOAD_AVERAGE_N 3

/* All zero is a counter that has never moved. */
typedef struct LoadAverage {
        uint64_t last;
        double per_minute[LOAD_AVERAGE_N]; /* over 1, 5 and 15 minutes */
} LoadAverage;

/* The counter now, and how long ago it was told before (0 milliseconds: nothing is changed but the
 * count). */
void load_average_update(LoadAverage *load, uint64_t counter, msec_t elapsed);

/* "1min", "5min", "15min". */
const char *load_average_name(unsigned index);
