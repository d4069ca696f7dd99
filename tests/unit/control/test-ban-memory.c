/* SPDX-License-Identifier: Apache-2.0 */

/* Bans without memory: the book and the server know the same, and nobody is let in by that. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/ban-book.h"
#include "tests/unit/failing-memory.h"

#define TRIES_MAX 1000U

static const char *const text = "# ours\nuser eve - for good\naddress 192.0.2.0/24 - scans us\n"
                                "client a%20b 2100-01-01T00:00:00Z\n";

typedef struct Stage {
        char *folder, *conf, *own;
        Settings *settings;
        Server *server;
        BanBook book;
} Stage;

static void stage_begin(Stage *stage)
{
        ConfigErrors errors = CONFIG_ERRORS_INIT;
        SettingsSource source = {};

        *stage = (Stage){.folder = g_dir_make_tmp("hawker-XXXXXX", NULL)};
        stage->conf = g_build_filename(stage->folder, "hawker.conf", NULL);
        stage->own = g_build_filename(stage->folder, "bans", NULL);
        g_setenv("STATE_DIRECTORY", stage->folder, true);
        g_assert_true(g_file_set_contents(stage->conf, "workers 1\nuser root\n", -1, NULL));
        g_assert_true(g_file_set_contents(stage->own, text, -1, NULL));
        source.file = stage->conf;
        g_assert_cmpint(settings_load(&source, &stage->settings, &errors), ==, 0);
        g_assert_cmpint(server_new(stage->settings, &stage->server), ==, 0);
        g_assert_cmpint(ban_book_open(stage->settings, &errors, &stage->book), ==, 0);
        config_errors_done(&errors);
}

static void stage_end(Stage *stage)
{
        ban_book_done(&stage->book);
        server_free(stage->server);
        settings_unref(stage->settings);
        g_unlink(stage->conf);
        g_unlink(stage->own);
        g_assert_cmpint(g_rmdir(stage->folder), ==, 0);
        g_free(stage->folder);
        g_free(stage->conf);
        g_free(stage->own);
        g_unsetenv("STATE_DIRECTORY");
}

static int add(Stage *stage)
{
        const Ban ban = {BAN_USER, "mallory", BAN_FOR_GOOD, "a reason"};

        return ban_book_add(&stage->book, stage->server, &ban);
}

static int remove_one(Stage *stage)
{
        return ban_book_remove(&stage->book, stage->server, BAN_USER, "eve");
}

static int add_all(Stage *stage)
{
        _cleanup_(ban_table_unrefp) BanTable *more = NULL;
        int r = ban_table_new(&more);

        for (unsigned i = 0; r == 0 && i < 9; i++) {
                char subject[] = "198.51.100.0";

                subject[sizeof(subject) - 2] = (char)('0' + i);
                r = ban_table_put(more, &(Ban){BAN_ADDRESS, subject, BAN_FOR_GOOD, "rule: x"});
        }
        return r == 0 ? ban_book_add_all(&stage->book, stage->server, more) : r;
}

static int open_again(Stage *stage)
{
        ConfigErrors errors = CONFIG_ERRORS_INIT;
        BanBook book;
        int r = ban_book_open(stage->settings, &errors, &book);

        if (r == 0)
                ban_book_done(&book);
        config_errors_done(&errors);
        return r;
}

static const struct {
        const char *name;
        int (*run)(Stage *stage);
        size_t n_after; /* bans, when it is done */
} deeds[] = {
        {"add", add, 4},
        {"remove", remove_one, 2},
        {"add-all", add_all, 12},
        {"open", open_again, 3},
};

/* The server has no table before the first change. */
static void assert_agree(const Stage *stage)
{
        _cleanup_(ban_table_unrefp) BanTable *held = server_bans(stage->server);

        g_assert_true(!held || ban_table_equal(held, stage->book.own));
}

static void test_deed(gconstpointer data)
{
        const unsigned i = GPOINTER_TO_UINT(data);
        bool has_failed = true;

        for (unsigned n = 0; has_failed; n++) {
                Stage stage;
                int r;

                g_assert_cmpuint(n, <, TRIES_MAX);
                stage_begin(&stage);
                failing_memory_begin(n);
                r = deeds[i].run(&stage);
                has_failed = failing_memory_end();
                if (r != 0)
                        g_assert_cmpint(r, ==, -ENOMEM);
                /* The workers' mail is tried again: a failure may go unnoticed. */
                g_assert_true(r == 0 || has_failed);
                assert_agree(&stage);
                g_assert_cmpuint(ban_table_count(stage.book.own), >=, 2);
                if (r == 0)
                        g_assert_cmpuint(ban_table_count(stage.book.own), ==, deeds[i].n_after);
                stage_end(&stage);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (unsigned i = 0; i < G_N_ELEMENTS(deeds); i++) {
                g_autofree char *path = g_strdup_printf("/control/ban-memory/%s", deeds[i].name);

                g_test_add_data_func(path, GUINT_TO_POINTER(i), test_deed);
        }
        return g_test_run();
}
