/* SPDX-License-Identifier: Apache-2.0 */

/* The subscriptions of clients in messages of the bus. */

#include "control/subscription-bus.h"

#include <errno.h>

#include "control/page-bus.h"
#include "control/session-bus.h"
#include "server/subscription-list.h"

static int append_row(sd_bus_message *reply, const void *row)
{
        const SubscriptionFacts *facts = row;

        return sd_bus_message_append(reply, SUBSCRIPTION_ROW_TYPE, facts->client, facts->filter,
                                     facts->group, (int)facts->connected, (uint32_t)facts->qos,
                                     (uint32_t)facts->retain_handling, (int)facts->no_local,
                                     (int)facts->retain_as_published, facts->identifier);
}

static int answer_all(sd_bus_message *call, Gather *gather, sd_bus_error *error)
{
        return page_bus_answer(call, gather, SUBSCRIPTION_ROW_TYPE, append_row);
}

static int answer_one(sd_bus_message *call, Gather *gather, sd_bus_error *error)
{
        return session_pages_has_one(gather) ? answer_all(call, gather, error)
                                             : session_bus_set_none(error);
}

static int check_lengths(const SubscriptionFilter *filter, sd_bus_error *error)
{
        int r;

        r = page_bus_check_length("filter", filter->filter, error);
        if (r == 0)
                r = page_bus_check_length("topic", filter->topic, error);
        return r;
}

int subscription_bus_list(sd_bus_message *call, void *data, sd_bus_error *error)
{
        Manager *manager = data;
        SubscriptionFilter filter;
        Gather *gather;
        int r;

        r = sd_bus_message_read(call, "ssssu", &filter.client, &filter.filter, &filter.topic,
                                &filter.after, &filter.max);
        if (r >= 0)
                r = check_lengths(&filter, error);
        if (r >= 0)
                r = gathering_admit(&manager->gatherings, call, error);
        if (r < 0)
                return r;
        r = subscription_list_new(&filter, server_n_workers(manager->server), &gather);
        if (r == -EINVAL)
                return sd_bus_error_setf(error, "org.hawker.Error.InvalidTopic",
                                         "'%.256s' is no topic: a message goes to one, without + "
                                         "and #; the argument 'filter' finds subscriptions to "
                                         "filters",
                                         filter.topic);
        return r < 0 ? r
                     : gathering_start(&manager->gatherings, call, gather,
                                       filter.client[0] ? answer_one : answer_all);
}
