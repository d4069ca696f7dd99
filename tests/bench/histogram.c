/* SPDX-License-Identifier: Apache-2.0 */
/* A log-linear histogram of nanoseconds; a percentile is exact to 1 %. */

#include <math.h>

#include "bench/histogram.h"

/* Values below 2^7 have a bucket each; above, each power of two is cut into 2^7 equal buckets. */
static unsigned bucket_of(uint64_t ns)
{
        unsigned shift;

        if (ns < (1u << HISTOGRAM_SUB_BITS))
                return (unsigned)ns;
        shift = 63u - (unsigned)__builtin_clzll(ns) - HISTOGRAM_SUB_BITS;
        return (shift << HISTOGRAM_SUB_BITS) + (unsigned)(ns >> shift);
}

static uint64_t bucket_value(unsigned bucket)
{
        unsigned shift;

        if (bucket < (2u << HISTOGRAM_SUB_BITS))
                return bucket;
        shift = (bucket >> HISTOGRAM_SUB_BITS) - 1;
        return (uint64_t)(bucket - (shift << HISTOGRAM_SUB_BITS)) << shift;
}

void histogram_add(Histogram *histogram, uint64_t ns)
{
        histogram->counts[bucket_of(ns)]++;
        histogram->total++;
}

uint64_t histogram_percentile(const Histogram *histogram, double percent)
{
        uint64_t rank = (uint64_t)ceil((double)histogram->total * percent / 100), seen = 0;

        for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
                seen += histogram->counts[i];
                if (seen > 0 && seen >= rank)
                        return bucket_value(i);
        }
        return 0;
}
