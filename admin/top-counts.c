/* SPDX-License-Identifier: Apache-2.0 */

/* What all clients had sent and received when somebody looked. */
#include "admin/top-counts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/macro.h"

void top_counts_done(TopCounts *counts)
{
        for (size_t i = 0; i < counts->n; i++)
                free(counts->items[i].client);
        free(counts->items);
        *counts = (TopCounts){};
}

static TopTraffic traffic_of(const ClientRow *row)
{
        return (TopTraffic){
                .messages_received = row->messages_received,
                .messages_sent = row->messages_sent,
                .bytes = row->bytes_received + row->bytes_sent,
        };
}

int top_counts_add(TopCounts *counts, const ClientRow *row)
{
        TopCount item = {.traffic = traffic_of(row)};

        if (counts->n == counts->capacity) {
                const size_t capacity = MAX(2 * counts->capacity, (size_t)64);
                TopCount *items = reallocarray(counts->items, capacity, sizeof(*items));

                if (!items)
                        return -ENOMEM;
                counts->items = items;
                counts->capacity = capacity;
        }
        item.client = strdup(row->client);
        if (!item.client)
                return -ENOMEM;
        counts->items[counts->n++] = item;
        return 0;
}

static int compare(const void *a, const void *b)
{
        return strcmp(((const TopCount *)a)->client, ((const TopCount *)b)->client);
}

void top_counts_sort(TopCounts *counts)
{
        if (counts->n > 0)
                qsort(counts->items, counts->n, sizeof(*counts->items), compare);
}

TopTraffic top_counts_since(const TopCounts *counts, const ClientRow *row)
{
        const TopCount key = {.client = (char *)(uintptr_t)row->client};
        const TopTraffic now = traffic_of(row);
        const TopCount *found = NULL;
        const TopTraffic *then;

        if (counts->n > 0)
                found = bsearch(&key, counts->items, counts->n, sizeof(key), compare);
        if (!found)
                return now;
        then = &found->traffic;
        if (now.messages_received < then->messages_received ||
            now.messages_sent < then->messages_sent || now.bytes < then->bytes)
                return now;
        return (TopTraffic){
                .messages_received = now.messages_received - then->messages_received,
                .messages_sent = now.messages_sent - then->messages_sent,
                .bytes = now.bytes - then->bytes,
        };
}
