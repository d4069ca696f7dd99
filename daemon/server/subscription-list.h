/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The question to all workers, which subscriptions are like this: of one client, or to filters, or
 * those that a message to a topic would go by. Rows of session-pages.h, in the order of client
 * identifiers, those of one client in the order of their filters.
 *
 * Thread: control
 */
#pragma once

#include "server/subscription-facts.h"

typedef struct SubscriptionFilter {
        const char *client; /* of this one, whose identifier it is; NULL or "": of all */
        const char *filter; /* a pattern (glob.h) of the filter as it was written; "": any */
        const char *topic;  /* matches this topic name; "": any */
        const char *after;  /* as of a PageQuery */
        uint32_t max;
} SubscriptionFilter;

/* The filter is copied; rows are SubscriptionFacts, session_pages_has_one() tells of the client. 0;
 * -EINVAL: that is no topic name; -ENOMEM or -errno. */
int subscription_list_new(const SubscriptionFilter *filter, unsigned n_workers,
                          Gather **ret_gather);
