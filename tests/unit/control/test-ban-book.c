/* SPDX-License-Identifier: Apache-2.0 */

/* The two lists of bans: what is kept, where, and what the server knows of it. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/ban-book.h"

typedef struct Stage {
        char *folder, *conf, *listed, *own;
        Settings *settings;
        Server *server;
        BanBook book;
} Stage;

static void write_file(const char *path, const char *text)
{
        g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void stage_load(Stage *stage, const char *text)
{
        ConfigErrors errors = CONFIG_ERRORS_INIT;
        g_autofree char *config = g_strdup_printf("workers 1\nuser root\n%s", text);
        const SettingsSource source = {.file = stage->conf};

        write_file(stage->conf, config);
        stage->settings = settings_unref(stage->settings);
        g_assert_cmpint(settings_load(&source, &stage->settings, &errors), ==, 0);
        config_errors_done(&errors);
}

/* With a state directory, and a ban_file that is not there yet. */
static void stage_begin(Stage *stage)
{
        g_autofree char *config = NULL;

        *stage = (Stage){.folder = g_dir_make_tmp("hawker-XXXXXX", NULL)};
        stage->conf = g_build_filename(stage->folder, "hawker.conf", NULL);
        stage->listed = g_build_filename(stage->folder, "listed", NULL);
        stage->own = g_build_filename(stage->folder, "bans", NULL);
        g_setenv("STATE_DIRECTORY", stage->folder, true);
        config = g_strdup_printf("ban_file %s\n", stage->listed);
        stage_load(stage, config);
        g_assert_cmpint(server_new(stage->settings, &stage->server), ==, 0);
}

static void stage_end(Stage *stage)
{
        ban_book_done(&stage->book);
        server_free(stage->server);
        settings_unref(stage->settings);
        g_unlink(stage->conf);
        g_unlink(stage->listed);
        g_unlink(stage->own);
        g_assert_cmpint(g_rmdir(stage->folder), ==, 0);
        g_free(stage->folder);
        g_free(stage->conf);
        g_free(stage->listed);
        g_free(stage->own);
        g_unsetenv("STATE_DIRECTORY");
}

/* As the next process does. 0, or what it says in *ret_said (to be freed). */
static int stage_open(Stage *stage, char **ret_said)
{
        ConfigErrors errors = CONFIG_ERRORS_INIT;
        char said[1024];
        int r;

        ban_book_done(&stage->book);
        r = ban_book_open(stage->settings, &errors, &stage->book);
        if (ret_said)
                *ret_said = errors.n_items == 0 ? NULL
                                                : g_strdup(config_error_format(&errors.items[0],
                                                                               said, sizeof(said)));
        config_errors_done(&errors);
        return r;
}

static bool server_has(const Stage *stage, BanKind kind, const char *subject)
{
        _cleanup_(ban_table_unrefp) BanTable *table = server_bans(stage->server);

        return ban_table_has(table, kind, subject, 1);
}

static void test_own_bans_are_kept(void)
{
        const Ban eve = {BAN_USER, "eve", BAN_FOR_GOOD, "of us"};
        const Ban net = {BAN_ADDRESS, "192.0.2.0/24", 4102444800, ""};
        g_autofree char *text = NULL;
        struct stat status;
        Stage stage;

        stage_begin(&stage);
        g_assert_cmpint(stage_open(&stage, NULL), ==, 0);
        g_assert_cmpint(ban_book_add(&stage.book, stage.server, &eve), ==, 0);
        g_assert_cmpint(ban_book_add(&stage.book, stage.server, &net), ==, 0);
        g_assert_true(server_has(&stage, BAN_USER, "eve"));
        g_assert_true(g_file_get_contents(stage.own, &text, NULL, NULL));
        g_assert_cmpstr(text, ==, "user eve - of us\naddress 192.0.2.0/24 2100-01-01T00:00:00Z\n");
        g_assert_cmpint(stat(stage.own, &status), ==, 0);
        g_assert_cmpuint(status.st_mode & 0777, ==, 0600);
        g_assert_cmpint(stage_open(&stage, NULL), ==, 0);
        g_assert_cmpuint(ban_table_count(stage.book.own), ==, 2);

        g_assert_cmpint(ban_book_remove(&stage.book, stage.server, BAN_USER, "eve"), ==, 0);
        g_assert_false(server_has(&stage, BAN_USER, "eve"));
        g_assert_true(server_has(&stage, BAN_ADDRESS, "192.0.2.0/24"));
        g_assert_cmpint(ban_book_remove(&stage.book, stage.server, BAN_USER, "eve"), ==, -ENOENT);
        g_assert_cmpint(stage_open(&stage, NULL), ==, 0);
        g_assert_cmpuint(ban_table_count(stage.book.own), ==, 1);
        stage_end(&stage);
}

static void test_what_is_over_is_forgotten(void)
{
        const Ban eve = {BAN_USER, "eve", 4102444800, ""};
        Stage stage;

        stage_begin(&stage);
        write_file(stage.own, "user mallory 2001-01-01T00:00:00Z\n");
        g_assert_cmpint(stage_open(&stage, NULL), ==, 0);
        g_assert_cmpint(ban_book_remove(&stage.book, stage.server, BAN_USER, "eve"), ==, -ENOENT);
        g_assert_cmpint(ban_book_add(&stage.book, stage.server, &eve), ==, 0);
        g_assert_cmpint(stage_open(&stage, NULL), ==, 0);
        g_assert_cmpuint(ban_table_count(stage.book.own), ==, 1);
        stage_end(&stage);
}

static void test_tidying_is_of_both_lists(void)
{
        g_autofree char *text = NULL;
        Stage stage;

        stage_begin(&stage);
        write_file(stage.listed, "user old 2001-01-01T00:00:00Z\nuser bob -\n");
        write_file(stage.own, "user mallory 2001-01-01T00:00:00Z\nuser eve -\n");
        g_assert_cmpint(stage_open(&stage, NULL), ==, 0);
        g_assert_cmpint(ban_book_tidy(&stage.book, stage.server), ==, 0);
        g_assert_cmpuint(ban_table_count(stage.book.own), ==, 1);
        g_assert_true(server_has(&stage, BAN_USER, "eve"));
        g_assert_true(server_has(&stage, BAN_USER, "bob"));
        g_assert_false(server_has(&stage, BAN_USER, "old"));
        g_assert_true(g_file_get_contents(stage.own, &text, NULL, NULL));
        g_assert_cmpstr(text, ==, "user eve -\n");
        /* Nothing is written when there is nothing to do. */
        g_assert_cmpint(g_unlink(stage.own), ==, 0);
        g_assert_cmpint(ban_book_tidy(&stage.book, stage.server), ==, 0);
        g_assert_false(g_file_test(stage.own, G_FILE_TEST_EXISTS));
        stage_end(&stage);
}

static void test_the_list_of_the_admin_stays_his(void)
{
        const char *const text = "# mine\nuser eve -\nuser bob 2100-01-01T00:00:00Z mine\n";
        const Ban bob = {BAN_USER, "bob", BAN_FOR_GOOD, "more"};
        _cleanup_(ban_table_unrefp) BanTable *all = NULL;
        g_autofree char *now = NULL;
        Stage stage;

        stage_begin(&stage);
        write_file(stage.listed, text);
        g_assert_cmpint(stage_open(&stage, NULL), ==, 0);
        g_assert_cmpint(ban_book_remove(&stage.book, stage.server, BAN_USER, "eve"), ==, -EBUSY);
        g_assert_cmpint(ban_book_add(&stage.book, stage.server, &bob), ==, 0);
        g_assert_cmpint(ban_book_merge(&stage.book, stage.book.listed, &all), ==, 0);
        g_assert_cmpuint(ban_table_count(all), ==, 2);
        g_assert_cmpstr(ban_table_at(all, 1).reason, ==, "more"); /* the longer one */
        g_assert_cmpint(ban_book_remove(&stage.book, stage.server, BAN_USER, "bob"), ==, -EBUSY);
        g_assert_cmpuint(ban_table_count(stage.book.own), ==, 0);
        g_assert_true(server_has(&stage, BAN_USER, "bob"));
        g_assert_true(g_file_get_contents(stage.listed, &now, NULL, NULL));
        g_assert_cmpstr(now, ==, text);
        stage_end(&stage);
}

static void test_broken_files_are_told(void)
{
        static const char *const names[] = {"listed", "bans"};

        for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autofree char *path = NULL, *said = NULL, *place = NULL;
                Stage stage;

                stage_begin(&stage);
                path = g_build_filename(stage.folder, names[i], NULL);
                write_file(path, "user eve -\nuser bob for ever\n");
                g_assert_cmpint(stage_open(&stage, &said), ==, -EKEYREJECTED);
                place = g_strdup_printf("%s:2: ", path);
                g_assert_nonnull(strstr(said, place));
                g_assert_null(stage.book.path);
                stage_end(&stage);
        }
}

static void test_a_folder_is_no_file(void)
{
        g_autofree char *said = NULL;
        Stage stage;

        stage_begin(&stage);
        g_assert_cmpint(g_mkdir(stage.listed, 0700), ==, 0);
        g_assert_cmpint(stage_open(&stage, &said), ==, -EKEYREJECTED);
        g_assert_nonnull(strstr(said, "hawker.conf:3: "));
        g_assert_cmpint(g_rmdir(stage.listed), ==, 0);
        stage_end(&stage);
}

static void test_without_a_state_directory_they_hold(void)
{
        const Ban eve = {BAN_USER, "eve", BAN_FOR_GOOD, ""};
        Stage stage;

        stage_begin(&stage);
        g_unsetenv("STATE_DIRECTORY");
        g_assert_cmpint(stage_open(&stage, NULL), ==, 0);
        g_assert_cmpint(ban_book_add(&stage.book, stage.server, &eve), ==, -EROFS);
        g_assert_true(server_has(&stage, BAN_USER, "eve"));
        stage_end(&stage);
}

static void test_a_file_that_cannot_be_written_is_told(void)
{
        const Ban eve = {BAN_USER, "eve", BAN_FOR_GOOD, ""};
        Stage stage;

        stage_begin(&stage);
        g_assert_cmpint(stage_open(&stage, NULL), ==, 0);
        g_assert_cmpint(g_mkdir(stage.own, 0700), ==, 0);
        g_assert_cmpint(ban_book_add(&stage.book, stage.server, &eve), ==, -EISDIR);
        g_assert_true(server_has(&stage, BAN_USER, "eve"));
        g_assert_cmpint(g_rmdir(stage.own), ==, 0);
        stage_end(&stage); /* nothing else is left in the folder */
}

static void test_the_own_file_is_no_other_list(void)
{
        g_autofree char *config = NULL;
        Stage stage;

        stage_begin(&stage);
        config = g_strdup_printf("ban_file %s\n", stage.own);
        stage_load(&stage, config);
        write_file(stage.own, "user eve -\n");
        g_assert_cmpint(stage_open(&stage, NULL), ==, 0);
        g_assert_cmpuint(ban_table_count(stage.book.listed), ==, 0);
        g_assert_cmpint(ban_book_remove(&stage.book, stage.server, BAN_USER, "eve"), ==, 0);
        stage_end(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/control/ban-book/own-bans-are-kept", test_own_bans_are_kept);
        g_test_add_func("/control/ban-book/what-is-over-is-forgotten",
                        test_what_is_over_is_forgotten);
        g_test_add_func("/control/ban-book/tidying-is-of-both-lists",
                        test_tidying_is_of_both_lists);
        g_test_add_func("/control/ban-book/the-list-of-the-admin-stays-his",
                        test_the_list_of_the_admin_stays_his);
        g_test_add_func("/control/ban-book/broken-files-are-told", test_broken_files_are_told);
        g_test_add_func("/control/ban-book/a-folder-is-no-file", test_a_folder_is_no_file);
        g_test_add_func("/control/ban-book/without-a-state-directory-they-hold",
                        test_without_a_state_directory_they_hold);
        g_test_add_func("/control/ban-book/a-file-that-cannot-be-written-is-told",
                        test_a_file_that_cannot_be_written_is_told);
        g_test_add_func("/control/ban-book/the-own-file-is-no-other-list",
                        test_the_own_file_is_no_other_list);
        return g_test_run();
}
