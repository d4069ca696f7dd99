/* SPDX-License-Identifier: Apache-2.0 */
/* bucket.h: so much a second on average, and some at once: what limits a rate.
 * Thread: any (no lock inside: one thread at a time; bucket_…_shared(): any number)
 *
 * A bucket is one number: the time, in ns, at which it will be full again. All zero, it is full. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/clock.h"
#include "util/macro.h"

#define BUCKET_NS_PER_MSEC UINT64_C(1000000)
#define BUCKET_NS_PER_SEC  UINT64_C(1000000000)

/* What flows in: `rate` a second (not 0), until there are `burst`. */
typedef struct BucketFlow {
        uint64_t rate;
        uint64_t burst;
} BucketFlow;

/* How many ms until something can be taken; 0: now. */
static inline msec_t bucket_wait(uint64_t bucket, BucketFlow flow, msec_t now)
{
        uint64_t t = now * BUCKET_NS_PER_MSEC;
        uint64_t capacity = flow.burst * BUCKET_NS_PER_SEC / flow.rate;

        if (bucket <= t || bucket - t < capacity)
                return 0;
        return (bucket - t - capacity) / BUCKET_NS_PER_MSEC + 1;
}

/* What is left of it when n (up to 2^33) have been taken, though there may not have been so many:
 * who comes next waits for longer. */
static inline uint64_t bucket_without(uint64_t bucket, BucketFlow flow, uint64_t n, msec_t now)
{
        return MAX(bucket, now * BUCKET_NS_PER_MSEC) + n * BUCKET_NS_PER_SEC / flow.rate;
}

/* Takes n if there is anything. False: there is not; nothing is taken. */
static inline bool bucket_take(uint64_t *bucket, BucketFlow flow, uint64_t n, msec_t now)
{
        if (bucket_wait(*bucket, flow, now) > 0)
                return false;
        *bucket = bucket_without(*bucket, flow, n, now);
        return true;
}

static inline bool bucket_take_shared(atomic_uint_fast64_t *bucket, BucketFlow flow, uint64_t n,
                                      msec_t now)
{
        uint64_t before = atomic_load_explicit(bucket, memory_order_relaxed);

        do
                if (bucket_wait(before, flow, now) > 0)
                        return false;
        while (!atomic_compare_exchange_weak_explicit(bucket, &before,
                                                      bucket_without(before, flow, n, now),
                                                      memory_order_relaxed, memory_order_relaxed));
        return true;
}

/* As bucket_without(), for any number of threads: what is left. */
static inline uint64_t bucket_charge_shared(atomic_uint_fast64_t *bucket, BucketFlow flow,
                                            uint64_t n, msec_t now)
{
        uint64_t before = atomic_load_explicit(bucket, memory_order_relaxed), after;

        do
                after = bucket_without(before, flow, n, now);
        while (!atomic_compare_exchange_weak_explicit(bucket, &before, after, memory_order_relaxed,
                                                      memory_order_relaxed));
        return after;
}
