/* SPDX-License-Identifier: Apache-2.0 */

/* The pid file: what is in it, who may read it, and whose it is. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/pid-file.h"

typedef struct Folder {
        char *folder, *path;
} Folder;

static void folder_set_up(Folder *folder, gconstpointer data)
{
        folder->folder = g_dir_make_tmp("hawker-XXXXXX", NULL);
        folder->path = g_build_filename(folder->folder, "pid", NULL);
}

static void folder_tear_down(Folder *folder, gconstpointer data)
{
        g_unlink(folder->path);
        g_assert_cmpint(g_rmdir(folder->folder), ==, 0);
        g_free(folder->path);
        g_free(folder->folder);
}

static void test_write_replaces_and_all_may_read(Folder *folder, gconstpointer data)
{
        g_autofree char *wanted = g_strdup_printf("%d\n", (int)getpid());
        g_autofree char *text = NULL;
        mode_t before = umask(0077);
        struct stat status;

        g_assert_true(g_file_set_contents(folder->path, "1234567890123", -1, NULL));
        g_assert_cmpint(pid_file_write(folder->path), ==, 0);
        umask(before);
        g_assert_true(g_file_get_contents(folder->path, &text, NULL, NULL));
        g_assert_cmpstr(text, ==, wanted);
        g_assert_cmpint(stat(folder->path, &status), ==, 0);
        g_assert_cmpuint(status.st_mode & 0777, ==, 0644);
}

static void test_write_follows_no_link(Folder *folder, gconstpointer data)
{
        g_autofree char *target = g_build_filename(folder->folder, "target", NULL);

        g_assert_cmpint(symlink(target, folder->path), ==, 0);
        g_assert_cmpint(pid_file_write(folder->path), ==, -ELOOP);
        g_assert_false(g_file_test(target, G_FILE_TEST_EXISTS));
}

static void test_remove_takes_only_the_own(Folder *folder, gconstpointer data)
{
        pid_file_remove(folder->path);
        g_assert_true(g_file_set_contents(folder->path, "1\n", -1, NULL));
        pid_file_remove(folder->path);
        g_assert_true(g_file_test(folder->path, G_FILE_TEST_EXISTS));
        g_assert_cmpint(pid_file_write(folder->path), ==, 0);
        pid_file_remove(folder->path);
        g_assert_false(g_file_test(folder->path, G_FILE_TEST_EXISTS));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add("/control/pid-file/write-replaces-and-all-may-read", Folder, NULL, folder_set_up,
                   test_write_replaces_and_all_may_read, folder_tear_down);
        g_test_add("/control/pid-file/write-follows-no-link", Folder, NULL, folder_set_up,
                   test_write_follows_no_link, folder_tear_down);
        g_test_add("/control/pid-file/remove-takes-only-the-own", Folder, NULL, folder_set_up,
                   test_remove_takes_only_the_own, folder_tear_down);
        return g_test_run();
}
