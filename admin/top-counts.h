/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What all clients had sent and received when somebody looked, for the rates of the next look.
 *
 * Thread: any
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "admin/client-list.h"

typedef struct TopTraffic {
        uint64_t messages_received, messages_sent, bytes; /* both ways */
} TopTraffic;

typedef struct TopCount {
        char *client;
        TopTraffic traffic;
} TopCount;

/* Zeroed: empty. */
typedef struct TopCounts {
        TopCount *items;
        size_t n, capacity;
} TopCounts;

void top_counts_done(TopCounts *counts);

/* 0 or -ENOMEM. */
int top_counts_add(TopCounts *counts, const ClientRow *row);
/* Once all are there. */
void top_counts_sort(TopCounts *counts);

/* What the client of the row has done since then; all that it ever did if it was not there, or has
 * connected anew. */
TopTraffic top_counts_since(const TopCounts *counts, const ClientRow *row);
