/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is known of a subscription: a copy of one moment, which others than its worker may read.
 *
 * Thread: any (one owner); subscription_facts_new(): worker
 */
#pragma once

#include "server/session-pages.h"

typedef struct Subscription Subscription;

/* Texts are made clean (utf8_clean()). */
typedef struct SubscriptionFacts {
        const char *key;    /* client, SUBSCRIPTION_KEY_GAP, filter */
        const char *client; /* the identifier */
        const char *filter; /* as it was written, `$share/` and all */
        const char *group;  /* "": it is not shared */
        bool connected;
        uint8_t qos, retain_handling;
        bool no_local, retain_as_published;
        uint32_t identifier; /* 0: none */
        char text[];
} SubscriptionFacts;

/* What lies between client and filter in the key. */
#define SUBSCRIPTION_KEY_GAP '\n'

/* Of one allocation, for free(). 0 or -ENOMEM. */
int subscription_facts_new(const PageVisit *visit, const Subscription *subscription,
                           SubscriptionFacts **ret_facts);
