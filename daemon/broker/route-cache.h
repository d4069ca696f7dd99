/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A worker's memory of topic name -> who takes it, so that a hot topic costs one hash and one
 * comparison, no lock and no allocation. An entry is used only while the router's versions of the
 * topic's first levels are those that it was made from (route-versions.h); it holds all takers of
 * the own worker, the set of other workers that have any, and the groups of shared subscriptions
 * that match. Whoever asks may leave a note at a topic and at each of its takers.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/router.h"
#include "util/bytes.h"
#include "util/macro.h"

typedef struct RouteCache RouteCache;

typedef struct RouteTaker {
        SessionId session;
        const uint32_t *identifiers; /* lives as long as the route */
        uint16_t n_identifiers;
        SubscriptionOptions options;
        uint32_t note; /* the asker's own; 0 when the route is made */
} RouteTaker;

typedef struct Route {
        uint32_t workers; /* a bit for each worker that has ordinary takers, the own one included */
        uint32_t note;    /* the asker's own; 0 when the route is made */
        size_t n_takers;
        RouteTaker *takers; /* of the own worker only */
        size_t n_groups;
        ShareGroup *const *groups; /* of the whole broker */
} Route;

/*
 * merge (`allow_duplicate_messages false`): a session that matches by several filters is one taker,
 * with the highest QoS, all identifiers, Retain As Published if any of them has it, No Local only
 * if all have it; otherwise one taker per subscription. The router outlives the cache. Bounded:
 * 16,384 topics and 64 MiB (but one route may be larger by itself). 0 or -ENOMEM.
 */
int route_cache_new(Router *router, unsigned worker, bool merge, RouteCache **ret_cache);
RouteCache *route_cache_free(RouteCache *cache);
DEFINE_CLEANUP(RouteCache, route_cache_free)

/* Another answer to the same question; what was remembered is forgotten. */
void route_cache_set_merge(RouteCache *cache, bool merge);

/*
 * Who takes the topic. The route is borrowed until the next call on this cache; subscriptions that
 * change meanwhile do not touch it. 0 or -ENOMEM.
 */
int route_cache_match(RouteCache *cache, Bytes topic, const Route **ret_route);

/* Route.note of a topic that is remembered, else NULL; until the next call on this cache. Does not
 * ask the router, whose changes may have made the route another one meanwhile. */
uint32_t *route_cache_note(RouteCache *cache, Bytes topic);

/* All notes are 0 again, also those of a route that is borrowed. */
void route_cache_clear_notes(RouteCache *cache);
