/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How a cached route learns that subscriptions have changed: counters that only grow. A filter
 * counts up the one of its literal levels before the first wildcard (at most four of them), a
 * filter that starts with a wildcard the one of all topics. A topic is concerned by the counters of
 * its first one, two, three and four levels and the one of all: while their sum is what it was,
 * none of them has changed. So clients that come and go with `devices/17/commands` do not
 * invalidate the routes of all other devices.
 *
 * Several beginnings may share a counter: that costs a miss now and then, never a stale route.
 *
 * Thread: bump: under the router's write lock; all else: any
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/bytes.h"

#define ROUTE_VERSIONS_BITS   10
#define ROUTE_VERSIONS_LEVELS 4

typedef struct RouteVersions RouteVersions;

struct RouteVersions {
        atomic_uint_least64_t all;
        atomic_uint_least64_t counters[1 << ROUTE_VERSIONS_BITS];
};

/* What a route was made from. */
typedef struct RouteStamp {
        uint64_t sum;
        uint16_t counters[ROUTE_VERSIONS_LEVELS]; /* which ones concern the topic */
} RouteStamp;

/* The subscriptions of this filter (without `$share/name/`) have changed. */
void route_versions_bump(RouteVersions *versions, Bytes filter);

/* The stamp of the topic now: taken before the route is computed, under the router's lock. */
RouteStamp route_versions_stamp(const RouteVersions *versions, Bytes topic);

static inline uint64_t route_versions_sum(const RouteVersions *versions, const RouteStamp *stamp)
{
        uint64_t sum = atomic_load_explicit(&versions->all, memory_order_acquire);

        for (unsigned i = 0; i < ROUTE_VERSIONS_LEVELS; i++)
                sum += atomic_load_explicit(&versions->counters[stamp->counters[i]],
                                            memory_order_acquire);
        return sum;
}

static inline bool route_versions_is_current(const RouteVersions *versions, const RouteStamp *stamp)
{
        return route_versions_sum(versions, stamp) == stamp->sum;
}
