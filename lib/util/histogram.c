/* SPDX-License-Identifier: Apache-2.0 */
/* histogram.c: how long things take, in classes. */

#include "util/histogram.h"

const uint64_t histogram_bounds[HISTOGRAM_BOUNDS] = {
        25,    50,    100,    250,    500,    1000,    2500,    5000,    10000,
        25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
};

/* Whoever adds is the only one at that time: no locked instruction is needed. */
static void add(atomic_uint_fast64_t *figure, uint64_t n)
{
        atomic_store_explicit(figure, atomic_load_explicit(figure, memory_order_relaxed) + n,
                              memory_order_relaxed);
}

void histogram_add(Histogram *histogram, uint64_t usec, uint64_t n)
{
        unsigned i = 0;

        while (i < HISTOGRAM_BOUNDS && usec > histogram_bounds[i])
                i++;
        add(&histogram->counts[i], n);
        add(&histogram->sum, usec * n);
}

void histogram_collect(const Histogram *histogram, HistogramSample *sum)
{
        for (unsigned i = 0; i < HISTOGRAM_CLASSES; i++)
                sum->counts[i] += atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
        sum->sum += atomic_load_explicit(&histogram->sum, memory_order_relaxed);
}

uint64_t histogram_total(const HistogramSample *sample)
{
        uint64_t n = 0;

        for (unsigned i = 0; i < HISTOGRAM_CLASSES; i++)
                n += sample->counts[i];
        return n;
}
