/* SPDX-License-Identifier: Apache-2.0 */
/* heap.h: an intrusive min-heap of due times, four children to a node.
 * Thread: any (no lock inside: one thread at a time) */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/clock.h"

#define HEAP_OUTSIDE UINT32_MAX

/* Embed it in what becomes due. Outside a heap `index` is HEAP_OUTSIDE; an all-zero node works too.
 */
typedef struct HeapNode {
        msec_t due;
        uint32_t index;
} HeapNode;

/* The due time is copied beside the pointer: sifting touches one array and not the nodes. */
typedef struct HeapSlot {
        msec_t due;
        HeapNode *node;
} HeapSlot;

typedef struct Heap {
        HeapSlot *slots;
        uint32_t count, capacity;
} Heap;

/* An empty heap (all zero is one too). Allocates nothing. */
void heap_init(Heap *heap);

/* Gives the array back; all nodes are outside afterwards. */
void heap_done(Heap *heap);

static inline void heap_node_init(HeapNode *node)
{
        node->due = MSEC_INFINITY;
        node->index = HEAP_OUTSIDE;
}

/* Is the node in this heap? */
static inline bool heap_contains(const Heap *heap, const HeapNode *node)
{
        return node->index < heap->count && heap->slots[node->index].node == node;
}

/* Puts a node in; if it is in already, the same as heap_update(). Returns 0 or -ENOMEM. */
int heap_insert(Heap *heap, HeapNode *node, msec_t due);

/* Changes the due time of a node that is in the heap. Cannot fail. */
void heap_update(Heap *heap, HeapNode *node, msec_t due);

/* Takes the node out, if it is in. Cannot fail. */
void heap_remove(Heap *heap, HeapNode *node);

/* The node that is due first, NULL if there is none. It stays in. */
static inline HeapNode *heap_peek(const Heap *heap)
{
        return heap->count > 0 ? heap->slots[0].node : NULL;
}

/* The earliest due time, MSEC_INFINITY if there is none. */
static inline msec_t heap_next(const Heap *heap)
{
        return heap->count > 0 ? heap->slots[0].due : MSEC_INFINITY;
}
