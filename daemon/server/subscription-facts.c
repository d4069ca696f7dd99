/* SPDX-License-Identifier: Apache-2.0 */

/* What is known of a subscription. */

#include "server/subscription-facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/session.h"
#include "broker/subscriptions.h"
#include "mqtt/topic.h"
#include "util/utf8.h"

static void set_options(SubscriptionFacts *facts, SubscriptionOptions options)
{
        facts->qos = subscription_qos(options);
        facts->retain_handling = subscription_retain_handling(options);
        facts->no_local = options & SUBSCRIPTION_NO_LOCAL;
        facts->retain_as_published = options & SUBSCRIPTION_RETAIN_AS_PUBLISHED;
}

int subscription_facts_new(const PageVisit *visit, const Subscription *subscription,
                           SubscriptionFacts **ret_facts)
{
        const Bytes id = bytes_from_string(visit->id), text = subscription_text(subscription);
        SubscriptionFacts *facts;
        TopicFilter filter = {};
        char *at;

        (void)topic_filter_parse(text, &filter); /* it was valid when it came */
        facts = calloc(1, sizeof(*facts) + 2 * id.length + text.length + filter.group.length + 4);
        if (!facts)
                return -ENOMEM;
        at = facts->text;
        facts->client = utf8_put_clean(&at, id);
        facts->group = utf8_put_clean(&at, filter.group);
        facts->key = utf8_put_clean(&at, id);
        at[-1] = SUBSCRIPTION_KEY_GAP;
        facts->filter = utf8_put_clean(&at, text);
        facts->connected = session_is_attached(visit->session);
        facts->identifier = subscription->identifier;
        set_options(facts, subscription->options);
        *ret_facts = facts;
        return 0;
}
