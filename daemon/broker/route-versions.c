/* SPDX-License-Identifier: Apache-2.0 */
/* How a cached route learns that subscriptions have changed. */

#include "broker/route-versions.h"

#include "broker/topic-hash.h"
#include "mqtt/topic.h"

static bool is_wildcard(Bytes level)
{
        return level.length == 1 && (level.data[0] == '+' || level.data[0] == '#');
}

static uint16_t counter_of(uint64_t hash)
{
        return (uint16_t)(hash >> (64 - ROUTE_VERSIONS_BITS));
}

void route_versions_bump(RouteVersions *versions, Bytes filter)
{
        TopicLevels levels = topic_levels(filter);
        atomic_uint_least64_t *version = &versions->all;
        uint64_t hash = 0;
        Bytes level;

        for (unsigned n = 0; n < ROUTE_VERSIONS_LEVELS && topic_levels_next(&levels, &level); n++) {
                if (is_wildcard(level))
                        break;
                hash = topic_hash(hash, level);
                version = &versions->counters[counter_of(hash)];
        }
        atomic_fetch_add_explicit(version, 1, memory_order_release);
}

RouteStamp route_versions_stamp(const RouteVersions *versions, Bytes topic)
{
        TopicLevels levels = topic_levels(topic);
        RouteStamp stamp = {0};
        uint64_t hash = 0;
        Bytes level;

        /* A topic of fewer levels counts the counter of its last one again: that does no harm. */
        for (unsigned n = 0; n < ROUTE_VERSIONS_LEVELS; n++) {
                if (topic_levels_next(&levels, &level))
                        hash = topic_hash(hash, level);
                stamp.counters[n] = counter_of(hash);
        }
        stamp.sum = route_versions_sum(versions, &stamp);
        return stamp;
}
