/* SPDX-License-Identifier: Apache-2.0 */
/* test-store.c: transactions, order and cursors, the same for both backends. */

#include <errno.h>
#include <string.h>

#include "store-fixture.h"

static void test_put_get_delete(Fixture *fixture)
{
        StoreTxn *txn;
        Bytes value;

        g_assert_cmpint(store_begin_write(fixture->store, &txn), ==, 0);
        g_assert_cmpint(store_put(txn, TABLE_LOG, text("a"), text("1")), ==, 0);
        g_assert_cmpint(store_put(txn, TABLE_LOG, text("a"), text("22")), ==, 0);
        g_assert_cmpint(store_put(txn, TABLE_LOG, text("empty"), (Bytes){}), ==, 0);
        g_assert_cmpint(store_get(txn, TABLE_LOG, text("a"), &value), ==, 1);
        g_assert_true(bytes_equal(value, text("22")));
        g_assert_cmpint(store_get(txn, TABLE_LOG, text("empty"), &value), ==, 1);
        g_assert_cmpuint(value.length, ==, 0);
        g_assert_cmpint(store_get(txn, TABLE_OTHER, text("a"), &value), ==, 0);
        g_assert_cmpint(store_delete(txn, TABLE_LOG, text("a")), ==, 1);
        g_assert_cmpint(store_delete(txn, TABLE_LOG, text("a")), ==, 0);
        g_assert_cmpint(store_get(txn, TABLE_LOG, text("a"), &value), ==, 0);
        g_assert_cmpint(store_put(txn, TABLE_LOG, (Bytes){}, text("1")), ==, -EINVAL);
        g_assert_cmpint(store_commit(txn), ==, 0);
}

static void test_abort_undoes(Fixture *fixture)
{
        g_autofree char *kept = NULL, *gone = NULL;
        StoreTxn *txn;

        put_one(fixture->store, TABLE_LOG, "kept", "1");
        g_assert_cmpint(store_begin_write(fixture->store, &txn), ==, 0);
        g_assert_cmpint(store_put(txn, TABLE_LOG, text("gone"), text("2")), ==, 0);
        g_assert_cmpint(store_delete(txn, TABLE_LOG, text("kept")), ==, 1);
        store_abort(txn);
        kept = get_one(fixture->store, TABLE_LOG, "kept");
        gone = get_one(fixture->store, TABLE_LOG, "gone");
        g_assert_cmpstr(kept, ==, "1");
        g_assert_null(gone);
}

static void test_reader_keeps_its_view(Fixture *fixture)
{
        StoreTxn *reader;
        Bytes value;

        put_one(fixture->store, TABLE_LOG, "a", "old");
        g_assert_cmpint(store_begin_read(fixture->store, &reader), ==, 0);
        put_one(fixture->store, TABLE_LOG, "a", "new");
        put_one(fixture->store, TABLE_LOG, "b", "new");
        g_assert_cmpint(store_get(reader, TABLE_LOG, text("a"), &value), ==, 1);
        g_assert_true(bytes_equal(value, text("old")));
        g_assert_cmpint(store_get(reader, TABLE_LOG, text("b"), &value), ==, 0);
        store_abort(reader);
}

static void put_many(Store *store, const char *const *keys, bool append)
{
        StoreTxn *txn;

        g_assert_cmpint(store_begin_write(store, &txn), ==, 0);
        for (; *keys; keys++)
                g_assert_cmpint((append ? store_append : store_put)(txn, TABLE_LOG, text(*keys),
                                                                    text(*keys)),
                                ==, 0);
        g_assert_cmpint(store_commit(txn), ==, 0);
}

static void test_order_is_that_of_bytes(Fixture *fixture)
{
        static const char *const keys[] = {"b", "a", "\xff", "ab", "B", NULL};
        static const char *const order[] = {"B", "a", "ab", "b", "\xff"};
        StoreCursor *cursor;
        StoreTxn *txn;
        Bytes key = {}, value;
        size_t n = 0;
        int r;

        put_many(fixture->store, keys, false);
        g_assert_cmpint(store_begin_read(fixture->store, &txn), ==, 0);
        g_assert_cmpint(store_cursor_new(txn, TABLE_LOG, &cursor), ==, 0);
        for (r = store_cursor_seek(cursor, (Bytes){}, &key, &value); r > 0;
             r = store_cursor_next(cursor, &key, &value)) {
                g_assert_true(bytes_equal(key, text(order[n])));
                g_assert_true(bytes_equal(value, key));
                n++;
        }
        g_assert_cmpint(r, ==, 0);
        g_assert_cmpuint(n, ==, G_N_ELEMENTS(order));
        for (r = store_cursor_last(cursor, &key, &value); r > 0;
             r = store_cursor_previous(cursor, &key, &value))
                g_assert_true(bytes_equal(key, text(order[--n])));
        g_assert_cmpint(r, ==, 0);
        g_assert_cmpuint(n, ==, 0);
        g_assert_cmpint(store_cursor_seek(cursor, text("aa"), &key, &value), ==, 1);
        g_assert_true(bytes_equal(key, text("ab")));
        store_cursor_free(cursor);
        store_abort(txn);
}

static void test_append_takes_what_is_late(Fixture *fixture)
{
        static const char *const keys[] = {"1", "2", "4", "3", "3", NULL};
        g_autofree char *late = NULL;

        put_many(fixture->store, keys, true);
        late = get_one(fixture->store, TABLE_LOG, "3");
        g_assert_cmpstr(late, ==, "3");
}

static void test_delete_from_the_left(Fixture *fixture)
{
        static const char *const keys[] = {"1", "2", "3", "4", "5", NULL};
        g_autofree char *third = NULL, *fourth = NULL;
        StoreTxn *txn;
        size_t n;

        put_many(fixture->store, keys, true);
        g_assert_cmpint(store_begin_write(fixture->store, &txn), ==, 0);
        g_assert_cmpint(store_delete_before(txn, TABLE_LOG, text("4"), 2, &n), ==, 0);
        g_assert_cmpuint(n, ==, 2);
        g_assert_cmpint(store_delete_before(txn, TABLE_LOG, text("4"), 100, &n), ==, 0);
        g_assert_cmpuint(n, ==, 1);
        g_assert_cmpint(store_commit(txn), ==, 0);
        third = get_one(fixture->store, TABLE_LOG, "3");
        fourth = get_one(fixture->store, TABLE_LOG, "4");
        g_assert_null(third);
        g_assert_cmpstr(fourth, ==, "4");
}

static void test_room_ends_at_the_limit(Fixture *fixture)
{
        g_autofree uint8_t *big = g_malloc0(64 * 1024);
        StoreUsage usage;
        StoreTxn *txn;
        unsigned n = 0;

        store_set_max_size(fixture->store, 1024 * 1024);
        g_assert_cmpint(store_begin_write(fixture->store, &txn), ==, 0);
        while (n < 100 && store_room(txn, 64 * 1024, 1) == 0) {
                Bytes key = {(const uint8_t *)&n, sizeof(n)};

                g_assert_cmpint(store_put(txn, TABLE_LOG, key, (Bytes){big, 64 * 1024}), ==, 0);
                n++;
        }
        g_assert_cmpuint(n, >=, 14);
        g_assert_cmpuint(n, <=, 16);
        /* What must be written goes on, and what is deleted makes room. */
        g_assert_cmpint(store_put(txn, TABLE_OTHER, text("ack"), text("1")), ==, 0);
        g_assert_cmpint(store_commit(txn), ==, 0);
        g_assert_cmpint(store_begin_write(fixture->store, &txn), ==, 0);
        g_assert_cmpint(store_room(txn, 64 * 1024, 1), ==, -EDQUOT);
        for (unsigned i = 0; i < 4; i++)
                g_assert_cmpint(
                        store_delete(txn, TABLE_LOG, (Bytes){(const uint8_t *)&i, sizeof(i)}), ==,
                        1);
        g_assert_cmpint(store_commit(txn), ==, 0);
        g_assert_cmpint(store_begin_write(fixture->store, &txn), ==, 0);
        g_assert_cmpint(store_room(txn, 64 * 1024, 1), ==, 0);
        store_abort(txn);
        g_assert_cmpint(store_usage(fixture->store, &usage), ==, 0);
        g_assert_cmpuint(usage.used, <=, usage.size);
        g_assert_cmpuint(usage.limit, ==, 1024 * 1024);
}

/* Whatever is done, the same comes out of both. */
static void do_something(GRand *rand, StoreTxn *txn)
{
        char key[8], value[600];
        size_t n;

        g_snprintf(key, sizeof(key), "%03d", g_rand_int_range(rand, 0, 400));
        memset(value, g_rand_int_range(rand, 1, 255), sizeof(value));
        switch (g_rand_int_range(rand, 0, 8)) {
        case 0:
                g_assert_cmpint(store_delete_before(txn, TABLE_LOG, text(key), 5, &n), ==, 0);
                break;
        case 1:
        case 2:
                g_assert_cmpint(store_delete(txn, TABLE_LOG, text(key)), >=, 0);
                break;
        default:
                g_assert_cmpint(store_append(txn, TABLE_LOG, text(key),
                                             (Bytes){(const uint8_t *)value,
                                                     (size_t)g_rand_int_range(rand, 0, 600)}),
                                ==, 0);
        }
}

static GString *dump(Store *store)
{
        GString *all = g_string_new(NULL);
        StoreCursor *cursor;
        StoreTxn *txn;
        Bytes key, value;

        g_assert_cmpint(store_begin_read(store, &txn), ==, 0);
        g_assert_cmpint(store_cursor_new(txn, TABLE_LOG, &cursor), ==, 0);
        for (int r = store_cursor_seek(cursor, (Bytes){}, &key, &value); r > 0;
             r = store_cursor_next(cursor, &key, &value)) {
                g_string_append_len(all, (const char *)key.data, (gssize)key.length);
                g_string_append_printf(all, "=%zu.%d;", value.length,
                                       value.length ? value.data[value.length - 1] : 0);
        }
        store_cursor_free(cursor);
        store_abort(txn);
        return all;
}

static void test_backends_agree(void)
{
        g_autoptr(GRand) rand = g_rand_new_with_seed(5);
        Fixture fixtures[2];

        fixture_init(&fixtures[0], false);
        fixture_init(&fixtures[1], true);
        for (unsigned round = 0; round < 40; round++) {
                guint32 seed = g_rand_int(rand);
                GString *dumps[2];

                for (unsigned i = 0; i < 2; i++) {
                        g_autoptr(GRand) same = g_rand_new_with_seed(seed);
                        StoreTxn *txn;

                        g_assert_cmpint(store_begin_write(fixtures[i].store, &txn), ==, 0);
                        for (unsigned j = 0; j < 50; j++)
                                do_something(same, txn);
                        if (seed % 4 == 0)
                                store_abort(txn);
                        else
                                g_assert_cmpint(store_commit(txn), ==, 0);
                        dumps[i] = dump(fixtures[i].store);
                }
                g_assert_cmpstr(dumps[0]->str, ==, dumps[1]->str);
                g_string_free(dumps[0], true);
                g_string_free(dumps[1], true);
        }
        fixture_done(&fixtures[0]);
        fixture_done(&fixtures[1]);
}

typedef struct Case {
        const char *name;
        void (*run)(Fixture *fixture);
        bool on_disk;
} Case;

static const Case cases[] = {
        {"put-get-delete", test_put_get_delete},
        {"abort-undoes", test_abort_undoes},
        {"reader-keeps-its-view", test_reader_keeps_its_view},
        {"order-is-that-of-bytes", test_order_is_that_of_bytes},
        {"append-takes-what-is-late", test_append_takes_what_is_late},
        {"delete-from-the-left", test_delete_from_the_left},
        {"room-ends-at-the-limit", test_room_ends_at_the_limit},
};

static void run_in_memory(gconstpointer data)
{
        Fixture fixture;

        fixture_init(&fixture, false);
        ((const Case *)data)->run(&fixture);
        fixture_done(&fixture);
}

static void run_on_disk(gconstpointer data)
{
        Fixture fixture;

        fixture_init(&fixture, true);
        ((const Case *)data)->run(&fixture);
        fixture_done(&fixture);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *memory = g_strdup_printf("/store/memory/%s", cases[i].name);
                g_autofree char *lmdb = g_strdup_printf("/store/lmdb/%s", cases[i].name);

                g_test_add_data_func(memory, &cases[i], run_in_memory);
                g_test_add_data_func(lmdb, &cases[i], run_on_disk);
        }
        g_test_add_func("/store/backends-agree", test_backends_agree);
        return g_test_run();
}
