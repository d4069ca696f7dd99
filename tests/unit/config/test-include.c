/* SPDX-License-Identifier: Apache-2.0 */
/* test-include.c: include_dir */
#include "attempt.h"

#include <glib/gstdio.h>

typedef struct Folder {
        char *path;
} Folder;

static Folder folder_new(void)
{
        Folder f = {g_dir_make_tmp("hawker-config-XXXXXX", NULL)};

        g_assert_nonnull(f.path);
        return f;
}

static void folder_write(const Folder *f, const char *name, const char *text)
{
        g_autofree char *path = g_build_filename(f->path, name, NULL);

        g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void folder_done(Folder *f)
{
        GDir *dir = g_dir_open(f->path, 0, NULL);
        const char *name;

        while ((name = g_dir_read_name(dir))) {
                g_autofree char *path = g_build_filename(f->path, name, NULL);

                g_remove(path);
        }
        g_dir_close(dir);
        g_rmdir(f->path);
        g_free(f->path);
}

/* The text, with each % replaced by the folder. */
static Attempt attempt_in(const Folder *f, const char *format)
{
        g_auto(GStrv) parts = g_strsplit(format, "%", -1);
        g_autofree char *text = g_strjoinv(f->path, parts);

        return attempt(text);
}

static void test_order(void)
{
        Folder f = folder_new();
        Attempt a;

        folder_write(&f, "b.conf", "listener 3\n");
        folder_write(&f, "B.conf", "listener 2\n");
        folder_write(&f, "a2.conf", "listener 1\n");
        folder_write(&f, "c.conf", "listener 5\n");
        folder_write(&f, "bb.conf", "listener 4\n");
        a = attempt_in(&f, "include_dir %\nlistener 6\n");
        g_assert_cmpint(a.result, ==, 0);
        g_assert_cmpuint(a.settings->n_listeners, ==, 6);
        for (unsigned i = 0; i < 6; i++)
                g_assert_cmpuint(a.settings->listeners[i].port, ==, i + 1);
        attempt_done(&a);
        folder_done(&f);
}

static void test_only_conf_files(void)
{
        Folder f = folder_new();
        Attempt a;

        folder_write(&f, ".conf", "bogus\n");
        folder_write(&f, "a.conf.bak", "bogus\n");
        folder_write(&f, "aconf", "bogus\n");
        folder_write(&f, "x.conf", "max_keepalive 5\n");
        a = attempt_in(&f, "include_dir %/\n");
        g_assert_cmpint(a.result, ==, 0);
        g_assert_cmpuint(a.settings->max_keepalive, ==, 5);
        attempt_done(&a);
        folder_done(&f);
}

static void test_at_its_position(void)
{
        Folder f = folder_new();
        Attempt a;

        folder_write(&f, "x.conf", "max_keepalive 5\nsys_interval 5\n");
        a = attempt_in(&f, "max_keepalive 4\ninclude_dir %\nsys_interval 6\n");
        g_assert_cmpuint(a.settings->max_keepalive, ==, 5);
        g_assert_cmpuint(a.settings->sys_interval, ==, 6);
        attempt_done(&a);
        folder_done(&f);
}

static void test_sections_are_per_file(void)
{
        Folder f = folder_new();
        Attempt a;

        folder_write(&f, "x.conf", "max_connections 7\n");
        folder_write(&f, "y.conf", "listener 1885\nmax_connections 8\n");
        a = attempt_in(&f, "listener 1884\ninclude_dir %\nmax_connections 9\n");
        g_assert_cmpint(a.result, ==, 0);
        g_assert_cmpuint(a.settings->n_listeners, ==, 3);
        g_assert_cmpint(a.settings->listeners[0].max_connections, ==, 9);
        g_assert_cmpint(a.settings->listeners[1].max_connections, ==, 8);
        g_assert_cmpuint(a.settings->listeners[2].port, ==, 1883);
        g_assert_cmpint(a.settings->listeners[2].max_connections, ==, 7);
        attempt_done(&a);
        folder_done(&f);
}

static void test_errors_name_the_file(void)
{
        Folder f = folder_new();
        g_autofree char *path = g_build_filename(f.path, "x.conf", NULL);
        Attempt a;

        folder_write(&f, "x.conf", "\nmount_point a/\n");
        a = attempt_in(&f, "listener 1\ninclude_dir %\n");
        g_assert_cmpint(a.result, ==, -EINVAL);
        g_assert_cmpstr(a.errors.items[0].file, ==, path);
        g_assert_cmpuint(a.errors.items[0].line, ==, 2);
        attempt_done(&a);
        folder_done(&f);
}

static void test_not_in_included_file(void)
{
        Folder f = folder_new();
        Attempt a;

        folder_write(&f, "x.conf", "include_dir /tmp\n");
        a = attempt_in(&f, "include_dir %\n");
        g_assert_cmpint(a.result, ==, -EINVAL);
        g_assert_nonnull(strstr(a.errors.items[0].text, "main file only"));
        attempt_done(&a);
        folder_done(&f);
}

static void test_unreadable_file(void)
{
        Folder f = folder_new();
        g_autofree char *path = g_build_filename(f.path, "x.conf", NULL);
        Attempt a;

        g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
        a = attempt_in(&f, "include_dir %\n");
        g_assert_cmpint(a.result, ==, -EINVAL);
        g_assert_nonnull(strstr(a.errors.items[0].text, "cannot be read"));
        attempt_done(&a);
        folder_done(&f);
}

static void test_empty_folder(void)
{
        Folder f = folder_new();
        Attempt a = attempt_in(&f, "include_dir %\n");

        g_assert_cmpint(a.result, ==, 0);
        attempt_done(&a);
        folder_done(&f);
}

static void test_main_file(void)
{
        Folder f = folder_new();
        g_autofree char *path = g_build_filename(f.path, "main", NULL);
        SettingsSource source = {.file = path};
        ConfigErrors errors = CONFIG_ERRORS_INIT;
        Settings *settings = NULL;

        folder_write(&f, "main", "\nlistener 1883 127.0.0.1\n");
        g_assert_cmpint(settings_load(&source, &settings, &errors), ==, 0);
        g_assert_cmpstr(settings->listeners[0].where.file, ==, path);
        g_assert_cmpuint(settings->listeners[0].where.line, ==, 2);
        settings_unref(settings);
        folder_done(&f);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/config/include/order", test_order);
        g_test_add_func("/config/include/only-conf-files", test_only_conf_files);
        g_test_add_func("/config/include/at-its-position", test_at_its_position);
        g_test_add_func("/config/include/sections-are-per-file", test_sections_are_per_file);
        g_test_add_func("/config/include/errors-name-the-file", test_errors_name_the_file);
        g_test_add_func("/config/include/not-in-included-file", test_not_in_included_file);
        g_test_add_func("/config/include/unreadable-file", test_unreadable_file);
        g_test_add_func("/config/include/empty-folder", test_empty_folder);
        g_test_add_func("/config/include/main-file", test_main_file);
        return g_test_run();
}
