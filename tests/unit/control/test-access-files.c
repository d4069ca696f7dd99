/* SPDX-License-Identifier: Apache-2.0 */

/* The password and ACL files of listeners. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>

#include "control/access-files.h"
#include "credential-stage.h"

#define USER                                                                                       \
        "user:$6$jZ3u5vjXWoUkJkdr$"                                                                \
        "pgcwLli4hLHR1He7q6K4Dn9EbZkpR0AQ0zfsQ6eGXSf2bhqEyHIuHbdvnxJbhKVg"                         \
        "JNyKvqDe9M6fwW6gwpV4RQ==\n"
#define RULE "topic a\n"

/* Both files, in lines 5 and 6. */
static char *naming_both(const Stage *stage)
{
        return g_strdup_printf("password_file %s/users\nacl_file %s/rules\n", stage->files,
                               stage->files);
}

static void put_both(const Stage *stage, const char *users, const char *rules)
{
        stage_put(stage_at(stage->files, "users"), users);
        stage_put(stage_at(stage->files, "rules"), rules);
}

/* As the service: root's files are closed to it. */
static int load(Stage *stage, const Settings *settings, AccessPolicy **ret)
{
        const bool is_root = geteuid() == 0;
        AccessFiles files = {};
        int r;

        stage_forget_errors(stage);
        if (is_root)
                g_assert_true(setgroups(0, NULL) == 0 && setegid(NOBODY) == 0 &&
                              seteuid(NOBODY) == 0);
        r = access_files_policy(&files, settings, &settings->listeners[0], &stage->errors, ret);
        if (is_root)
                g_assert_true(seteuid(0) == 0 && setegid(0) == 0);
        access_files_done(&files);
        return r;
}

static void test_a_file_is_read_once_for_all_listeners(void)
{
        _cleanup_(access_policy_unrefp) AccessPolicy *first = NULL, *second = NULL;
        _cleanup_(settings_unrefp) Settings *settings = NULL;
        g_autofree char *both = NULL, *more = NULL;
        AccessFiles files = {};
        Stage stage;

        stage_init(&stage);
        put_both(&stage, USER, RULE);
        both = naming_both(&stage);
        more = g_strconcat(both, "listener 1\n", NULL);
        settings = stage_parse(&stage, more);
        g_assert_cmpuint(settings->n_listeners, ==, 2);
        g_assert_cmpint(access_files_policy(&files, settings, &settings->listeners[0],
                                            &stage.errors, &first),
                        ==, 0);
        /* The second one would not find it. */
        put_both(&stage, "rubbish:x\n", "rubbish\n");
        g_assert_cmpint(access_files_policy(&files, settings, &settings->listeners[1],
                                            &stage.errors, &second),
                        ==, 0);
        g_assert_true(first->parts.passwords == second->parts.passwords);
        g_assert_true(first->parts.acl == second->parts.acl);
        g_assert_cmpuint(stage.errors.n_errors, ==, 0);
        access_files_done(&files);
        stage_done(&stage);
}

static void test_every_error_is_told_once(void)
{
        _cleanup_(settings_unrefp) Settings *settings = NULL;
        g_autofree char *both = NULL;
        AccessPolicy *policy = NULL;
        AccessFiles files = {};
        Stage stage;

        stage_init(&stage);
        put_both(&stage, USER "other:rubbish\n", "topic a\nrubbish\n");
        both = naming_both(&stage);
        settings = stage_parse(&stage, both);
        for (unsigned i = 0; i < 2; i++)
                g_assert_cmpint(access_files_policy(&files, settings, &settings->listeners[0],
                                                    &stage.errors, &policy),
                                ==, -EKEYREJECTED);
        g_assert_null(policy);
        g_assert_cmpuint(stage.errors.n_errors, ==, 2);
        for (size_t i = 0; i < stage.errors.n_items; i++) {
                const ConfigError *error = &stage.errors.items[i];

                if (error->severity != CONFIG_ERROR)
                        continue;
                g_assert_cmpuint(error->line, ==, 2);
                g_assert_true(g_str_has_suffix(error->file, "/users") ||
                              g_str_has_suffix(error->file, "/rules"));
        }
        access_files_done(&files);
        stage_done(&stage);
}

static void test_a_missing_file_is_blamed_on_the_line_that_names_it(void)
{
        _cleanup_(settings_unrefp) Settings *settings = NULL;
        g_autofree char *both = NULL;
        AccessPolicy *policy = NULL;
        Stage stage;

        stage_init(&stage);
        both = naming_both(&stage);
        settings = stage_parse(&stage, both);
        g_assert_cmpint(g_chmod(stage.files, 0755), ==, 0);
        g_assert_cmpint(load(&stage, settings, &policy), ==, -EKEYREJECTED);
        g_assert_null(policy);
        g_assert_cmpuint(stage.errors.n_errors, ==, 2);
        stage_assert_told(&stage, 5, "/users: It cannot be read: No such file");
        g_assert_cmpuint(stage.errors.items[1].line, ==, 6);
        stage_done(&stage);
}

/* Without files there is nothing to ask; an empty one is one. */
static void test_no_file_and_an_empty_one(void)
{
        _cleanup_(access_policy_unrefp) AccessPolicy *none = NULL, *empty = NULL;
        _cleanup_(settings_unrefp) Settings *without = NULL, *with = NULL;
        g_autofree char *both = NULL;
        AccessFiles files = {};
        Stage stage;

        stage_init(&stage);
        put_both(&stage, "", "");
        both = naming_both(&stage);
        without = stage_parse(&stage, "");
        with = stage_parse(&stage, both);
        g_assert_cmpint(
                access_files_policy(&files, without, &without->listeners[0], &stage.errors, &none),
                ==, 0);
        g_assert_null(none);
        g_assert_cmpint(
                access_files_policy(&files, with, &with->listeners[0], &stage.errors, &empty), ==,
                0);
        g_assert_cmpuint(passwords_count(empty->parts.passwords), ==, 0);
        g_assert_nonnull(empty->parts.acl);
        access_files_done(&files);
        stage_done(&stage);
}

static void test_what_only_root_may_read_is_read_from_its_copy(void)
{
        _cleanup_(access_policy_unrefp) AccessPolicy *policy = NULL;
        _cleanup_(settings_unrefp) Settings *settings = NULL;
        g_autofree char *both = NULL;
        Stage stage;

        stage_init(&stage);
        put_both(&stage, USER, RULE);
        both = naming_both(&stage);
        settings = stage_parse(&stage, both);
        g_assert_cmpint(stage_import_with(&stage, both), ==, 0);
        g_assert_true(stage_is_copied(&stage, "users"));
        g_assert_true(stage_is_copied(&stage, "rules"));
        g_assert_cmpint(g_chmod(stage_at(stage.files, "users"), 0), ==, 0);
        g_assert_cmpint(g_chmod(stage_at(stage.files, "rules"), 0), ==, 0);
        g_assert_cmpint(load(&stage, settings, &policy), ==, 0);
        g_assert_cmpuint(passwords_count(policy->parts.passwords), ==, 1);
        /* What is wrong in there is told of the file, not of its copy. */
        stage_put(stage_at(stage.files, "users"), "user:rubbish\n");
        g_assert_cmpint(stage_import_with(&stage, both), ==, 0);
        g_assert_cmpint(g_chmod(stage_at(stage.files, "users"), 0), ==, 0);
        policy = access_policy_unref(policy);
        g_assert_cmpint(load(&stage, settings, &policy), ==, -EKEYREJECTED);
        g_assert_cmpstr(stage.errors.items[0].file, ==, stage_at(stage.files, "users"));
        /* Without one the file itself is what cannot be read. */
        g_assert_cmpint(stage_import(&stage), ==, 0);
        g_assert_cmpint(load(&stage, settings, &policy), ==, -EKEYREJECTED);
        stage_assert_told(&stage, 5, "/users: It cannot be read: Permission denied");
        stage_done(&stage);
}

static void test_a_change_is_one_of_content(void)
{
        static const struct {
                const char *users, *rules;
                const char *option; /* NULL: nothing has changed */
        } cases[] = {
                {USER, RULE, NULL},
                {"# x\n" USER, RULE, "password_file"},
                {USER, RULE RULE, "acl_file"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                _cleanup_(access_policy_unrefp) AccessPolicy *before = NULL, *after = NULL;
                _cleanup_(settings_unrefp) Settings *settings = NULL;
                _cleanup_(changes_done) Changes changes = {};
                AccessFiles old = {}, new = {};
                g_autofree char *both = NULL;
                const ListenerSettings *of;
                Stage stage;

                stage_init(&stage);
                put_both(&stage, USER, RULE);
                both = naming_both(&stage);
                settings = stage_parse(&stage, both);
                of = &settings->listeners[0];
                g_assert_cmpint(access_files_policy(&old, settings, of, &stage.errors, &before), ==,
                                0);
                put_both(&stage, cases[i].users, cases[i].rules);
                g_assert_cmpint(access_files_policy(&new, settings, of, &stage.errors, &after), ==,
                                0);
                g_assert_true(access_policy_equal(before, after) == !cases[i].option);
                /* Of two listeners with the same file it is told once. */
                for (unsigned k = 0; k < 2; k++)
                        g_assert_cmpint(access_files_compare(settings, of, before, after, &changes),
                                        ==, 0);
                g_assert_cmpuint(changes.n, ==, cases[i].option != NULL);
                if (cases[i].option) {
                        g_assert_cmpstr(changes.items[0].option, ==, cases[i].option);
                        g_assert_null(changes.items[0].listener);
                }
                access_files_done(&old);
                access_files_done(&new);
                stage_done(&stage);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/control/access-files/a-file-is-read-once-for-all-listeners",
                        test_a_file_is_read_once_for_all_listeners);
        g_test_add_func("/control/access-files/every-error-is-told-once",
                        test_every_error_is_told_once);
        g_test_add_func("/control/access-files/a-missing-file-is-blamed-on-the-line-that-names-it",
                        test_a_missing_file_is_blamed_on_the_line_that_names_it);
        g_test_add_func("/control/access-files/no-file-and-an-empty-one",
                        test_no_file_and_an_empty_one);
        g_test_add_func("/control/access-files/what-only-root-may-read-is-read-from-its-copy",
                        test_what_only_root_may_read_is_read_from_its_copy);
        g_test_add_func("/control/access-files/a-change-is-one-of-content",
                        test_a_change_is_one_of_content);
        return g_test_run();
}
