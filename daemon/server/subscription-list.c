/* SPDX-License-Identifier: Apache-2.0 */

/* Which subscriptions are like this. */

#include "server/subscription-list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/session.h"
#include "broker/subscriptions.h"
#include "mqtt/topic.h"
#include "util/glob.h"
#include "util/utf8.h"

/* A subscription is copied before it is looked at (page_charge()). */
#define COST 4U

typedef struct Wanted {
        char *filter, *topic; /* "": any */
} Wanted;

/* By the filter that is asked of the router: a group has its own beside its name. */
static bool takes_topic(const Subscription *subscription, const char *topic)
{
        TopicFilter filter;

        return topic_filter_parse(subscription_text(subscription), &filter) == 0 &&
               topic_matches(filter.filter, bytes_from_string(topic));
}

static int look_at(const Wanted *wanted, PageShare *share, const PageVisit *visit,
                   const Subscription *subscription)
{
        SubscriptionFacts *facts;
        int r;

        page_charge(share, COST);
        if (wanted->topic[0] && !takes_topic(subscription, wanted->topic))
                return 0;
        r = subscription_facts_new(visit, subscription, &facts);
        if (r < 0)
                return r;
        if (page_wants(share, facts->key) &&
            (!wanted->filter[0] || glob_matches(wanted->filter, facts->filter)))
                page_add(share, facts->key, facts);
        else
                free(facts);
        return 0;
}

/* Whether any of its rows can be on the page. 1, 0 or -ENOMEM. */
static int is_on_page(const PageShare *share, const PageVisit *visit)
{
        const size_t length = strlen(visit->id);
        char *prefix = malloc(length + 2);
        int r;

        if (!prefix)
                return -ENOMEM;
        memcpy(prefix, visit->id, length);
        prefix[length] = SUBSCRIPTION_KEY_GAP;
        prefix[length + 1] = 0;
        r = page_wants_prefix(share, prefix);
        free(prefix);
        return r;
}

static int visit_part(const Wanted *wanted, PageShare *share, const PageVisit *visit,
                      const Subscriptions *all)
{
        const Subscription *subscription = NULL;
        int r = 0;

        while (r == 0 && (subscription = subscriptions_next_in_part(all, visit->part,
                                                                    visit->n_parts, subscription)))
                r = look_at(wanted, share, visit, subscription);
        return r;
}

static int visit(const void *filter, PageShare *share, PageVisit *visit)
{
        const Subscriptions *all = session_inside(visit->session).subscriptions;
        int r;

        if (visit->n_parts == 0)
                visit->n_parts = subscriptions_n_parts(all);
        if (all->count == 0)
                return 0;
        r = is_on_page(share, visit);
        if (r <= 0)
                return r;
        while (visit->part < visit->n_parts) {
                r = visit_part(filter, share, visit, all);
                if (r < 0)
                        return r;
                visit->part++;
                if (!page_charge(share, 1) && visit->part < visit->n_parts)
                        return 1;
        }
        return 0;
}

static void wanted_free(void *filter)
{
        Wanted *wanted = filter;

        free(wanted->filter);
        free(wanted->topic);
        free(wanted);
}

static const PageType type = {visit, wanted_free};

static int wanted_new(const SubscriptionFilter *filter, Wanted **ret_wanted)
{
        Wanted *wanted = calloc(1, sizeof(*wanted));

        if (!wanted)
                return -ENOMEM;
        wanted->filter = strdup(filter->filter ? filter->filter : "");
        wanted->topic = strdup(filter->topic ? filter->topic : "");
        if (!wanted->filter || !wanted->topic) {
                wanted_free(wanted);
                return -ENOMEM;
        }
        *ret_wanted = wanted;
        return 0;
}

int subscription_list_new(const SubscriptionFilter *filter, unsigned n_workers, Gather **ret_gather)
{
        const bool is_of_one = filter->client && filter->client[0];
        const PageQuery query = {
                .one = is_of_one ? filter->client : NULL,
                .after = filter->after,
                .max = filter->max,
        };
        const char *topic = filter->topic ? filter->topic : "";
        Wanted *wanted;
        int r;

        if (topic[0] && !topic_name_is_valid(bytes_from_string(topic)))
                return -EINVAL;
        r = wanted_new(filter, &wanted);
        if (r < 0)
                return r;
        r = session_pages_new(&type, wanted, &query, n_workers, ret_gather);
        if (r < 0)
                wanted_free(wanted);
        return r;
}
