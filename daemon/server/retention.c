/* SPDX-License-Identifier: Apache-2.0 */

/* Retained messages are kept, unless their authors have as many as they may have. */

#include "server/retention.h"

#include <errno.h>

#include "server/shard-store.h"

bool retention_counts(const Settings *settings)
{
        return settings->client_max_retained >= 0 || settings->client_max_retained_bytes > 0 ||
               settings->user_max_retained >= 0 || settings->user_max_retained_bytes > 0;
}

/* As the settings write it: -1 is none of a number, 0 of bytes. */
static RetainedLimits limits_of(const Settings *settings)
{
        const uint64_t client_bytes = settings->client_max_retained_bytes;
        const uint64_t user_bytes = settings->user_max_retained_bytes;

        return (RetainedLimits){
                .client_messages = (uint64_t)(int64_t)settings->client_max_retained,
                .client_bytes = client_bytes > 0 ? client_bytes : UINT64_MAX,
                .user_messages = (uint64_t)(int64_t)settings->user_max_retained,
                .user_bytes = user_bytes > 0 ? user_bytes : UINT64_MAX,
        };
}

static void tell(Shard *shard, const Message *message, RetainedLimit limit)
{
        const Excess excess = (Excess)(EXCESS_CLIENT_RETAINED + limit);
        MessageAuthor author = {};

        counters_add(shard->counters.retained_refused, 1);
        if (!excesses_note(&shard->excesses, excess))
                return;
        message_author(message, &author);
        excesses_tell(excess, author.client_id, author.username, NULL);
}

/* What the broker says of itself is new with each start. */
static bool is_of_the_broker(const Message *message)
{
        return bytes_has_prefix(message_topic(message), bytes_from_string("$SYS/"));
}

static int keep(Shard *shard, Message *message, const RetainedLimits *limits,
                RetainedLimit *ret_limit)
{
        Retained *retained = shard->plane->retained;
        Change *change;

        if (_likely_(!shard->store) || is_of_the_broker(message))
                return retained_offer(retained, message, limits, ret_limit);
        change = shard_store_retained(shard, message);
        return change ? retained_keep(retained, message, limits, ret_limit, change) : -ENOMEM;
}

int retention_keep(Shard *shard, Message *message)
{
        RetainedLimits limits;
        RetainedLimit limit;
        int r;

        if (_likely_(!retention_counts(shard->settings)))
                return keep(shard, message, NULL, NULL);
        limits = limits_of(shard->settings);
        r = keep(shard, message, &limits, &limit);
        if (r > 0)
                tell(shard, message, limit);
        return r;
}
