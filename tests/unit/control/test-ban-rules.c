/* SPDX-License-Identifier: Apache-2.0 */

/* What becomes of the bans that rules ask for. */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/ban-rules.h"
#include "server/plane.h"

typedef struct Stage {
        char *folder, *conf, *own;
        Settings *settings;
        Server *server;
        sd_event *event;
        BanBook book;
        BanRules *rules;
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
        source.file = stage->conf;
        g_assert_cmpint(settings_load(&source, &stage->settings, &errors), ==, 0);
        g_assert_cmpint(server_new(stage->settings, &stage->server), ==, 0);
        g_assert_cmpint(ban_book_open(stage->settings, &errors, &stage->book), ==, 0);
        g_assert_cmpint(sd_event_new(&stage->event), >=, 0);
        g_assert_cmpint(ban_rules_new(stage->event, stage->server, &stage->book, &stage->rules), ==,
                        0);
        config_errors_done(&errors);
}

static void stage_end(Stage *stage)
{
        ban_rules_free(stage->rules);
        ban_book_done(&stage->book);
        server_free(stage->server);
        settings_unref(stage->settings);
        sd_event_unref(stage->event);
        g_unlink(stage->conf);
        g_unlink(stage->own);
        g_assert_cmpint(g_rmdir(stage->folder), ==, 0);
        g_free(stage->folder);
        g_free(stage->conf);
        g_free(stage->own);
        g_unsetenv("STATE_DIRECTORY");
}

static void want(Stage *stage, const char *prefix, Offence offence)
{
        BanRequest request = {.offence = offence, .limit = {5, 600}};

        g_assert_cmpint(prefix_parse(prefix, &request.prefix), ==, 0);
        g_assert_true(ban_queue_push(server_plane(stage->server)->ban_queue, &request));
}

/* All that is to be done now. */
static unsigned turn(Stage *stage)
{
        unsigned n = 0;

        while (sd_event_run(stage->event, 0) > 0)
                n++;
        return n;
}

static void test_they_hold_with_a_reason_and_an_end(void)
{
        g_autofree char *text = NULL;
        uint64_t since = (uint64_t)time(NULL);
        Stage stage;
        Ban ban;

        stage_begin(&stage);
        ban_rules_set_duration(stage.rules, 3600);
        want(&stage, "192.0.2.7", OFFENCE_LOGIN);
        want(&stage, "2001:db8::/64", OFFENCE_TAKEOVER);
        g_assert_cmpuint(turn(&stage), ==, 1);
        g_assert_cmpuint(ban_table_count(stage.book.own), ==, 2);
        for (unsigned i = 0; i < 2; i++) {
                ban = ban_table_at(stage.book.own, i);
                g_assert_cmpint(ban.kind, ==, BAN_ADDRESS);
                g_assert_cmpuint(ban.until, >=, since + 3600);
                g_assert_cmpuint(ban.until, <=, (uint64_t)time(NULL) + 3600);
                if (strcmp(ban.subject, "192.0.2.7") == 0)
                        g_assert_cmpstr(ban.reason, ==, "rule: 5 failed logins within 600 seconds");
                else
                        g_assert_cmpstr(ban.reason, ==,
                                        "rule: 5 refused takeovers within 600 seconds");
        }
        g_assert_true(g_file_get_contents(stage.own, &text, NULL, NULL));
        g_assert_nonnull(strstr(text, "address 192.0.2.7 2"));
        g_assert_cmpint(ban_book_remove(&stage.book, stage.server, BAN_ADDRESS, "192.0.2.7"), ==,
                        0);
        stage_end(&stage);
}

static void test_without_a_duration_they_are_for_good(void)
{
        Stage stage;

        stage_begin(&stage);
        want(&stage, "192.0.2.7", OFFENCE_REFUSED);
        turn(&stage);
        g_assert_true(ban_table_at(stage.book.own, 0).until == BAN_FOR_GOOD);
        stage_end(&stage);
}

static void test_a_longer_ban_stays(void)
{
        const Ban ban = {BAN_ADDRESS, "192.0.2.7", BAN_FOR_GOOD, "by hand"};
        Stage stage;

        stage_begin(&stage);
        ban_rules_set_duration(stage.rules, 60);
        g_assert_cmpint(ban_book_add(&stage.book, stage.server, &ban), ==, 0);
        want(&stage, "192.0.2.7", OFFENCE_LOGIN);
        turn(&stage);
        g_assert_cmpuint(ban_table_count(stage.book.own), ==, 1);
        g_assert_cmpstr(ban_table_at(stage.book.own, 0).reason, ==, "by hand");
        stage_end(&stage);
}

/* A flood of them is no flood of tables: what comes in the pause waits for its end. */
static void test_many_are_one_change(void)
{
        Stage stage;

        stage_begin(&stage);
        for (unsigned i = 0; i < 1000; i++) {
                g_autofree char *text = g_strdup_printf("10.0.%u.%u", i / 250, i % 250);

                want(&stage, text, OFFENCE_LOGIN);
        }
        g_assert_cmpuint(turn(&stage), ==, 1);
        g_assert_cmpuint(ban_table_count(stage.book.own), ==, 1000);
        want(&stage, "192.0.2.7", OFFENCE_LOGIN);
        g_assert_cmpuint(turn(&stage), ==, 0);
        g_assert_cmpuint(ban_table_count(stage.book.own), ==, 1000);
        while (ban_table_count(stage.book.own) == 1000)
                g_assert_cmpint(sd_event_run(stage.event, 10 * G_USEC_PER_SEC), >, 0);
        g_assert_cmpuint(ban_table_count(stage.book.own), ==, 1001);
        stage_end(&stage);
}

static void test_there_is_an_end_to_them(void)
{
        const Ban ban = {BAN_USER, "eve", BAN_FOR_GOOD, ""};
        BanTable *many = NULL;
        Stage stage;

        stage_begin(&stage);
        g_assert_cmpint(ban_table_new(&many), ==, 0);
        for (unsigned i = 0; i < 65536; i++) {
                char name[16];

                g_snprintf(name, sizeof(name), "u%u", i);
                g_assert_cmpint(ban_table_put(many, &(Ban){BAN_USER, name, BAN_FOR_GOOD, ""}), ==,
                                0);
        }
        g_assert_cmpint(ban_book_add_all(&stage.book, stage.server, many), ==, 0);
        want(&stage, "192.0.2.7", OFFENCE_LOGIN);
        turn(&stage);
        g_assert_cmpuint(ban_table_count(stage.book.own), ==, 65536);
        g_assert_cmpint(ban_book_add(&stage.book, stage.server, &ban), ==, 0); /* by hand */
        ban_table_unref(many);
        stage_end(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/control/ban-rules/they-hold-with-a-reason-and-an-end",
                        test_they_hold_with_a_reason_and_an_end);
        g_test_add_func("/control/ban-rules/without-a-duration-they-are-for-good",
                        test_without_a_duration_they_are_for_good);
        g_test_add_func("/control/ban-rules/a-longer-ban-stays", test_a_longer_ban_stays);
        g_test_add_func("/control/ban-rules/many-are-one-change", test_many_are_one_change);
        g_test_add_func("/control/ban-rules/there-is-an-end-to-them", test_there_is_an_end_to_them);
        return g_test_run();
}
