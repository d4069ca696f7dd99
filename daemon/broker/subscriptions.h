/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The subscriptions of one session, by their topic filter as it was written (`$share/...`
 * included): what UNSUBSCRIBE compares [MQTT-3.10.4-1], and what must leave the router with the
 * session. Most sessions have one, so the first chain of the hash table is part of the struct.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/subscription.h"
#include "util/bytes.h"

/* A broker holds millions: what the text says is not said again. */
typedef struct Subscription {
        struct Subscription *next; /* in its chain */
        uint32_t identifier;
        uint16_t text_length;
        SubscriptionOptions options;
        uint8_t text[];
} Subscription;

typedef struct Subscriptions {
        Subscription **chains; /* NULL: there is but one, `only` */
        Subscription *only;
        uint32_t n_chains; /* 0 with `only` */
        uint32_t count;
        uint32_t n_shared;
} Subscriptions;

/* All zero is an empty set, without memory. */
void subscriptions_done(Subscriptions *subscriptions);

Subscription *subscriptions_find(const Subscriptions *subscriptions, Bytes text);

/* Adds one whose text (copied, a valid filter) is not there yet; the caller sets identifier and
 * options. 0 or -ENOMEM. */
int subscriptions_add(Subscriptions *subscriptions, Bytes text, Subscription **ret_subscription);

/* Takes it out and frees it. */
void subscriptions_remove(Subscriptions *subscriptions, Subscription *subscription);

/* Takes any of them out, which is the caller's to free; NULL: there are none. To empty the set
 * piece by piece: *place, 0 at first, is kept from call to call, and none may be added. */
Subscription *subscriptions_take(Subscriptions *subscriptions, uint32_t *place);

/* A walk over all in no order, begun with NULL; NULL at the end. None may come or go meanwhile. */
Subscription *subscriptions_next(const Subscriptions *subscriptions,
                                 const Subscription *subscription);

/*
 * A walk that may be interrupted: all are in so many parts at its beginning, and each of them that
 * stays is in the same one of these parts whatever else comes and goes. Within a part as
 * subscriptions_next().
 */
uint32_t subscriptions_n_parts(const Subscriptions *subscriptions);
Subscription *subscriptions_next_in_part(const Subscriptions *subscriptions, uint32_t part,
                                         uint32_t n_parts, const Subscription *subscription);

static inline Bytes subscription_text(const Subscription *subscription)
{
        return (Bytes){subscription->text, subscription->text_length};
}

static inline bool subscription_is_shared(const Subscription *subscription)
{
        return bytes_has_prefix(subscription_text(subscription), BYTES_LITERAL("$share/"));
}
