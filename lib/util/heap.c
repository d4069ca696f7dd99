/* SPDX-License-Identifier: Apache-2.0 */
/* heap.c: sifting. Four children share a cache line, so a level costs one miss and there are half
 * as many levels as in a binary heap. */

#include "util/heap.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "util/macro.h"

#define CHILDREN     4
#define CAPACITY_MIN 16

static inline void put(Heap *heap, uint32_t index, HeapSlot slot)
{
        heap->slots[index] = slot;
        slot.node->index = index;
}

static void sift_up(Heap *heap, uint32_t index, HeapSlot slot)
{
        while (index > 0) {
                uint32_t parent = (index - 1) / CHILDREN;

                if (heap->slots[parent].due <= slot.due)
                        break;
                put(heap, index, heap->slots[parent]);
                index = parent;
        }
        put(heap, index, slot);
}

static uint32_t least_child(const Heap *heap, uint32_t first)
{
        uint32_t least = first, end = MIN(first + CHILDREN, heap->count);

        for (uint32_t child = first + 1; child < end; child++)
                if (heap->slots[child].due < heap->slots[least].due)
                        least = child;
        return least;
}

static void sift_down(Heap *heap, uint32_t index, HeapSlot slot)
{
        for (;;) {
                uint32_t child = index * CHILDREN + 1;

                if (child >= heap->count)
                        break;
                child = least_child(heap, child);
                if (slot.due <= heap->slots[child].due)
                        break;
                put(heap, index, heap->slots[child]);
                index = child;
        }
        put(heap, index, slot);
}

/* Puts the slot where `index` has become free. */
static void settle(Heap *heap, uint32_t index, HeapSlot slot)
{
        if (index > 0 && slot.due < heap->slots[(index - 1) / CHILDREN].due)
                sift_up(heap, index, slot);
        else
                sift_down(heap, index, slot);
}

static int set_capacity(Heap *heap, uint32_t capacity)
{
        HeapSlot *slots = reallocarray(heap->slots, capacity, sizeof(*slots));

        if (!slots)
                return -ENOMEM;
        heap->slots = slots;
        heap->capacity = capacity;
        return 0;
}

void heap_init(Heap *heap)
{
        *heap = (Heap){0};
}

void heap_done(Heap *heap)
{
        for (uint32_t i = 0; i < heap->count; i++)
                heap->slots[i].node->index = HEAP_OUTSIDE;
        free(heap->slots);
        heap_init(heap);
}

int heap_insert(Heap *heap, HeapNode *node, msec_t due)
{
        if (heap_contains(heap, node)) {
                heap_update(heap, node, due);
                return 0;
        }
        if (heap->count == heap->capacity) {
                uint32_t capacity = heap->capacity ? heap->capacity * 2 : CAPACITY_MIN;

                /* Child indices must fit too. */
                if (capacity > UINT32_MAX / CHILDREN / 2 || set_capacity(heap, capacity) < 0)
                        return -ENOMEM;
        }
        node->due = due;
        sift_up(heap, heap->count++, (HeapSlot){due, node});
        return 0;
}

void heap_update(Heap *heap, HeapNode *node, msec_t due)
{
        assert(heap_contains(heap, node));

        node->due = due;
        settle(heap, node->index, (HeapSlot){due, node});
}

void heap_remove(Heap *heap, HeapNode *node)
{
        uint32_t index = node->index;
        HeapSlot last;

        if (!heap_contains(heap, node))
                return;
        node->index = HEAP_OUTSIDE;
        last = heap->slots[--heap->count];
        if (last.node != node)
                settle(heap, index, last);
        if (heap->capacity > CAPACITY_MIN && heap->count < heap->capacity / 8)
                (void)set_capacity(heap, heap->capacity / 2); /* a refusal does no harm */
}
