/* SPDX-License-Identifier: Apache-2.0 */

/* The addresses that clients come from. */

#include "access/neighbours.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "util/bucket.h"
#include "util/hashmap.h"
#include "util/list.h"
#include "util/siphash.h"

#define STRIPES_N 64U
/* Without a connection, of one stripe; 65,536 in all, some 8 MB. */
#define IDLE_MAX 1024U
/* That many of them are looked at for one that is worth nothing any more, when one is added. */
#define IDLE_LOOK_MAX 4U

/* Of new connections: a site whose power comes back. */
#define BURST_SECONDS 10U

#define SHUT_OUT_FIRST (60U * MSEC_PER_SEC)
#define SHUT_OUT_MAX   (3600U * MSEC_PER_SEC)

struct Neighbour {
        List idle; /* in its stripe, while it has no connection */
        uint64_t hash;
        uint64_t arrivals; /* buckets */
        uint64_t failures;
        msec_t shut_out_until;
        uint32_t shut_out; /* ms the last time; 0: never */
        uint32_t connections;
        struct {
                uint32_t until; /* s; the end of the window that the first one has opened */
                uint32_t count;
        } offences[OFFENCES_N];
        Prefix prefix;
};

typedef struct Stripe {
        _Alignas(64) pthread_mutex_t lock;
        Hashmap map; /* of Neighbour */
        List idle;   /* the longest idle first */
        size_t n_idle;
} Stripe;

struct Neighbours {
        Stripe stripes[STRIPES_N];
};

static bool neighbour_equal(const void *entry, Bytes key)
{
        const Neighbour *neighbour = entry;

        return memcmp(&neighbour->prefix, key.data, sizeof(Prefix)) == 0;
}

int neighbours_new(Neighbours **ret_neighbours)
{
        Neighbours *neighbours = aligned_alloc(_Alignof(Neighbours), sizeof(*neighbours));

        if (!neighbours)
                return -ENOMEM;
        for (unsigned i = 0; i < STRIPES_N; i++) {
                Stripe *stripe = &neighbours->stripes[i];

                pthread_mutex_init(&stripe->lock, NULL);
                hashmap_init(&stripe->map, neighbour_equal);
                list_init(&stripe->idle);
                stripe->n_idle = 0;
        }
        *ret_neighbours = neighbours;
        return 0;
}

Neighbours *neighbours_free(Neighbours *neighbours)
{
        if (!neighbours)
                return NULL;
        for (unsigned i = 0; i < STRIPES_N; i++) {
                Stripe *stripe = &neighbours->stripes[i];
                Neighbour *neighbour;

                hashmap_foreach (&stripe->map, cursor, neighbour)
                        free(neighbour);
                hashmap_done(&stripe->map);
                pthread_mutex_destroy(&stripe->lock);
        }
        free(neighbours);
        return NULL;
}

/* --- a stripe, locked --- */

/* By other bits than those that find the place in the map. */
static Stripe *stripe_of(Neighbours *neighbours, uint64_t hash)
{
        return &neighbours->stripes[hash >> 58 & (STRIPES_N - 1)];
}

static void neighbour_forget(Stripe *stripe, Neighbour *neighbour)
{
        list_remove(&neighbour->idle);
        stripe->n_idle--;
        hashmap_remove_entry(&stripe->map, neighbour->hash, neighbour);
        free(neighbour);
}

static bool has_offended(const Neighbour *neighbour, msec_t now)
{
        for (unsigned i = 0; i < OFFENCES_N; i++)
                if (neighbour->offences[i].until > now / MSEC_PER_SEC)
                        return true;
        return false;
}

/* Whether forgetting it changes nothing for it. */
static bool is_worthless(const Neighbour *neighbour, msec_t now)
{
        return !has_offended(neighbour, now) && neighbour->arrivals <= now * BUCKET_NS_PER_MSEC &&
               neighbour->failures <= now * BUCKET_NS_PER_MSEC &&
               /* it is not forgiven at the first moment */
               neighbour->shut_out_until + neighbour->shut_out <= now;
}

/* The longest idle ones go if they do not matter any more, or if there are too many: then rather
 * one that is not shut out. */
static void stripe_tidy(Stripe *stripe, msec_t now)
{
        Neighbour *first = NULL;
        unsigned looked = 0;

        list_foreach_safe (Neighbour, neighbour, &stripe->idle, idle) {
                if (looked++ == IDLE_LOOK_MAX)
                        break;
                if (is_worthless(neighbour, now))
                        neighbour_forget(stripe, neighbour);
                else if (!first ||
                         (first->shut_out_until > now && neighbour->shut_out_until <= now))
                        first = neighbour;
        }
        if (stripe->n_idle > IDLE_MAX && first)
                neighbour_forget(stripe, first);
}

static Neighbour *stripe_find(const Stripe *stripe, uint64_t hash, const Prefix *prefix)
{
        return hashmap_find(&stripe->map, hash, (Bytes){(const uint8_t *)prefix, sizeof(*prefix)});
}

/* It is idle at first. */
static Neighbour *stripe_add(Stripe *stripe, uint64_t hash, const Prefix *prefix)
{
        Neighbour *neighbour = calloc(1, sizeof(*neighbour));

        if (!neighbour)
                return NULL;
        neighbour->hash = hash;
        neighbour->prefix = *prefix;
        list_init(&neighbour->idle);
        if (hashmap_add(&stripe->map, hash, neighbour) < 0) {
                free(neighbour);
                return NULL;
        }
        list_append(&stripe->idle, &neighbour->idle);
        stripe->n_idle++;
        return neighbour;
}

static void neighbour_count(Stripe *stripe, Neighbour *neighbour)
{
        if (neighbour->connections++ == 0) {
                list_remove(&neighbour->idle);
                stripe->n_idle--;
        }
}

/* The last to be forgotten. */
static void neighbour_idle(Stripe *stripe, Neighbour *neighbour)
{
        list_remove(&neighbour->idle);
        list_append(&stripe->idle, &neighbour->idle);
}

/* --- decide --- */

static Refusal neighbour_judge(Neighbour *neighbour, const NeighbourLimits *limits, msec_t now)
{
        const BucketFlow flow = {limits->rate, (uint64_t)limits->rate * BURST_SECONDS};

        if (_unlikely_(limits->failed_logins > 0 && neighbour->shut_out_until > now))
                return REFUSAL_ADDRESS_LOGINS;
        if (limits->connections >= 0 && neighbour->connections >= (unsigned)limits->connections)
                return REFUSAL_ADDRESS_CONNECTIONS;
        if (limits->rate > 0 && !bucket_take(&neighbour->arrivals, flow, 1, now))
                return REFUSAL_ADDRESS_RATE;
        return REFUSAL_NONE;
}

/* limits NULL: there are none. */
static Refusal enter(Stripe *stripe, uint64_t hash, const Prefix *prefix,
                     const NeighbourLimits *limits, msec_t now, Neighbour **ret_neighbour)
{
        Neighbour *neighbour = stripe_find(stripe, hash, prefix);
        Refusal refusal;

        if (!neighbour) {
                stripe_tidy(stripe, now);
                neighbour = stripe_add(stripe, hash, prefix);
        }
        *ret_neighbour = NULL;
        if (!neighbour)
                return REFUSAL_NONE;
        refusal = limits ? neighbour_judge(neighbour, limits, now) : REFUSAL_NONE;
        if (refusal == REFUSAL_NONE) {
                neighbour_count(stripe, neighbour);
                *ret_neighbour = neighbour;
        } else if (neighbour->connections == 0) {
                neighbour_idle(stripe, neighbour);
        }
        return refusal;
}

static Refusal lock_and_enter(Neighbours *neighbours, const Prefix *prefix,
                              const NeighbourLimits *limits, msec_t now, Neighbour **ret_neighbour)
{
        const uint64_t hash = hash_bytes(prefix, sizeof(*prefix));
        Stripe *stripe = stripe_of(neighbours, hash);
        Refusal refusal;

        pthread_mutex_lock(&stripe->lock);
        refusal = enter(stripe, hash, prefix, limits, now, ret_neighbour);
        pthread_mutex_unlock(&stripe->lock);
        return refusal;
}

Refusal neighbours_enter(Neighbours *neighbours, const NeighbourLimits *limits,
                         const struct sockaddr *address, msec_t now, Neighbour **ret_neighbour)
{
        Prefix prefix;

        *ret_neighbour = NULL;
        if (!prefix_of_address(address, limits->ipv4_length, limits->ipv6_length, &prefix))
                return REFUSAL_NONE;
        return lock_and_enter(neighbours, &prefix, limits, now, ret_neighbour);
}

Neighbour *neighbours_return(Neighbours *neighbours, const NeighbourLimits *limits,
                             const struct sockaddr *address, msec_t now)
{
        Neighbour *neighbour = NULL;
        Prefix prefix;

        if (prefix_of_address(address, limits->ipv4_length, limits->ipv6_length, &prefix))
                lock_and_enter(neighbours, &prefix, NULL, now, &neighbour);
        return neighbour;
}

void neighbours_leave(Neighbours *neighbours, Neighbour *neighbour)
{
        Stripe *stripe;

        if (!neighbour)
                return;
        stripe = stripe_of(neighbours, neighbour->hash);
        pthread_mutex_lock(&stripe->lock);
        if (--neighbour->connections == 0) {
                list_append(&stripe->idle, &neighbour->idle);
                stripe->n_idle++;
        }
        pthread_mutex_unlock(&stripe->lock);
}

/* Twice as long as the last time, unless that is long past. */
static msec_t shut_out(Neighbour *neighbour, msec_t now)
{
        msec_t time = SHUT_OUT_FIRST;

        if (neighbour->shut_out > 0 && now < neighbour->shut_out_until + SHUT_OUT_MAX)
                time = MIN((msec_t)neighbour->shut_out * 2, (msec_t)SHUT_OUT_MAX);
        neighbour->shut_out = (uint32_t)time;
        neighbour->shut_out_until = now + time;
        neighbour->failures = 0;
        return time;
}

msec_t neighbours_failed_login(Neighbours *neighbours, const NeighbourLimits *limits,
                               Neighbour *neighbour, msec_t now)
{
        Stripe *stripe;
        msec_t time = 0;

        if (!neighbour || limits->failed_logins == 0)
                return 0;
        stripe = stripe_of(neighbours, neighbour->hash);
        pthread_mutex_lock(&stripe->lock);
        /* What are that many a minute, in sixtieths a second. */
        if (neighbour->shut_out_until <= now &&
            !bucket_take(&neighbour->failures,
                         (BucketFlow){limits->failed_logins, limits->failed_logins * 60ULL}, 60,
                         now))
                time = shut_out(neighbour, now);
        pthread_mutex_unlock(&stripe->lock);
        return time;
}

static bool offend(Neighbour *neighbour, Offence offence, OffenceLimit limit, msec_t now)
{
        const uint32_t second = (uint32_t)(now / MSEC_PER_SEC);
        uint32_t *until = &neighbour->offences[offence].until;
        uint32_t *count = &neighbour->offences[offence].count;

        /* The window may be shorter than it was when the first one opened it. */
        if (*until <= second || *until > second + limit.window) {
                *until = second + limit.window;
                *count = 0;
        }
        if (++*count < limit.count)
                return false;
        *until = *count = 0;
        return true;
}

bool neighbours_offend(Neighbours *neighbours, const Prefix *prefix, Offence offence,
                       OffenceLimit limit, msec_t now)
{
        const uint64_t hash = hash_bytes(prefix, sizeof(*prefix));
        Stripe *stripe = stripe_of(neighbours, hash);
        Neighbour *neighbour;
        bool exceeds = false;

        pthread_mutex_lock(&stripe->lock);
        neighbour = stripe_find(stripe, hash, prefix);
        if (!neighbour) {
                stripe_tidy(stripe, now);
                neighbour = stripe_add(stripe, hash, prefix);
        }
        if (neighbour)
                exceeds = offend(neighbour, offence, limit, now);
        pthread_mutex_unlock(&stripe->lock);
        return exceeds;
}

Prefix neighbour_prefix(const Neighbour *neighbour)
{
        return neighbour->prefix;
}

size_t neighbours_count(Neighbours *neighbours)
{
        size_t n = 0;

        for (unsigned i = 0; i < STRIPES_N; i++) {
                Stripe *stripe = &neighbours->stripes[i];

                pthread_mutex_lock(&stripe->lock);
                n += stripe->map.count;
                pthread_mutex_unlock(&stripe->lock);
        }
        return n;
}
