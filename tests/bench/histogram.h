/* SPDX-License-Identifier: Apache-2.0 */
/* A log-linear histogram of nanoseconds; a percentile is exact to 1 %. */
/* Thread: any */
#pragma once

#include <stdint.h>

#define HISTOGRAM_SUB_BITS 7
#define HISTOGRAM_BUCKETS  ((64 - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS)

/* Zeroed memory is a valid empty histogram. */
typedef struct Histogram {
        uint64_t total;
        uint64_t counts[HISTOGRAM_BUCKETS];
} Histogram;

void histogram_add(Histogram *histogram, uint64_t ns);

/* The smallest value that `percent` (0 < percent <= 100) of all values do not exceed, to 1 %;
 * 0 when the histogram is empty. */
uint64_t histogram_percentile(const Histogram *histogram, double percent);
