/* SPDX-License-Identifier: Apache-2.0 */

/* Bans whose time is over go by themselves. */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <time.h>

#include "control/ban-expiry.h"

typedef struct Stage {
        char *folder, *conf;
        Settings *settings;
        Server *server;
        sd_event *event;
        BanBook book;
} Stage;

static void stage_begin(Stage *stage)
{
        ConfigErrors errors = CONFIG_ERRORS_INIT;
        SettingsSource source = {};

        *stage = (Stage){.folder = g_dir_make_tmp("hawker-XXXXXX", NULL)};
        stage->conf = g_build_filename(stage->folder, "hawker.conf", NULL);
        g_assert_true(g_file_set_contents(stage->conf, "workers 1\nuser root\n", -1, NULL));
        source.file = stage->conf;
        g_assert_cmpint(settings_load(&source, &stage->settings, &errors), ==, 0);
        g_assert_cmpint(server_new(stage->settings, &stage->server), ==, 0);
        g_assert_cmpint(sd_event_new(&stage->event), >=, 0);
        config_errors_done(&errors);
}

static void stage_end(Stage *stage)
{
        ban_book_done(&stage->book);
        server_free(stage->server);
        settings_unref(stage->settings);
        sd_event_unref(stage->event);
        g_unlink(stage->conf);
        g_assert_cmpint(g_rmdir(stage->folder), ==, 0);
        g_free(stage->folder);
        g_free(stage->conf);
}

static void hold(Stage *stage, uint64_t until)
{
        _cleanup_(ban_table_unrefp) BanTable *table = NULL;

        g_assert_cmpint(ban_table_new(&table), ==, 0);
        g_assert_cmpint(ban_table_put(table, &(Ban){BAN_USER, "eve", until, ""}), ==, 0);
        g_assert_cmpint(server_set_bans(stage->server, table), ==, 0);
}

static size_t n_held(const Stage *stage)
{
        _cleanup_(ban_table_unrefp) BanTable *table = server_bans(stage->server);

        return ban_table_count(table);
}

static int nothing(sd_event_source *source, void *data)
{
        return 0;
}

/* Something happens in the loop, and what is due then. */
static void turn(Stage *stage)
{
        sd_event_source *source = NULL;

        g_assert_cmpint(sd_event_add_defer(stage->event, &source, nothing, NULL), >=, 0);
        for (unsigned i = 0; i < 5; i++)
                g_assert_cmpint(sd_event_run(stage->event, 0), >=, 0);
        sd_event_source_unref(source);
}

static void test_what_is_over_at_the_start_goes(void)
{
        _cleanup_(ban_expiry_freep) BanExpiry *expiry = NULL;
        Stage stage;

        stage_begin(&stage);
        hold(&stage, 1);
        g_assert_cmpint(ban_expiry_new(stage.event, stage.server, &stage.book, &expiry), ==, 0);
        turn(&stage);
        g_assert_cmpuint(n_held(&stage), ==, 0);
        expiry = ban_expiry_free(expiry);
        stage_end(&stage);
}

static void test_a_later_table_is_watched_too(void)
{
        _cleanup_(ban_expiry_freep) BanExpiry *expiry = NULL;
        Stage stage;

        stage_begin(&stage);
        g_assert_cmpint(ban_expiry_new(stage.event, stage.server, &stage.book, &expiry), ==, 0);
        hold(&stage, (uint64_t)time(NULL) + 3600);
        turn(&stage);
        g_assert_cmpuint(n_held(&stage), ==, 1);
        hold(&stage, BAN_FOR_GOOD);
        turn(&stage);
        g_assert_cmpuint(n_held(&stage), ==, 1);
        hold(&stage, 1);
        turn(&stage);
        g_assert_cmpuint(n_held(&stage), ==, 0);
        /* The next ones wait for a while, for company. */
        hold(&stage, 1);
        turn(&stage);
        g_assert_cmpuint(n_held(&stage), ==, 1);
        expiry = ban_expiry_free(expiry);
        stage_end(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_unsetenv("STATE_DIRECTORY");
        g_test_add_func("/control/ban-expiry/what-is-over-at-the-start-goes",
                        test_what_is_over_at_the_start_goes);
        g_test_add_func("/control/ban-expiry/a-later-table-is-watched-too",
                        test_a_later_table_is_watched_too);
        return g_test_run();
}
