/* SPDX-License-Identifier: Apache-2.0 */

/* Where the store is, and what an admin is told when it cannot be there. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/disk-failures.h"
#include "control/storage.h"
#include "util/clock.h"

typedef struct Stage {
        char *folder, *conf;
        Settings *settings;
        ConfigErrors errors;
        Storage storage;
} Stage;

static void stage_begin(Stage *stage)
{
        *stage = (Stage){.folder = g_dir_make_tmp("hawker-XXXXXX", NULL),
                         .errors = CONFIG_ERRORS_INIT};
        stage->conf = g_build_filename(stage->folder, "hawker.conf", NULL);
        g_unsetenv("STATE_DIRECTORY");
        g_unsetenv("RUNTIME_DIRECTORY");
}

static int stage_open(Stage *stage, const char *text)
{
        const SettingsSource source = {.file = stage->conf};

        g_assert_true(g_file_set_contents(stage->conf, text, -1, NULL));
        stage->settings = settings_unref(stage->settings);
        g_assert_cmpint(settings_load(&source, &stage->settings, &stage->errors), ==, 0);
        config_errors_done(&stage->errors);
        stage->errors = (ConfigErrors)CONFIG_ERRORS_INIT;
        stage->storage = (Storage){};
        return storage_open(stage->settings, &stage->errors, &stage->storage);
}

static void stage_close(Stage *stage)
{
        storage_close(&stage->storage, true);
}

static void assert_said(const Stage *stage, const char *what)
{
        char said[1024];

        g_assert_cmpuint(stage->errors.n_items, ==, 1);
        config_error_format(&stage->errors.items[0], said, sizeof(said));
        if (!strstr(said, what))
                g_error("\"%s\" does not say \"%s\"", said, what);
}

static void stage_end(Stage *stage)
{
        g_autofree char *remove = g_strdup_printf("rm -r '%s'", stage->folder);

        stage_close(stage);
        config_errors_done(&stage->errors);
        settings_unref(stage->settings);
        g_assert_true(g_spawn_command_line_sync(remove, NULL, NULL, NULL, NULL));
        g_free(stage->folder);
        g_free(stage->conf);
        g_unsetenv("STATE_DIRECTORY");
}

static mode_t mode_of(const Stage *stage, const char *name)
{
        g_autofree char *path = g_build_filename(stage->folder, name, NULL);
        GStatBuf status;

        g_assert_cmpint(g_stat(path, &status), ==, 0);
        return status.st_mode & 07777;
}

static void test_none_is_wanted(void)
{
        Stage stage;

        stage_begin(&stage);
        g_setenv("STATE_DIRECTORY", stage.folder, true);
        g_assert_cmpint(stage_open(&stage, "persistence false\n"), ==, 0);
        g_assert_null(stage.storage.store);
        g_assert_cmpint(stage_open(&stage, ""), ==, 0);
        g_assert_null(stage.storage.store);
        stage_end(&stage);
}

static void test_state_directory(void)
{
        g_autofree char *two = NULL;
        const mode_t mask = umask(0);
        Stage stage;

        stage_begin(&stage);
        two = g_strdup_printf("%s:/nonexistent", stage.folder);
        g_setenv("STATE_DIRECTORY", two, true);
        g_assert_cmpint(stage_open(&stage, "persistence true\n"), ==, 0);
        g_assert_nonnull(stage.storage.store);
        g_assert_cmpint(mode_of(&stage, "store"), ==, 0700);
        g_assert_cmpint(mode_of(&stage, "store/data.mdb"), ==, 0600);
        umask(mask);
        stage_end(&stage);
}

static void test_location(void)
{
        g_autofree char *text = NULL;
        Stage stage;

        stage_begin(&stage);
        g_setenv("STATE_DIRECTORY", "/nonexistent", true);
        text = g_strdup_printf("persistence true\npersistence_location %s/\n", stage.folder);
        g_assert_cmpint(stage_open(&stage, text), ==, 0);
        g_assert_nonnull(stage.storage.store);
        g_assert_cmpint(mode_of(&stage, "store"), ==, 0700);
        stage_close(&stage);
        g_assert_cmpint(stage_open(&stage, text), ==, 0);
        stage_end(&stage);
}

static void test_no_place(void)
{
        Stage stage;

        stage_begin(&stage);
        g_assert_cmpint(stage_open(&stage, "\npersistence true\n"), ==, -EKEYREJECTED);
        g_assert_null(stage.storage.store);
        assert_said(&stage, "hawker.conf:2");
        assert_said(&stage, "persistence_location");
        stage_end(&stage);
}

static void test_not_there(void)
{
        Stage stage;

        stage_begin(&stage);
        g_assert_cmpint(stage_open(&stage, "persistence true\npersistence_location /nonexistent\n"),
                        ==, -EKEYREJECTED);
        assert_said(&stage, "hawker.conf:2");
        assert_said(&stage, "/nonexistent/store: No such file or directory");
        stage_end(&stage);
}

static void test_taken(void)
{
        Storage other;
        Stage stage;

        stage_begin(&stage);
        g_setenv("STATE_DIRECTORY", stage.folder, true);
        g_assert_cmpint(stage_open(&stage, "persistence true\n"), ==, 0);
        other = stage.storage;
        g_assert_cmpint(stage_open(&stage, "persistence true\n"), ==, -EKEYREJECTED);
        assert_said(&stage, "another process has it open");
        storage_close(&other, true);
        stage_end(&stage);
}

static off_t size_of_data(const Stage *stage)
{
        g_autofree char *path = g_build_filename(stage->folder, "store", "data.mdb", NULL);
        GStatBuf status;

        g_assert_cmpint(g_stat(path, &status), ==, 0);
        return status.st_size;
}

/* So many values of a MiB, of which n stay. */
static void fill(Store *store, uint8_t count, uint8_t n)
{
        g_autofree uint8_t *value = g_malloc0(1024 * 1024);
        StoreTxn *txn;

        g_assert_cmpint(store_begin_write(store, &txn), ==, 0);
        for (uint8_t i = 0; i < count; i++)
                g_assert_cmpint(
                        store_put(txn, STORE_META, (Bytes){&i, 1}, (Bytes){value, 1024 * 1024}), ==,
                        0);
        g_assert_cmpint(store_commit(txn), ==, 0);
        g_assert_cmpint(store_begin_write(store, &txn), ==, 0);
        for (uint8_t i = n; i < count; i++)
                g_assert_cmpint(store_delete(txn, STORE_META, (Bytes){&i, 1}), ==, 1);
        g_assert_cmpint(store_commit(txn), ==, 0);
}

static void test_mostly_free(void)
{
        const char *text = "persistence true\n";
        Stage stage;
        off_t size;
        StoreTxn *txn;
        Bytes value;

        stage_begin(&stage);
        g_setenv("STATE_DIRECTORY", stage.folder, true);
        g_assert_cmpint(stage_open(&stage, text), ==, 0);
        fill(stage.storage.store, 80, 60);
        stage_close(&stage);
        size = size_of_data(&stage);
        g_assert_cmpint(size, >, 80 * 1024 * 1024);
        g_assert_cmpint(stage_open(&stage, text), ==, 0);
        g_assert_cmpint(size_of_data(&stage), ==, size); /* most of it is in use */
        fill(stage.storage.store, 80, 3);
        stage_close(&stage);
        g_assert_cmpint(stage_open(&stage, text), ==, 0);
        g_assert_cmpint(size_of_data(&stage), <, 8 * 1024 * 1024);
        g_assert_cmpint(store_begin_read(stage.storage.store, &txn), ==, 0);
        g_assert_cmpint(store_get(txn, STORE_META, (Bytes){(const uint8_t *)"\2", 1}, &value), ==,
                        1);
        g_assert_cmpuint(value.length, ==, 1024 * 1024);
        store_abort(txn);
        stage_end(&stage);
}

static void test_small_stays(void)
{
        const char *text = "persistence true\n";
        Stage stage;
        off_t size;

        stage_begin(&stage);
        g_setenv("STATE_DIRECTORY", stage.folder, true);
        g_assert_cmpint(stage_open(&stage, text), ==, 0);
        fill(stage.storage.store, 20, 1);
        stage_close(&stage);
        size = size_of_data(&stage);
        g_assert_cmpint(size, >, 20 * 1024 * 1024);
        g_assert_cmpint(stage_open(&stage, text), ==, 0);
        g_assert_cmpint(size_of_data(&stage), ==, size);
        stage_end(&stage);
}

static void test_disk_that_fails_again_is_only_read(void)
{
        const char *text = "persistence true\n";
        const uint64_t now = clock_realtime();
        Stage stage;

        stage_begin(&stage);
        g_setenv("STATE_DIRECTORY", stage.folder, true);
        g_setenv("RUNTIME_DIRECTORY", stage.folder, true);
        g_assert_cmpint(disk_failures_add(stage.folder, now - 1), ==, 0);
        g_assert_cmpint(stage_open(&stage, text), ==, 0);
        g_assert_false(stage.storage.is_read_only);
        stage_close(&stage);
        g_assert_cmpint(disk_failures_add(stage.folder, now), ==, 0);
        g_assert_cmpint(stage_open(&stage, text), ==, 0);
        g_assert_true(stage.storage.is_read_only);
        stage_close(&stage);
        g_assert_cmpint(stage_open(&stage, "persistence false\n"), ==, 0);
        g_assert_false(stage.storage.is_read_only);
        stage_end(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/control/storage/none-is-wanted", test_none_is_wanted);
        g_test_add_func("/control/storage/state-directory", test_state_directory);
        g_test_add_func("/control/storage/location", test_location);
        g_test_add_func("/control/storage/no-place", test_no_place);
        g_test_add_func("/control/storage/not-there", test_not_there);
        g_test_add_func("/control/storage/taken", test_taken);
        g_test_add_func("/control/storage/mostly-free", test_mostly_free);
        g_test_add_func("/control/storage/small-stays", test_small_stays);
        g_test_add_func("/control/storage/disk-that-fails-again-is-only-read",
                        test_disk_that_fails_again_is_only_read);
        return g_test_run();
}
