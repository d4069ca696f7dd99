/* SPDX-License-Identifier: Apache-2.0 */
/* ring.c: growing a ring. */
#include "broker/ring.h"

#include <errno.h>
#include <string.h>

#include "util/array.h"

#define RING_CAPACITY_MIN 4U
#define RING_CAPACITY_MAX (UINT32_C(1) << 31)

static size_t memory_of(const Ring *ring)
{
        return (size_t)ring->capacity * ring->item_size;
}

void ring_done(Ring *ring)
{
        array_free(ring->items, memory_of(ring));
        ring_init(ring, ring->item_size);
}

/* Large arrays move without being copied; what wraps around is then put behind the rest. */
static int grow(Ring *ring)
{
        uint32_t capacity = ring->capacity ? ring->capacity * 2 : RING_CAPACITY_MIN;
        uint8_t *items;

        if (ring->capacity >= RING_CAPACITY_MAX)
                return -ENOMEM;
        items = array_resize(ring->items, memory_of(ring), (size_t)capacity * ring->item_size);
        if (!items)
                return -ENOMEM;
        memcpy(items + memory_of(ring), items, (size_t)ring->head * ring->item_size);
        ring->items = items;
        ring->capacity = capacity;
        return 0;
}

int ring_reserve(Ring *ring, uint32_t n)
{
        int r = 0;

        while (r == 0 && ring->capacity - ring->count < n)
                r = grow(ring);
        return r;
}

int ring_push(Ring *ring, const void *item)
{
        uint32_t at;

        if (ring->count == ring->capacity) {
                int r = grow(ring);

                if (r < 0)
                        return r;
        }
        at = (ring->head + ring->count) & (ring->capacity - 1);
        memcpy(ring->items + (size_t)at * ring->item_size, item, ring->item_size);
        ring->count++;
        return 0;
}
