/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A store's folder as it would be found if the process ended now.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store-fixture.h"

/* What is open stays as it is. The copy keeps what is not written as such. */
static inline void copy_file(const char *from, const char *to)
{
        int in = open(from, O_RDONLY | O_CLOEXEC);
        int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        off_t data = 0, end;
        struct stat stat;

        g_assert_cmpint(in, >=, 0);
        g_assert_cmpint(out, >=, 0);
        g_assert_cmpint(fstat(in, &stat), ==, 0);
        g_assert_cmpint(ftruncate(out, stat.st_size), ==, 0);
        while ((data = lseek(in, data, SEEK_DATA)) >= 0) {
                end = lseek(in, data, SEEK_HOLE);
                while (data < end)
                        g_assert_cmpint(copy_file_range(in, &data, out, &(loff_t){data},
                                                        (size_t)(end - data), 0),
                                        >, 0);
        }
        close(in);
        close(out);
}

/* Its options are those of the other; it is not open. */
static inline void fixture_copy(const Fixture *fixture, Fixture *ret_copy)
{
        g_autoptr(GDir) dir = g_dir_open(fixture->folder, 0, NULL);
        const char *name;

        *ret_copy = (Fixture){.options = fixture->options,
                              .folder = g_dir_make_tmp("hawker-store-XXXXXX", NULL)};
        g_assert_nonnull(ret_copy->folder);
        while ((name = g_dir_read_name(dir))) {
                g_autofree char *from = fixture_file(fixture, name);
                g_autofree char *to = fixture_file(ret_copy, name);

                if (strcmp(name, "reserve") != 0)
                        copy_file(from, to);
        }
}

/* How many files it has whose names begin so. */
static inline unsigned fixture_count(const Fixture *fixture, const char *prefix)
{
        g_autoptr(GDir) dir = g_dir_open(fixture->folder, 0, NULL);
        const char *name;
        unsigned n = 0;

        while ((name = g_dir_read_name(dir)))
                n += g_str_has_prefix(name, prefix);
        return n;
}
