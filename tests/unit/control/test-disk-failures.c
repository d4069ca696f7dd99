/* SPDX-License-Identifier: Apache-2.0 */

/* Twice in ten minutes is often. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "control/disk-failures.h"

#define NOW UINT64_C(1700000000)

typedef struct Fixture {
        char *folder, *file;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
        fixture->folder = g_dir_make_tmp("hawker-XXXXXX", NULL);
        fixture->file = g_build_filename(fixture->folder, "disk-failures", NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
        g_unlink(fixture->file);
        g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
        g_free(fixture->folder);
        g_free(fixture->file);
}

static void test_twice(Fixture *fixture, gconstpointer data)
{
        const char *folder = fixture->folder;

        g_assert_false(disk_failures_are_frequent(folder, NOW));
        g_assert_cmpint(disk_failures_add(folder, NOW), ==, 0);
        g_assert_false(disk_failures_are_frequent(folder, NOW));
        g_assert_cmpint(disk_failures_add(folder, NOW + 599), ==, 0);
        g_assert_true(disk_failures_are_frequent(folder, NOW + 600));
        g_assert_true(disk_failures_are_frequent(folder, NOW + 599 + 599));
        g_assert_false(disk_failures_are_frequent(folder, NOW + 599 + 600));
}

static void test_seldom(Fixture *fixture, gconstpointer data)
{
        const char *folder = fixture->folder;

        for (unsigned i = 0; i < 5; i++) {
                g_assert_cmpint(disk_failures_add(folder, NOW + i * 600), ==, 0);
                g_assert_false(disk_failures_are_frequent(folder, NOW + i * 600));
        }
        /* Those that count are the last two. */
        g_assert_cmpint(disk_failures_add(folder, NOW + 4 * 600 + 1), ==, 0);
        g_assert_true(disk_failures_are_frequent(folder, NOW + 4 * 600 + 2));
}

static void test_no_memory_of_it(Fixture *fixture, gconstpointer data)
{
        g_assert_cmpint(disk_failures_add(NULL, NOW), ==, -ENOENT);
        g_assert_false(disk_failures_are_frequent(NULL, NOW));
        g_assert_cmpint(disk_failures_add("/nonexistent", NOW), ==, -ENOENT);
        g_assert_true(g_file_set_contents(fixture->file, "what is this", -1, NULL));
        g_assert_false(disk_failures_are_frequent(fixture->folder, NOW));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add("/control/disk-failures/twice", Fixture, NULL, set_up, test_twice, tear_down);
        g_test_add("/control/disk-failures/seldom", Fixture, NULL, set_up, test_seldom, tear_down);
        g_test_add("/control/disk-failures/no-memory-of-it", Fixture, NULL, set_up,
                   test_no_memory_of_it, tear_down);
        return g_test_run();
}
