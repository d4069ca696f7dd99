/* SPDX-License-Identifier: Apache-2.0 */
/* test-pending.c: what comes to the tables is what would have come if all had been done at once. */

#include <string.h>

#include "store-fixture.h"
#include "store/change.h"
#include "store/pending.h"

typedef struct Stage {
        Fixture fixture;
        Horizon horizon;
        Pending *pending;
} Stage;

static void stage_init(Stage *stage)
{
        fixture_init(&stage->fixture, false);
        put_one(stage->fixture.store, TABLE_LOG, "m", "old");
        g_assert_cmpint(horizon_read(&stage->horizon, stage->fixture.store, N_TABLES), ==, 0);
        stage->pending = pending_new(0);
        g_assert_nonnull(stage->pending);
}

static void stage_done(Stage *stage)
{
        pending_free(stage->pending);
        fixture_done(&stage->fixture);
}

static void do_one(Stage *stage, ChangeKind kind, unsigned table, const char *key,
                   const char *value)
{
        ChangeItem item = {kind, table, text(key), text(value)};
        g_autofree uint8_t *bytes = g_malloc(change_item_size(&item));

        change_item_write(&item, bytes);
        g_assert_cmpint(pending_stage(stage->pending, (Bytes){bytes, change_item_size(&item)}), ==,
                        0);
        pending_commit(stage->pending, &stage->horizon);
}

/* Returns the number of steps. */
static unsigned apply(Stage *stage, size_t bytes)
{
        unsigned steps = 0;
        int r = 1;

        g_assert_cmpint(pending_rewind(stage->pending), ==, 0);
        while (r > 0) {
                StoreTxn *txn;

                g_assert_cmpint(store_begin_write(stage->fixture.store, &txn), ==, 0);
                r = pending_apply(stage->pending, txn, bytes);
                g_assert_cmpint(r, >=, 0);
                g_assert_cmpint(store_commit(txn), ==, 0);
                steps++;
        }
        return steps;
}

static void assert_value(const Stage *stage, const char *key, const char *expected)
{
        g_autofree char *value = get_one(stage->fixture.store, TABLE_LOG, key);

        g_assert_cmpstr(value, ==, expected);
}

static void test_what_came_and_went_is_not_there(void)
{
        Stage stage;

        stage_init(&stage);
        do_one(&stage, CHANGE_APPEND, TABLE_LOG, "n", "1");
        g_assert_cmpuint(pending_keys(stage.pending), ==, 1);
        g_assert_cmpuint(pending_cost(stage.pending), >, 0);
        do_one(&stage, CHANGE_DELETE, TABLE_LOG, "n", "");
        g_assert_cmpuint(pending_keys(stage.pending), ==, 0);
        g_assert_cmpuint(pending_cost(stage.pending), ==, 0);
        stage_done(&stage);
}

static void test_what_the_tables_have_is_deleted_there(void)
{
        Stage stage;

        stage_init(&stage);
        do_one(&stage, CHANGE_PUT, TABLE_LOG, "m", "1");
        do_one(&stage, CHANGE_DELETE, TABLE_LOG, "m", "");
        g_assert_cmpuint(pending_keys(stage.pending), ==, 1);
        apply(&stage, 1000);
        assert_value(&stage, "m", NULL);
        stage_done(&stage);
}

/* What is put after a deletion of what the tables have, and deleted again, must go from there. */
static void test_put_again_and_deleted_again(void)
{
        Stage stage;

        stage_init(&stage);
        do_one(&stage, CHANGE_DELETE, TABLE_LOG, "m", "");
        do_one(&stage, CHANGE_PUT, TABLE_LOG, "m", "1");
        do_one(&stage, CHANGE_DELETE, TABLE_LOG, "m", "");
        apply(&stage, 1000);
        assert_value(&stage, "m", NULL);
        stage_done(&stage);
}

/* What another one holds is as good as in the tables. */
static void test_horizon_advances(void)
{
        Stage stage;

        stage_init(&stage);
        do_one(&stage, CHANGE_PUT, TABLE_LOG, "x", "1");
        pending_advance(stage.pending, &stage.horizon);
        apply(&stage, 1000);
        pending_free(stage.pending);
        stage.pending = pending_new(100);
        do_one(&stage, CHANGE_DELETE, TABLE_LOG, "x", "");
        g_assert_cmpuint(pending_keys(stage.pending), ==, 1);
        apply(&stage, 1000);
        assert_value(&stage, "x", NULL);
        stage_done(&stage);
}

static void test_dropped(void)
{
        ChangeItem item = {CHANGE_PUT, TABLE_LOG, text("x"), text("1")};
        uint8_t bytes[64];
        Stage stage;

        stage_init(&stage);
        change_item_write(&item, bytes);
        g_assert_cmpint(pending_stage(stage.pending, (Bytes){bytes, change_item_size(&item)}), ==,
                        0);
        pending_drop(stage.pending);
        pending_commit(stage.pending, &stage.horizon);
        g_assert_cmpuint(pending_keys(stage.pending), ==, 0);
        stage_done(&stage);
}

static void test_in_steps(void)
{
        Stage stage;

        stage_init(&stage);
        for (char key[] = "a"; key[0] <= 'z'; key[0]++)
                do_one(&stage, CHANGE_PUT, TABLE_LOG, key, "1");
        g_assert_cmpuint(apply(&stage, 3 * 4096), >=, 8);
        assert_value(&stage, "a", "1");
        assert_value(&stage, "z", "1");
        g_assert_cmpuint(apply(&stage, 1024 * 1024), ==, 1); /* once more does no harm */
        assert_value(&stage, "m", "1");
        stage_done(&stage);
}

/* --- beside a store that does all at once --- */

static void do_random(GRand *rand, Stage *stage, Store *model)
{
        static const char *const values[] = {"", "1", "some more", "and still some more"};
        ChangeKind kind = (ChangeKind)g_rand_int_range(rand, 0, 16);
        unsigned table = (unsigned)g_rand_int_range(rand, TABLE_LOG, N_TABLES);
        g_autofree char *key = g_strdup_printf("%02x", g_rand_int_range(rand, 0, 64));
        ChangeItem item;
        StoreTxn *txn;

        kind = kind == 15 ? CHANGE_DELETE_BEFORE : (ChangeKind)(kind % CHANGE_DELETE_BEFORE);
        item = (ChangeItem){kind, table, text(key),
                            text(kind < CHANGE_DELETE ? values[g_rand_int_range(rand, 0, 4)] : "")};
        do_one(stage, kind, table, key, (const char *)item.value.data);
        g_assert_cmpint(store_begin_write(model, &txn), ==, 0);
        g_assert_cmpint(change_item_apply(&item, txn), ==, 0);
        g_assert_cmpint(store_commit(txn), ==, 0);
}

static void checkpoint(GRand *rand, Stage *stage, bool half_first)
{
        Pending *next = pending_new(pending_keys(stage->pending));

        pending_advance(stage->pending, &stage->horizon);
        if (half_first) { /* it ends there, and is done again */
                StoreTxn *txn;

                g_assert_cmpint(pending_rewind(stage->pending), ==, 0);
                g_assert_cmpint(store_begin_write(stage->fixture.store, &txn), ==, 0);
                pending_apply(stage->pending, txn, 10000);
                g_assert_cmpint(store_commit(txn), ==, 0);
        }
        apply(stage, (size_t)g_rand_int_range(rand, 1, 100000));
        pending_free(stage->pending);
        stage->pending = next;
}

static void test_as_if_done_at_once(void)
{
        g_autoptr(GRand) rand = g_rand_new_with_seed(g_test_rand_int());

        for (unsigned run = 0; run < (g_test_slow() ? 2000 : 100); run++) {
                g_autofree char *is = NULL, *should = NULL;
                Fixture model;
                Stage stage;

                stage_init(&stage);
                fixture_init(&model, false);
                put_one(model.store, TABLE_LOG, "m", "old");
                for (int i = g_rand_int_range(rand, 0, 300); i > 0; i--) {
                        do_random(rand, &stage, model.store);
                        if (g_rand_int_range(rand, 0, 50) == 0)
                                checkpoint(rand, &stage, g_rand_boolean(rand));
                }
                checkpoint(rand, &stage, false);
                is = fixture_dump(&stage.fixture);
                should = fixture_dump(&model);
                g_assert_cmpstr(is, ==, should);
                fixture_done(&model);
                stage_done(&stage);
        }
}

/* Many are expected, as after a burst: that takes no memory until there are some. */
static void test_empty_is_small(void)
{
        const size_t expected = 100000, small = 4096;
        Stage stage;

        stage_init(&stage);
        pending_free(stage.pending);
        stage.pending = pending_new(expected);
        g_assert_nonnull(stage.pending);
        g_assert_cmpuint(pending_memory(stage.pending), <, small);
        for (unsigned i = 0; i < 100; i++) {
                g_autofree char *key = g_strdup_printf("n%03u", i);

                do_one(&stage, CHANGE_PUT, TABLE_LOG, key, "x");
        }
        g_assert_cmpuint(pending_memory(stage.pending), >, expected * sizeof(void *));
        g_assert_cmpuint(pending_keys(stage.pending), ==, 100);
        apply(&stage, 1000);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/pending/what-came-and-went-is-not-there",
                        test_what_came_and_went_is_not_there);
        g_test_add_func("/store/pending/what-the-tables-have-is-deleted-there",
                        test_what_the_tables_have_is_deleted_there);
        g_test_add_func("/store/pending/put-again-and-deleted-again",
                        test_put_again_and_deleted_again);
        g_test_add_func("/store/pending/horizon-advances", test_horizon_advances);
        g_test_add_func("/store/pending/dropped", test_dropped);
        g_test_add_func("/store/pending/in-steps", test_in_steps);
        g_test_add_func("/store/pending/empty-is-small", test_empty_is_small);
        g_test_add_func("/store/pending/as-if-done-at-once", test_as_if_done_at_once);
        return g_test_run();
}
