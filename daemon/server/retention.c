/* SPDX-License-Identifier: Apache-2.0 */

/* Retained messages are kept, unless their authors have as many as they may have. */

#include "server/retention.h"

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

int retention_keep(Shard *shard, Message *message)
{
        RetainedLimits limits;
        RetainedLimit limit;
        int r;

        if (_likely_(!retention_counts(shard->settings)))
                return retained_set(shard->plane->retained, message);
        limits = limits_of(shard->settings);
        r = retained_offer(shard->plane->retained, message, &limits, &limit);
        if (r > 0)
                tell(shard, message, limit);
        return r;
}
