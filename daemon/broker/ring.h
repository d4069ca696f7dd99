/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A queue of items of one size, first in, first out, in one array that grows by doubling.
 *
 * Thread: any (no lock inside: one thread at a time)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct Ring {
        uint8_t *items;
        uint32_t head; /* where the oldest item is */
        uint32_t count;
        uint32_t capacity; /* 0 or a power of two */
        uint32_t item_size;
} Ring;

/* An empty ring. Allocates nothing. */
static inline void ring_init(Ring *ring, uint32_t item_size)
{
        *ring = (Ring){.item_size = item_size};
}

/* Gives the memory back; what the items own is the caller's business. */
void ring_done(Ring *ring);

/* Copies the item to the end. 0 or -ENOMEM (then nothing has changed). */
int ring_push(Ring *ring, const void *item);

/* So many more will find room. 0 or -ENOMEM. */
int ring_reserve(Ring *ring, uint32_t n);

/* The oldest item, valid until the next change; NULL if there is none. */
static inline void *ring_first(const Ring *ring)
{
        return ring->count > 0 ? ring->items + (uint64_t)ring->head * ring->item_size : 0;
}

/* The n-th item, which is there: 0 is the oldest. Valid as long as that. */
static inline void *ring_at(const Ring *ring, uint32_t n)
{
        return ring->items + (uint64_t)((ring->head + n) & (ring->capacity - 1)) * ring->item_size;
}

/* Forgets the oldest item, which is there. Never fails, gives no memory back: a push that follows
 * a pop does not fail either. */
static inline void ring_pop(Ring *ring)
{
        ring->head = (ring->head + 1) & (ring->capacity - 1);
        ring->count--;
}
