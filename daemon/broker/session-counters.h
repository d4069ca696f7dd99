/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the sessions of one worker add up to.
 *
 * Thread: worker writes; any may read
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>

typedef struct SessionsCounters {
        atomic_size_t sessions;         /* all */
        atomic_size_t away;             /* those without a connection */
        atomic_size_t expired;          /* ended by their expiry interval or the broker's limit */
        atomic_size_t dropped;          /* messages that a full queue or an away QoS 0 taker lost */
        atomic_size_t expired_messages; /* passed over by Message Expiry */
        atomic_size_t queued;           /* messages that wait or are in flight */
        atomic_size_t queued_bytes;
} SessionsCounters;

/* With one writer a load and a store do: no locked instruction. */
static inline void counter_add(atomic_size_t *counter, size_t n)
{
        atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                              memory_order_relaxed);
}

static inline void counter_subtract(atomic_size_t *counter, size_t n)
{
        counter_add(counter, (size_t)0 - n);
}
