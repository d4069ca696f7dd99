/* SPDX-License-Identifier: Apache-2.0 */

/* Subscriptions of sessions that have ended. */
#include "broker/leavers.h"

#include <limits.h>
#include <stdlib.h>

#include "mqtt/topic.h"

/* So few go at once. */
#define FEW 128U

typedef struct Leaver {
        List link;
        SessionId id;
        Subscriptions subscriptions;
        uint32_t place; /* of subscriptions_take() */
} Leaver;

void leavers_init(Leavers *leavers)
{
        list_init(&leavers->all);
}

void leavers_done(Leavers *leavers, Router *router)
{
        leavers_take_back(leavers, router, UINT_MAX);
}

static void take_back(Router *router, SessionId id, const Subscription *subscription)
{
        TopicFilter filter;

        if (topic_filter_parse(subscription_text(subscription), &filter) == 0)
                router_unsubscribe(router, id, &filter);
}

static void take_back_shared(Router *router, SessionId id, const Subscriptions *subscriptions)
{
        const Subscription *subscription = NULL;

        if (subscriptions->n_shared == 0)
                return;
        while ((subscription = subscriptions_next(subscriptions, subscription)))
                if (subscription_is_shared(subscription))
                        take_back(router, id, subscription);
}

static void take_back_all(Router *router, SessionId id, Subscriptions *subscriptions)
{
        const Subscription *subscription = NULL;

        while ((subscription = subscriptions_next(subscriptions, subscription)))
                take_back(router, id, subscription);
        subscriptions_done(subscriptions);
}

void leavers_add(Leavers *leavers, Router *router, SessionId id, Subscriptions *subscriptions)
{
        Leaver *leaver = subscriptions->count > FEW ? malloc(sizeof(*leaver)) : NULL;

        if (!leaver) {
                take_back_all(router, id, subscriptions);
                return;
        }
        take_back_shared(router, id, subscriptions);
        *leaver = (Leaver){.id = id, .subscriptions = *subscriptions};
        *subscriptions = (Subscriptions){};
        list_append(&leavers->all, &leaver->link);
}

/* False: that was the last one, and the leaver is gone. */
static bool take_back_next(Leaver *leaver, Router *router)
{
        _cleanup_free_ Subscription *next =
                subscriptions_take(&leaver->subscriptions, &leaver->place);

        if (!next) {
                list_remove(&leaver->link);
                subscriptions_done(&leaver->subscriptions);
                free(leaver);
                return false;
        }
        if (!subscription_is_shared(next))
                take_back(router, leaver->id, next);
        return true;
}

unsigned leavers_take_back(Leavers *leavers, Router *router, unsigned n)
{
        unsigned done = 0;
        Leaver *leaver;

        while (done < n && (leaver = list_first_entry(&leavers->all, Leaver, link)))
                done += take_back_next(leaver, router);
        return done;
}
