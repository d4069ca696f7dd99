/* SPDX-License-Identifier: Apache-2.0 */
/* subscriptions.c: a small chained hash table. */
#include "broker/subscriptions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/macro.h"
#include "util/siphash.h"

/* On average, of a table; before there is one a chain of ONLY_LENGTH does. */
#define CHAIN_LENGTH 2U
#define ONLY_LENGTH  4U
/* Of the array of chains, which then grows by powers of two. */
#define CHAINS_MIN 4U

static uint32_t n_chains(const Subscriptions *subscriptions)
{
        return subscriptions->chains ? subscriptions->n_chains : 1;
}

static Subscription **chain(const Subscriptions *subscriptions, uint32_t i)
{
        return subscriptions->chains ? &subscriptions->chains[i]
                                     : (Subscription **)&subscriptions->only;
}

/* The largest power of two that is not above n, which is above 0. */
static uint32_t base_of(uint32_t n)
{
        return UINT32_C(1) << (31 - __builtin_clz(n));
}

/* Linear hashing: the chains below n - base_of(n) have been split, each into itself and the one so
 * much behind it. So a table grows by one chain at a time, and nobody waits for a large one. */
static uint32_t place_in(uint32_t n, Bytes text)
{
        const uint32_t hash = (uint32_t)hash_bytes(text.data, text.length), base = base_of(n);
        const uint32_t place = hash & (2 * base - 1);

        return place < n ? place : place - base;
}

static uint32_t place_of(const Subscriptions *subscriptions, Bytes text)
{
        return subscriptions->chains ? place_in(subscriptions->n_chains, text) : 0;
}

static Subscription **chain_of(const Subscriptions *subscriptions, Bytes text)
{
        return chain(subscriptions, place_of(subscriptions, text));
}

void subscriptions_done(Subscriptions *subscriptions)
{
        for (uint32_t i = 0; i < n_chains(subscriptions); i++) {
                Subscription *subscription = *chain(subscriptions, i);

                while (subscription) {
                        Subscription *next = subscription->next;

                        free(subscription);
                        subscription = next;
                }
        }
        free(subscriptions->chains);
        *subscriptions = (Subscriptions){0};
}

Subscription *subscriptions_find(const Subscriptions *subscriptions, Bytes text)
{
        Subscription *subscription;

        if (subscriptions->count == 0)
                return NULL;
        subscription = *chain_of(subscriptions, text);
        while (subscription && !bytes_equal(subscription_text(subscription), text))
                subscription = subscription->next;
        return subscription;
}

/* There is room for as many chains as the next power of two says, CHAINS_MIN at least. */
static int make_room(Subscriptions *subscriptions)
{
        const uint32_t n = n_chains(subscriptions);
        Subscription **chains;

        if (subscriptions->chains && (n < CHAINS_MIN || n != base_of(n)))
                return 0;
        chains = reallocarray(subscriptions->chains, MAX(2 * (size_t)n, (size_t)CHAINS_MIN),
                              sizeof(*chains));
        if (!chains)
                return -ENOMEM;
        if (!subscriptions->chains)
                chains[0] = subscriptions->only;
        subscriptions->only = NULL;
        subscriptions->chains = chains;
        subscriptions->n_chains = n;
        return 0;
}

/* One chain more. Without memory for it the chains just become longer. */
static void grow(Subscriptions *subscriptions)
{
        Subscription **from, **to;
        uint32_t n;

        if (make_room(subscriptions) < 0)
                return;
        n = subscriptions->n_chains++;
        from = &subscriptions->chains[n - base_of(n)];
        to = &subscriptions->chains[n];
        while (*from) {
                if (place_of(subscriptions, subscription_text(*from)) == n) {
                        *to = *from;
                        *from = (*from)->next;
                        to = &(*to)->next;
                } else {
                        from = &(*from)->next;
                }
        }
        *to = NULL;
}

static bool is_crowded(const Subscriptions *subscriptions)
{
        return subscriptions->count >= MAX(n_chains(subscriptions) * CHAIN_LENGTH, ONLY_LENGTH);
}

int subscriptions_add(Subscriptions *subscriptions, Bytes text, Subscription **ret_subscription)
{
        Subscription *subscription = malloc(offsetof(Subscription, text) + text.length);
        Subscription **to;

        if (!subscription)
                return -ENOMEM;
        if (is_crowded(subscriptions))
                grow(subscriptions);
        subscription->identifier = SUBSCRIPTION_NO_IDENTIFIER;
        subscription->text_length = (uint16_t)text.length;
        subscription->options = 0;
        memcpy(subscription->text, text.data, text.length);
        to = chain_of(subscriptions, text);
        subscription->next = *to;
        *to = subscription;
        subscriptions->count++;
        subscriptions->n_shared += subscription_is_shared(subscription);
        *ret_subscription = subscription;
        return 0;
}

void subscriptions_remove(Subscriptions *subscriptions, Subscription *subscription)
{
        Subscription **at = chain_of(subscriptions, subscription_text(subscription));

        while (*at != subscription)
                at = &(*at)->next;
        *at = subscription->next;
        subscriptions->count--;
        subscriptions->n_shared -= subscription_is_shared(subscription);
        free(subscription);
        if (subscriptions->count == 0)
                subscriptions_done(subscriptions);
}

uint32_t subscriptions_n_parts(const Subscriptions *subscriptions)
{
        return base_of(n_chains(subscriptions));
}

/* A chain that is split is so into those of the same rest by this power of two. */
Subscription *subscriptions_next_in_part(const Subscriptions *subscriptions, uint32_t part,
                                         uint32_t n_parts, const Subscription *subscription)
{
        uint32_t i = part;

        if (subscription) {
                if (subscription->next)
                        return subscription->next;
                i = place_of(subscriptions, subscription_text(subscription)) + n_parts;
        }
        for (; i < n_chains(subscriptions); i += n_parts)
                if (*chain(subscriptions, i))
                        return *chain(subscriptions, i);
        return NULL;
}

Subscription *subscriptions_next(const Subscriptions *subscriptions,
                                 const Subscription *subscription)
{
        return subscriptions_next_in_part(subscriptions, 0, 1, subscription);
}

Subscription *subscriptions_take(Subscriptions *subscriptions, uint32_t *place)
{
        for (; *place < n_chains(subscriptions); (*place)++) {
                Subscription **first = chain(subscriptions, *place);
                Subscription *subscription = *first;

                if (!subscription)
                        continue;
                *first = subscription->next;
                subscriptions->count--;
                subscriptions->n_shared -= subscription_is_shared(subscription);
                return subscription;
        }
        return NULL;
}
