/* SPDX-License-Identifier: Apache-2.0 */
/* test-heap.c: the order of due times, against a plain array. */

#include <glib.h>

#include "util/heap.h"
#include "util/macro.h"

#define N_NODES 300

static void check_invariants(const Heap *heap)
{
        for (uint32_t i = 0; i < heap->count; i++) {
                g_assert_cmpuint(heap->slots[i].node->index, ==, i);
                g_assert_cmpuint(heap->slots[i].node->due, ==, heap->slots[i].due);
                if (i > 0)
                        g_assert_cmpuint(heap->slots[(i - 1) / 4].due, <=, heap->slots[i].due);
        }
}

static void test_empty(void)
{
        Heap heap;
        HeapNode node, zero = {0};

        heap_init(&heap);
        heap_node_init(&node);
        g_assert_null(heap_peek(&heap));
        g_assert_cmpuint(heap_next(&heap), ==, MSEC_INFINITY);
        g_assert_false(heap_contains(&heap, &node));
        g_assert_false(heap_contains(&heap, &zero));
        heap_remove(&heap, &node);
        heap_remove(&heap, &zero);
        g_assert_null(heap.slots);
        heap_done(&heap);
}

static void test_order(void)
{
        static const msec_t dues[] = {50, 10, 40, 10, 90, 0, 70, 20, MSEC_INFINITY, 60};
        HeapNode nodes[ARRAY_SIZE(dues)] = {0};
        msec_t last = 0;
        Heap heap;

        heap_init(&heap);
        for (size_t i = 0; i < ARRAY_SIZE(dues); i++)
                g_assert_cmpint(heap_insert(&heap, &nodes[i], dues[i]), ==, 0);
        for (size_t i = 0; i < ARRAY_SIZE(dues); i++) {
                HeapNode *node = heap_peek(&heap);

                g_assert_cmpuint(node->due, >=, last);
                last = node->due;
                heap_remove(&heap, node);
                g_assert_false(heap_contains(&heap, node));
        }
        g_assert_cmpuint(last, ==, MSEC_INFINITY);
        heap_done(&heap);
}

static msec_t model_next(const msec_t *dues)
{
        msec_t next = MSEC_INFINITY;

        for (size_t i = 0; i < N_NODES; i++)
                next = MIN(next, dues[i]);
        return next;
}

/* dues: MSEC_INFINITY where the node is outside. */
static void model_step(GRand *rand, Heap *heap, HeapNode *nodes, msec_t *dues)
{
        int i = g_rand_int_range(rand, 0, N_NODES);
        msec_t due = (msec_t)g_rand_int_range(rand, 0, 1000);

        g_assert_cmpint(heap_contains(heap, &nodes[i]), ==, dues[i] != MSEC_INFINITY);
        if (dues[i] == MSEC_INFINITY) {
                g_assert_cmpint(heap_insert(heap, &nodes[i], due), ==, 0);
                dues[i] = due;
        } else if (g_rand_int_range(rand, 0, 5) < 3) {
                heap_remove(heap, &nodes[i]);
                dues[i] = MSEC_INFINITY;
        } else {
                heap_update(heap, &nodes[i], due);
                dues[i] = due;
        }
        g_assert_cmpuint(heap_next(heap), ==, model_next(dues));
}

static void test_model(void)
{
        GRand *rand = g_rand_new_with_seed(2);
        HeapNode nodes[N_NODES];
        msec_t dues[N_NODES];
        Heap heap = {0};

        for (size_t i = 0; i < N_NODES; i++) {
                heap_node_init(&nodes[i]);
                dues[i] = MSEC_INFINITY;
        }
        for (int step = 0; step < 10000; step++) {
                model_step(rand, &heap, nodes, dues);
                if (step % 64 == 0)
                        check_invariants(&heap);
        }
        heap_done(&heap);
        g_rand_free(rand);
}

static void test_insert_twice(void)
{
        HeapNode node = {0};
        Heap heap = {0};

        g_assert_cmpint(heap_insert(&heap, &node, 5), ==, 0);
        g_assert_cmpint(heap_insert(&heap, &node, 9), ==, 0);
        g_assert_cmpuint(heap.count, ==, 1);
        g_assert_cmpuint(heap_next(&heap), ==, 9);
        heap_done(&heap);
        g_assert_cmpuint(node.index, ==, HEAP_OUTSIDE);
}

static void test_shrink(void)
{
        static HeapNode nodes[4096];
        Heap heap = {0};

        for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
                g_assert_cmpint(heap_insert(&heap, &nodes[i], i), ==, 0);
        while (heap.count > 8)
                heap_remove(&heap, heap_peek(&heap));
        g_assert_cmpuint(heap.capacity, <=, 128);
        g_assert_cmpuint(heap_next(&heap), ==, 4088);
        check_invariants(&heap);
        heap_done(&heap);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/heap/empty", test_empty);
        g_test_add_func("/util/heap/earliest-first", test_order);
        g_test_add_func("/util/heap/agrees-with-a-model", test_model);
        g_test_add_func("/util/heap/insert-twice-is-update", test_insert_twice);
        g_test_add_func("/util/heap/gives-memory-back", test_shrink);
        return g_test_run();
}
