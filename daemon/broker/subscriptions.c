/* SPDX-License-Identifier: Apache-2.0 */
/* subscriptions.c: a small chained hash table. */
#include "broker/subscriptions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/siphash.h"

#define CHAIN_LENGTH 4U /* on average, before the table grows */

static uint32_t n_chains(const Subscriptions *subscriptions)
{
        return subscriptions->chains ? subscriptions->n_chains : 1;
}

static Subscription **chain(const Subscriptions *subscriptions, uint32_t i)
{
        return subscriptions->chains ? &subscriptions->chains[i]
                                     : (Subscription **)&subscriptions->only;
}

static uint32_t place_of(const Subscriptions *subscriptions, Bytes text)
{
        return subscriptions->chains ? (uint32_t)hash_bytes(text.data, text.length) &
                                               (subscriptions->n_chains - 1)
                                     : 0;
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

/* Without memory for a larger table the chains just become longer. */
static void grow(Subscriptions *subscriptions)
{
        Subscriptions grown = *subscriptions;

        grown.n_chains = n_chains(subscriptions) * 4;
        grown.chains = calloc(grown.n_chains, sizeof(Subscription *));
        if (!grown.chains)
                return;
        grown.only = NULL;
        for (uint32_t i = 0; i < n_chains(subscriptions); i++) {
                Subscription **old = chain(subscriptions, i);

                while (*old) {
                        Subscription *subscription = *old;
                        Subscription **to = chain_of(&grown, subscription_text(subscription));

                        *old = subscription->next;
                        subscription->next = *to;
                        *to = subscription;
                }
        }
        free(subscriptions->chains);
        *subscriptions = grown;
}

int subscriptions_add(Subscriptions *subscriptions, Bytes text, Subscription **ret_subscription)
{
        Subscription *subscription = malloc(offsetof(Subscription, text) + text.length);
        Subscription **to;

        if (!subscription)
                return -ENOMEM;
        if (subscriptions->count >= n_chains(subscriptions) * CHAIN_LENGTH)
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
        return n_chains(subscriptions);
}

/* A table that grows has so many times more chains: one is split into those of the same rest. */
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
