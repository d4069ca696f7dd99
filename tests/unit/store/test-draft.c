/* SPDX-License-Identifier: Apache-2.0 */
/* test-draft.c: all of a draft, or nothing of it. */

#include <errno.h>
#include <unistd.h>

#include "store-fixture.h"
#include "store/draft.h"
#include "store/store-file.h"

#define ITEMS 1200

/* More than one transaction takes. */
static void fill(StoreDraft *draft)
{
        static uint8_t value[64 * 1024];

        for (unsigned i = 0; i < ITEMS; i++) {
                char key[16];

                g_snprintf(key, sizeof(key), "%06u", i);
                g_assert_cmpint(
                        store_draft_put(draft, TABLE_LOG, text(key), (Bytes){value, sizeof(value)}),
                        ==, 0);
        }
}

static unsigned count(Store *store)
{
        StoreCursor *cursor;
        StoreTxn *txn;
        Bytes key, value;
        unsigned n = 0;

        g_assert_cmpint(store_begin_read(store, &txn), ==, 0);
        g_assert_cmpint(store_cursor_new(txn, TABLE_LOG, &cursor), ==, 0);
        for (int r = store_cursor_seek(cursor, (Bytes){}, &key, &value); r > 0;
             r = store_cursor_next(cursor, &key, &value))
                n++;
        store_cursor_free(cursor);
        store_abort(txn);
        return n;
}

static bool has_draft(const Fixture *fixture)
{
        g_autofree char *path = fixture_file(fixture, "draft");

        return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void one_that_is_taken_is_the_store(gconstpointer on_disk)
{
        StoreDraft *draft;
        Fixture fixture;

        fixture_init(&fixture, on_disk != NULL);
        g_assert_cmpint(store_draft_new(fixture.store, &fixture.options, &draft), ==, 0);
        fill(draft);
        g_assert_cmpint(store_draft_take(draft), ==, 0);
        store_draft_free(draft);
        if (on_disk) {
                g_assert_false(has_draft(&fixture));
                g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
                g_assert_true(store_found(fixture.store).clean);
        }
        g_assert_cmpuint(count(fixture.store), ==, ITEMS);
        fixture_done(&fixture);
}

static void one_that_is_not_taken_is_nothing(gconstpointer on_disk)
{
        StoreDraft *draft;
        Fixture fixture;

        fixture_init(&fixture, on_disk != NULL);
        g_assert_cmpint(store_draft_new(fixture.store, &fixture.options, &draft), ==, 0);
        if (on_disk) {
                fill(draft);
                g_assert_true(has_draft(&fixture));
        }
        store_draft_free(draft);
        g_assert_cmpuint(count(fixture.store), ==, 0);
        if (on_disk) {
                g_assert_false(has_draft(&fixture));
                g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
                g_assert_cmpuint(count(fixture.store), ==, 0);
        }
        fixture_done(&fixture);
}

static void what_a_killed_one_has_left_is_removed(void)
{
        g_autofree char *folder = NULL;
        StoreDraft *draft;
        Fixture fixture;
        Store *left;

        fixture_init(&fixture, true);
        folder = fixture_file(&fixture, "draft");
        g_assert_cmpint(store_open(folder, &fixture.options, &left), ==, 0);
        put_one(left, TABLE_LOG, "k", "v");
        store_free(left);
        g_assert_cmpint(store_draft_new(fixture.store, &fixture.options, &draft), ==, 0);
        g_assert_cmpint(store_draft_take(draft), ==, 0);
        store_draft_free(draft);
        g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
        g_assert_cmpuint(count(fixture.store), ==, 0);
        fixture_done(&fixture);
}

static void compacting_keeps_all_and_gives_room_back(void)
{
        StoreUsage before, after;
        StoreDraft *draft;
        Fixture fixture;
        StoreTxn *txn;
        size_t n;

        fixture_init(&fixture, true);
        g_assert_cmpint(store_draft_new(fixture.store, &fixture.options, &draft), ==, 0);
        fill(draft);
        g_assert_cmpint(store_draft_take(draft), ==, 0);
        store_draft_free(draft);
        g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
        g_assert_cmpint(store_begin_write(fixture.store, &txn), ==, 0);
        g_assert_cmpint(store_delete_before(txn, TABLE_LOG, text("001100"), SIZE_MAX, &n), ==, 0);
        g_assert_cmpint(store_commit(txn), ==, 0);
        g_assert_cmpint(store_usage(fixture.store, &before), ==, 0);
        g_assert_cmpint(store_compact(fixture.store), ==, 0);
        g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
        g_assert_cmpint(store_usage(fixture.store, &after), ==, 0);
        g_assert_cmpuint(count(fixture.store), ==, 100);
        g_assert_cmpuint(after.size, <, before.size / 5);
        fixture_done(&fixture);
}

/* It says what is, and changes nothing. */
static void a_store_at_rest_is_probed(void)
{
        g_autofree char *none = NULL, *data = NULL, *bytes = NULL;
        Fixture fixture;
        size_t n;

        fixture_init(&fixture, true);
        none = fixture_file(&fixture, "none");
        data = fixture_file(&fixture, "data.mdb");
        put_one(fixture.store, TABLE_LOG, "k", "v");
        g_assert_cmpint(store_probe(none, &fixture.options), ==, -ENOENT);
        g_assert_cmpint(store_probe(fixture.folder, &fixture.options), ==, -EBUSY);
        fixture.store = store_free(fixture.store);
        g_assert_cmpint(store_probe(fixture.folder, &fixture.options), ==, 0);
        g_assert_cmpint(truncate(data, 3 * 4096), ==, 0);
        g_assert_cmpint(store_probe(fixture.folder, &fixture.options), ==, -EBADMSG);
        g_assert_true(g_file_get_contents(data, &bytes, &n, NULL));
        g_assert_cmpuint(n, ==, 3 * 4096);
        fixture_done(&fixture);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_data_func("/store/draft/memory/one-that-is-taken-is-the-store", NULL,
                             one_that_is_taken_is_the_store);
        g_test_add_data_func("/store/draft/disk/one-that-is-taken-is-the-store", "disk",
                             one_that_is_taken_is_the_store);
        g_test_add_data_func("/store/draft/memory/one-that-is-not-taken-is-nothing", NULL,
                             one_that_is_not_taken_is_nothing);
        g_test_add_data_func("/store/draft/disk/one-that-is-not-taken-is-nothing", "disk",
                             one_that_is_not_taken_is_nothing);
        g_test_add_func("/store/draft/what-a-killed-one-has-left-is-removed",
                        what_a_killed_one_has_left_is_removed);
        g_test_add_func("/store/store-file/compacting-keeps-all-and-gives-room-back",
                        compacting_keeps_all_and_gives_room_back);
        g_test_add_func("/store/store-file/a-store-at-rest-is-probed", a_store_at_rest_is_probed);
        return g_test_run();
}
