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

static Subscription **chain_of(const Subscriptions *subscriptions, uint32_t hash)
{
        return chain(subscriptions, hash & (n_chains(subscriptions) - 1));
}

static uint32_t hash_of(Bytes text)
{
        return (uint32_t)hash_bytes(text.data, text.length);
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
        uint32_t hash;
        Subscription *subscription;

        if (subscriptions->count == 0)
                return NULL;
        hash = hash_of(text);
        subscription = *chain_of(subscriptions, hash);
        while (subscription &&
               (subscription->hash != hash || !bytes_equal(subscription_text(subscription), text)))
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
                        Subscription **to = chain_of(&grown, subscription->hash);

                        *old = subscription->next;
                        subscription->next = *to;
                        *to = subscription;
                }
        }
        free(subscriptions->chains);
        *subscriptions = grown;
}

int subscriptions_add(Subscriptions *subscriptions, Bytes text, bool shared,
                      Subscription **ret_subscription)
{
        Subscription *subscription = malloc(offsetof(Subscription, text) + text.length);
        Subscription **to;

        if (!subscription)
                return -ENOMEM;
        if (subscriptions->count >= n_chains(subscriptions) * CHAIN_LENGTH)
                grow(subscriptions);
        subscription->hash = hash_of(text);
        subscription->identifier = SUBSCRIPTION_NO_IDENTIFIER;
        subscription->text_length = (uint16_t)text.length;
        subscription->options = 0;
        subscription->shared = shared;
        memcpy(subscription->text, text.data, text.length);
        to = chain_of(subscriptions, subscription->hash);
        subscription->next = *to;
        *to = subscription;
        subscriptions->count++;
        subscriptions->n_shared += shared;
        *ret_subscription = subscription;
        return 0;
}

void subscriptions_remove(Subscriptions *subscriptions, Subscription *subscription)
{
        Subscription **at = chain_of(subscriptions, subscription->hash);

        while (*at != subscription)
                at = &(*at)->next;
        *at = subscription->next;
        subscriptions->count--;
        subscriptions->n_shared -= subscription->shared;
        free(subscription);
        if (subscriptions->count == 0)
                subscriptions_done(subscriptions);
}

Subscription *subscriptions_next(const Subscriptions *subscriptions,
                                 const Subscription *subscription)
{
        uint32_t i = 0;

        if (subscription) {
                if (subscription->next)
                        return subscription->next;
                i = (subscription->hash & (n_chains(subscriptions) - 1)) + 1;
        }
        for (; i < n_chains(subscriptions); i++)
                if (*chain(subscriptions, i))
                        return *chain(subscriptions, i);
        return NULL;
}
