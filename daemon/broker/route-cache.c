/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's memory of topic name -> who takes it: sets of four places, the oldest unused one goes.
 * A topic gets a place when it is asked for again: most topics of retained messages never are.
 */

#include "broker/route-cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/route-match.h"
#include "broker/taker-set.h"
#include "broker/topic-hash.h"

#define WAYS     4U
#define SETS_MIN 16U
#define SETS_MAX 4096U
/* Topics that were asked for once, by their hashes: pairs, the newer one first. */
#define SEEN_PAIRS 4096U
/* All routes of one cache; the last one asked for may be larger than that by itself. */
#define BYTES_MAX (64U << 20)

/* One allocation: takers, groups, identifiers and topic follow. */
typedef struct CacheEntry {
        uint64_t hash;
        RouteStamp stamp;
        Route route;
        size_t size;
        const uint8_t *topic;
        uint32_t topic_length;
        bool hot; /* asked for again since the set's hand went over it */
} CacheEntry;

typedef struct CacheSet {
        uint32_t tags[WAYS]; /* of the hash */
        CacheEntry *entries[WAYS];
        unsigned hand; /* the way where the search for the next victim begins */
} CacheSet;

struct RouteCache {
        Router *router;
        const RouteVersions *versions;
        CacheSet *sets;
        CacheEntry *passing; /* the last route that got no place */
        CacheEntry *last;    /* the last one found: clients publish again where they just did */
        uint32_t *seen;
        size_t n_sets; /* a power of two */
        size_t n_entries;
        size_t bytes;
        size_t hand; /* where the next one goes when there are too many bytes */
        unsigned worker;
        bool merge;
        RouteMatch match;
        TakerSet merged;     /* one taker per session */
        uint32_t *positions; /* in merged, of each taker in match */
        size_t positions_capacity;
};

/* What a new entry has to hold. */
typedef struct RouteSize {
        size_t n_takers, n_identifiers;
} RouteSize;

int route_cache_new(Router *router, unsigned worker, bool merge, RouteCache **ret_cache)
{
        _cleanup_(route_cache_freep) RouteCache *cache = calloc(1, sizeof(*cache));

        if (!cache)
                return -ENOMEM;
        cache->router = router;
        cache->versions = router_versions(router);
        cache->worker = worker;
        cache->merge = merge;
        cache->sets = calloc(SETS_MIN, sizeof(CacheSet));
        cache->seen = calloc(SEEN_PAIRS, 2 * sizeof(*cache->seen));
        if (!cache->sets || !cache->seen)
                return -ENOMEM;
        cache->n_sets = SETS_MIN;
        *ret_cache = TAKE_PTR(cache);
        return 0;
}

static void entry_free(CacheEntry *entry)
{
        for (size_t i = 0; i < entry->route.n_groups; i++)
                share_group_unref(entry->route.groups[i]);
        free(entry);
}

static void cache_drop(RouteCache *cache, CacheSet *set, unsigned way)
{
        CacheEntry *entry = set->entries[way];

        if (!entry)
                return;
        set->entries[way] = NULL;
        set->tags[way] = 0;
        if (cache->last == entry)
                cache->last = NULL;
        cache->n_entries--;
        cache->bytes -= entry->size;
        entry_free(entry);
}

static void cache_drop_all(RouteCache *cache)
{
        for (size_t i = 0; i < cache->n_sets; i++)
                for (unsigned way = 0; way < WAYS; way++)
                        cache_drop(cache, &cache->sets[i], way);
}

void route_cache_set_merge(RouteCache *cache, bool merge)
{
        if (merge == cache->merge)
                return;
        cache->merge = merge;
        cache_drop_all(cache);
}

RouteCache *route_cache_free(RouteCache *cache)
{
        if (!cache)
                return NULL;
        cache_drop_all(cache);
        if (cache->passing)
                entry_free(cache->passing);
        free(cache->seen);
        route_match_done(&cache->match);
        taker_set_done(&cache->merged);
        free(cache->positions);
        free(cache->sets);
        free(cache);
        return NULL;
}

/* The tag and the set use different bits. */
static uint32_t hash_tag(uint64_t hash)
{
        return (uint32_t)(hash >> 32);
}

static CacheSet *cache_set(const RouteCache *cache, uint64_t hash)
{
        return &cache->sets[hash & (cache->n_sets - 1)];
}

static inline Bytes entry_topic(const CacheEntry *entry)
{
        return (Bytes){entry->topic, entry->topic_length};
}

/* The way in which the topic is, or WAYS. */
static inline unsigned set_find(const CacheSet *set, uint64_t hash, Bytes topic)
{
        for (unsigned way = 0; way < WAYS; way++) {
                const CacheEntry *entry = set->entries[way];

                if (set->tags[way] == hash_tag(hash) && entry && entry->hash == hash &&
                    bytes_equal(entry_topic(entry), topic))
                        return way;
        }
        return WAYS;
}

/* A free way, else one that nobody asked for again since the hand last went over it: a scan of
 * topics that are published once takes the places of its like. */
static unsigned set_choose(CacheSet *set)
{
        for (unsigned way = 0; way < WAYS; way++)
                if (!set->entries[way])
                        return way;
        for (;;) {
                unsigned way = set->hand++ % WAYS;

                if (!set->entries[way]->hot)
                        return way;
                set->entries[way]->hot = false;
        }
}

/* Twice the sets. Without memory for them the smaller cache goes on. */
static void cache_grow(RouteCache *cache)
{
        size_t n_sets = cache->n_sets * 2;
        CacheSet *sets = calloc(n_sets, sizeof(CacheSet));

        if (!sets)
                return;
        for (size_t i = 0; i < cache->n_sets; i++)
                for (unsigned way = 0; way < WAYS; way++) {
                        CacheEntry *entry = cache->sets[i].entries[way];
                        CacheSet *set;

                        if (!entry)
                                continue;
                        /* Only this set or its twin: the way is free in both. */
                        set = &sets[entry->hash & (n_sets - 1)];
                        set->entries[way] = entry;
                        set->tags[way] = hash_tag(entry->hash);
                }
        free(cache->sets);
        cache->sets = sets;
        cache->n_sets = n_sets;
}

/* Makes the bytes fit; at least `keep` stays. */
static void cache_shrink(RouteCache *cache, const CacheEntry *keep)
{
        while (cache->bytes > BYTES_MAX && cache->n_entries > 1) {
                CacheSet *set = &cache->sets[cache->hand++ & (cache->n_sets - 1)];

                for (unsigned way = 0; way < WAYS; way++)
                        if (set->entries[way] != keep)
                                cache_drop(cache, set, way);
        }
}

static void cache_insert(RouteCache *cache, CacheEntry *entry, Bytes topic)
{
        CacheSet *set;
        unsigned way;

        if (cache->n_entries >= cache->n_sets * WAYS / 2 && cache->n_sets < SETS_MAX)
                cache_grow(cache);
        set = cache_set(cache, entry->hash);
        way = set_find(set, entry->hash, topic);
        if (way == WAYS)
                way = set_choose(set);
        else
                entry->hot = true;
        cache_drop(cache, set, way);
        set->entries[way] = entry;
        set->tags[way] = hash_tag(entry->hash);
        cache->n_entries++;
        cache->bytes += entry->size;
        cache_shrink(cache, entry);
}

/* The entry and where its arrays are; takers and identifiers are not yet filled in. */
static CacheEntry *entry_new(RouteMatch *match, RouteSize counts, uint64_t hash, Bytes topic,
                             RouteTaker **ret_takers, uint32_t **ret_identifiers)
{
        size_t size = sizeof(CacheEntry) + counts.n_takers * sizeof(RouteTaker) +
                      match->n_groups * sizeof(ShareGroup *) +
                      counts.n_identifiers * sizeof(uint32_t) + topic.length;
        CacheEntry *entry = malloc(size);
        RouteTaker *takers;
        ShareGroup **groups;
        uint32_t *identifiers;
        uint8_t *text;

        if (!entry)
                return NULL;
        takers = (RouteTaker *)(entry + 1);
        groups = (ShareGroup **)(takers + counts.n_takers);
        identifiers = (uint32_t *)(groups + match->n_groups);
        text = (uint8_t *)(identifiers + counts.n_identifiers);
        memcpy(text, topic.data, topic.length);
        if (match->n_groups > 0)
                memcpy(groups, match->groups, match->n_groups * sizeof(ShareGroup *));
        *entry = (CacheEntry){
                .hash = hash,
                .stamp = match->stamp,
                .route = {.workers = match->workers,
                          .n_takers = counts.n_takers,
                          .takers = takers,
                          .n_groups = match->n_groups,
                          .groups = groups},
                .size = size,
                .topic = text,
                .topic_length = (uint32_t)topic.length,
        };
        match->n_groups = 0; /* their references are the entry's now */
        *ret_takers = takers;
        *ret_identifiers = identifiers;
        return entry;
}

/* One taker per subscription. */
static CacheEntry *entry_from_match(RouteCache *cache, uint64_t hash, Bytes topic)
{
        RouteMatch *match = &cache->match;
        RouteSize counts = {.n_takers = match->n_takers};
        uint32_t *identifiers;
        RouteTaker *takers;
        CacheEntry *entry;

        for (size_t i = 0; i < match->n_takers; i++)
                counts.n_identifiers += match->takers[i].identifier != SUBSCRIPTION_NO_IDENTIFIER;
        entry = entry_new(match, counts, hash, topic, &takers, &identifiers);
        for (size_t i = 0; entry && i < match->n_takers; i++) {
                const Taker *taker = &match->takers[i];
                uint16_t n = taker->identifier != SUBSCRIPTION_NO_IDENTIFIER;

                takers[i] = (RouteTaker){taker->session, identifiers, n, taker->options, 0};
                if (n > 0)
                        *identifiers++ = taker->identifier;
        }
        return entry;
}

/*
 * The options of two subscriptions that one session has for the topic. No Local holds only if both
 * say so: the other one alone would bring the session its own message. Retain Handling is of no
 * interest here.
 */
static SubscriptionOptions options_merge(SubscriptionOptions a, SubscriptionOptions b)
{
        uint8_t qos = MAX(subscription_qos(a), subscription_qos(b));

        return (SubscriptionOptions)(qos | (a & b & SUBSCRIPTION_NO_LOCAL) |
                                     ((a | b) & SUBSCRIPTION_RETAIN_AS_PUBLISHED));
}

/* Fills cache->merged and cache->positions; a merged taker's identifier counts its identifiers. */
static int cache_merge(RouteCache *cache)
{
        const RouteMatch *match = &cache->match;

        taker_set_done(&cache->merged);
        if (cache->positions_capacity < match->takers_capacity) {
                free(cache->positions);
                cache->positions_capacity = 0;
                cache->positions = malloc(match->takers_capacity * sizeof(uint32_t));
                if (!cache->positions)
                        return -ENOMEM;
                cache->positions_capacity = match->takers_capacity;
        }
        for (size_t i = 0; i < match->n_takers; i++) {
                Taker taker = match->takers[i];
                uint32_t position = taker_set_find(&cache->merged, taker.session);
                Taker *merged;

                if (position == TAKER_NOT_FOUND) {
                        position = cache->merged.n_takers;
                        taker.identifier = 0;
                        if (taker_set_add(&cache->merged, &taker) < 0)
                                return -ENOMEM;
                }
                merged = &cache->merged.takers[position];
                merged->options = options_merge(merged->options, taker.options);
                merged->identifier += match->takers[i].identifier != SUBSCRIPTION_NO_IDENTIFIER;
                cache->positions[i] = position;
        }
        return 0;
}

/* One taker per session. */
static CacheEntry *entry_from_merged(RouteCache *cache, uint64_t hash, Bytes topic)
{
        RouteMatch *match = &cache->match;
        RouteSize counts = {0};
        uint32_t *identifiers;
        RouteTaker *takers;
        CacheEntry *entry;

        if (cache_merge(cache) < 0)
                return NULL;
        counts.n_takers = cache->merged.n_takers;
        for (uint32_t i = 0; i < cache->merged.n_takers; i++)
                counts.n_identifiers += cache->merged.takers[i].identifier;
        entry = entry_new(match, counts, hash, topic, &takers, &identifiers);
        if (!entry)
                return NULL;
        for (uint32_t i = 0; i < cache->merged.n_takers; i++) {
                const Taker *taker = &cache->merged.takers[i];

                takers[i] = (RouteTaker){taker->session, identifiers, 0, taker->options, 0};
                identifiers += taker->identifier;
        }
        for (size_t i = 0; i < match->n_takers; i++) {
                RouteTaker *taker = &takers[cache->positions[i]];
                uint32_t identifier = match->takers[i].identifier;

                if (identifier != SUBSCRIPTION_NO_IDENTIFIER)
                        ((uint32_t *)taker->identifiers)[taker->n_identifiers++] = identifier;
        }
        return entry;
}

/* Not at the first time: then only that it was asked for is noted. */
static bool cache_admits(RouteCache *cache, uint64_t hash)
{
        uint32_t *seen = &cache->seen[hash % SEEN_PAIRS * 2];

        if (seen[0] == hash_tag(hash) || seen[1] == hash_tag(hash))
                return true;
        seen[1] = seen[0];
        seen[0] = hash_tag(hash);
        return false;
}

/* The route lives until the next one passes. */
static void cache_let_pass(RouteCache *cache, CacheEntry *entry)
{
        if (cache->passing)
                entry_free(cache->passing);
        cache->passing = entry;
}

/* Asks the router and remembers what it says. */
static int cache_miss(RouteCache *cache, uint64_t hash, Bytes topic, const Route **ret_route)
{
        CacheEntry *entry;
        int r;

        r = router_match(cache->router, cache->worker, topic, &cache->match);
        if (r < 0)
                return r;
        if (cache->merge && cache->match.n_filters > 1)
                entry = entry_from_merged(cache, hash, topic);
        else
                entry = entry_from_match(cache, hash, topic);
        route_match_clear(&cache->match);
        if (!entry)
                return -ENOMEM;
        if (cache_admits(cache, hash))
                cache_insert(cache, entry, topic);
        else
                cache_let_pass(cache, entry);
        *ret_route = &entry->route;
        return 0;
}

/* The entry of the topic, current or not; NULL: there is none. */
static inline CacheEntry *cache_find(RouteCache *cache, Bytes topic)
{
        const CacheSet *set;
        uint64_t hash;
        unsigned way;

        if (cache->last && bytes_equal(entry_topic(cache->last), topic))
                return cache->last;
        hash = topic_hash(0, topic);
        set = cache_set(cache, hash);
        way = set_find(set, hash, topic);
        if (way == WAYS)
                return NULL;
        cache->last = set->entries[way];
        return cache->last;
}

int route_cache_match(RouteCache *cache, Bytes topic, const Route **ret_route)
{
        CacheEntry *entry = cache_find(cache, topic);

        if (_unlikely_(!entry))
                return cache_miss(cache, topic_hash(0, topic), topic, ret_route);
        if (_unlikely_(!route_versions_is_current(cache->versions, &entry->stamp)))
                return cache_miss(cache, entry->hash, topic, ret_route);
        entry->hot = true;
        *ret_route = &entry->route;
        return 0;
}

/* --- notes --- */

uint32_t *route_cache_note(RouteCache *cache, Bytes topic)
{
        CacheEntry *entry = cache_find(cache, topic);

        return entry ? &entry->route.note : NULL;
}

static void entry_clear_notes(CacheEntry *entry)
{
        entry->route.note = 0;
        for (size_t i = 0; i < entry->route.n_takers; i++)
                entry->route.takers[i].note = 0;
}

void route_cache_clear_notes(RouteCache *cache)
{
        if (cache->passing)
                entry_clear_notes(cache->passing);
        for (size_t i = 0; i < cache->n_sets; i++)
                for (unsigned way = 0; way < WAYS; way++)
                        if (cache->sets[i].entries[way])
                                entry_clear_notes(cache->sets[i].entries[way]);
}
