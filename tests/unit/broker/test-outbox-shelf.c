/* SPDX-License-Identifier: Apache-2.0 */
/* test-outbox-shelf.c: what goes in comes out, in its order and in little memory. */
#include <glib.h>
#include <malloc.h>

#include "broker/outbox-shelf.h"
#include "broker/persist-format.h"

static OutboxShelf *make_shelf(void)
{
        OutboxShelf *shelf = NULL;

        g_assert_cmpint(outbox_shelf_new(&shelf), ==, 0);
        return shelf;
}

static void push(OutboxShelf *shelf, uint64_t number, uintptr_t tag)
{
        g_assert_cmpint(outbox_shelf_push(shelf, &(OutboxShelved){number, tag}), ==, 0);
}

static void assert_pops(OutboxShelf *shelf, uint64_t number, uintptr_t tag)
{
        OutboxShelved shelved = {};

        g_assert_true(outbox_shelf_pop(shelf, &shelved));
        g_assert_cmphex(shelved.number, ==, number);
        g_assert_cmphex(shelved.tag, ==, tag);
}

/* Where a varint, a sign, the worker or the tag changes. */
static const OutboxShelved corners[] = {
        {1, 1},
        {UINT64_MAX, 2},
        {0, 0},
        {UINT64_MAX / 2, UINTPTR_MAX},
        {UINT64_MAX / 2 + 1, UINTPTR_MAX},
        {PERSIST_WORKERS, 0},
        {PERSIST_WORKERS - 1, 0},
        {31 * PERSIST_WORKERS, 1},
        {15 * PERSIST_WORKERS, 1},
        {31 * PERSIST_WORKERS + 31, 5},
        {UINT64_C(1) << 63, 0x7f},
        {1, 0x80},
};

static void test_corners(void)
{
        _cleanup_(outbox_shelf_freep) OutboxShelf *shelf = make_shelf();
        OutboxShelved shelved;

        for (size_t i = 0; i < G_N_ELEMENTS(corners); i++)
                push(shelf, corners[i].number, corners[i].tag);
        for (size_t i = 0; i < G_N_ELEMENTS(corners); i++)
                assert_pops(shelf, corners[i].number, corners[i].tag);
        g_assert_false(outbox_shelf_pop(shelf, &shelved));
        g_assert_cmpuint(outbox_shelf_count(shelf), ==, 0);
}

static void assert_walk(const OutboxShelf *shelf, const GArray *model)
{
        OutboxShelfCursor cursor = {};
        OutboxShelved shelved;
        guint n = 0;

        while (outbox_shelf_next(shelf, &cursor, &shelved)) {
                g_assert_cmpuint(n, <, model->len);
                g_assert_cmphex(shelved.number, ==, g_array_index(model, OutboxShelved, n).number);
                g_assert_cmphex(shelved.tag, ==, g_array_index(model, OutboxShelved, n).tag);
                n++;
        }
        g_assert_cmpuint(n, ==, model->len);
}

/* Against an array: in and out at random, through many pieces, and empty now and then. */
static void test_model(void)
{
        _cleanup_(outbox_shelf_freep) OutboxShelf *shelf = make_shelf();
        g_autoptr(GArray) model = g_array_new(FALSE, FALSE, sizeof(OutboxShelved));
        uint64_t number = 0;

        for (unsigned round = 0; round < 200; round++) {
                for (int n = g_test_rand_int_range(0, 400); n > 0; n--) {
                        const int bits = g_test_rand_int_range(0, 64);
                        OutboxShelved shelved = {.tag = (uintptr_t)(bits < 60 ? 1 : bits)};

                        number += (uint64_t)g_test_rand_int() << 32 >> (32 + bits % 32) << 5;
                        shelved.number = number | (bits & 3);
                        push(shelf, shelved.number, shelved.tag);
                        g_array_append_val(model, shelved);
                }
                for (int n = g_test_rand_int_range(0, 450); n > 0 && model->len > 0; n--) {
                        const OutboxShelved *first = &g_array_index(model, OutboxShelved, 0);

                        assert_pops(shelf, first->number, first->tag);
                        g_array_remove_index(model, 0);
                }
                g_assert_cmpuint(outbox_shelf_count(shelf), ==, model->len);
                if (round % 16 == 0)
                        assert_walk(shelf, model);
        }
}

/* What a steady stream costs; and that what is taken off is given back. */
static void test_memory(void)
{
        const struct mallinfo2 before = mallinfo2();
        _cleanup_(outbox_shelf_freep) OutboxShelf *shelf = make_shelf();

        if (mallinfo2().uordblks == before.uordblks) {
                g_test_skip("another allocator");
                return;
        }
        for (uint64_t i = 0; i < 100000; i++)
                push(shelf, i * 3 * PERSIST_WORKERS + 2, 1);
        g_assert_cmpuint(mallinfo2().uordblks - before.uordblks, <, 120000);
        for (uint64_t i = 0; i < 100000; i++)
                assert_pops(shelf, i * 3 * PERSIST_WORKERS + 2, 1);
        g_assert_cmpuint(mallinfo2().uordblks - before.uordblks, <, 8192);
}

int main(int argc, char *argv[])
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/outbox-shelf/corners", test_corners);
        g_test_add_func("/broker/outbox-shelf/model", test_model);
        g_test_add_func("/broker/outbox-shelf/memory", test_memory);
        return g_test_run();
}
