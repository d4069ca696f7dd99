/* SPDX-License-Identifier: Apache-2.0 */
/* histogram.h: how long things take, in classes.
 * Thread: histogram_add(): one at a time; else any
 *
 * The classes are those of all histograms, so that they can be added up and shown side by side.
 * Adding costs a few comparisons and two stores, no lock; a reader may see one without the other.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

/* Classes with an upper bound; one more is behind them. */
#define HISTOGRAM_BOUNDS  18U
#define HISTOGRAM_CLASSES (HISTOGRAM_BOUNDS + 1)

/* The bounds, which belong to their class: microseconds, from 25 to 10 seconds. */
extern const uint64_t histogram_bounds[HISTOGRAM_BOUNDS];

typedef struct Histogram {
        atomic_uint_fast64_t counts[HISTOGRAM_CLASSES];
        atomic_uint_fast64_t sum; /* microseconds */
} Histogram;

/* What was in one, or in several, at a time. */
typedef struct HistogramSample {
        uint64_t counts[HISTOGRAM_CLASSES];
        uint64_t sum; /* microseconds */
} HistogramSample;

/* n things have taken so many microseconds each. */
void histogram_add(Histogram *histogram, uint64_t usec, uint64_t n);

/* Adds what is in the histogram. */
void histogram_collect(const Histogram *histogram, HistogramSample *sum);

/* How many there are. */
uint64_t histogram_total(const HistogramSample *sample);
