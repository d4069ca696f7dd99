/* SPDX-License-Identifier: Apache-2.0 */

/* The text of a password file: read, changed, written in one piece. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/password-file.h"

typedef struct Fixture {
        char *folder, *path;
} Fixture;

static void set_up(Fixture *fixture, const void *data)
{
        fixture->folder = g_dir_make_tmp("hawker-XXXXXX", NULL);
        fixture->path = g_build_filename(fixture->folder, "passwords", NULL);
}

static void tear_down(Fixture *fixture, const void *data)
{
        g_unlink(fixture->path);
        g_assert_cmpint(g_rmdir(fixture->folder), ==, 0); /* nothing else was left there */
        g_free(fixture->path);
        g_free(fixture->folder);
}

static void put(const Fixture *fixture, const char *text)
{
        g_assert_true(g_file_set_contents(fixture->path, text, -1, NULL));
}

static char *text_of(const Fixture *fixture)
{
        char *text = NULL;

        g_assert_true(g_file_get_contents(fixture->path, &text, NULL, NULL));
        return text;
}

static PasswordFile *read_file(const Fixture *fixture)
{
        PasswordFile *file = NULL;

        g_assert_cmpint(password_file_read(fixture->path, &file), ==, 0);
        return file;
}

static void assert_bytes(Bytes bytes, const char *text)
{
        g_assert_cmpmem(bytes.data, bytes.length, text, strlen(text));
}

static void test_lines(Fixture *fixture, const void *data)
{
        _cleanup_(password_file_freep) PasswordFile *file = NULL;

        put(fixture, "# users\n\n  alice \t: $6$x \r\nno colon\nbob:with:colon\n:nobody");
        file = read_file(fixture);
        g_assert_cmpuint(password_file_n_lines(file), ==, 6);
        g_assert_null(password_file_line(file, 0).user.data);
        g_assert_null(password_file_line(file, 1).user.data);
        assert_bytes(password_file_line(file, 2).user, "alice");
        assert_bytes(password_file_line(file, 2).hash, "$6$x");
        g_assert_null(password_file_line(file, 3).user.data);
        assert_bytes(password_file_line(file, 4).user, "bob");
        assert_bytes(password_file_line(file, 4).hash, "with:colon");
        g_assert_nonnull(password_file_line(file, 5).user.data);
        g_assert_cmpuint(password_file_line(file, 5).user.length, ==, 0);
}

static void test_set_and_remove(Fixture *fixture, const void *data)
{
        _cleanup_(password_file_freep) PasswordFile *file = NULL;
        g_autofree char *text = NULL;

        put(fixture, "# users\nalice:1\n\nbob:2\nalice:3");
        file = read_file(fixture);
        g_assert_cmpint(password_file_set(file, BYTES_LITERAL("bob"), BYTES_LITERAL("22")), ==, 0);
        g_assert_cmpint(password_file_set(file, BYTES_LITERAL("carol"), BYTES_LITERAL("4")), ==, 0);
        g_assert_true(password_file_remove(file, BYTES_LITERAL("alice")));
        g_assert_false(password_file_remove(file, BYTES_LITERAL("alice")));
        g_assert_cmpint(password_file_write(file, fixture->path), ==, 0);
        text = text_of(fixture);
        g_assert_cmpstr(text, ==, "# users\n\nbob:22\ncarol:4\n");
}

static void test_impossible_names(Fixture *fixture, const void *data)
{
        static const char *const names[] = {"", "#x", "a:b", " a", "a ", "a\nb"};
        _cleanup_(password_file_freep) PasswordFile *file = NULL;

        g_assert_cmpint(password_file_new(&file), ==, 0);
        g_assert_true(password_file_can_hold(BYTES_LITERAL("a b")));
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_assert_false(password_file_can_hold(bytes_from_string(names[i])));
                g_assert_cmpint(
                        password_file_set(file, bytes_from_string(names[i]), BYTES_LITERAL("1")),
                        ==, -EINVAL);
        }
        g_assert_cmpint(
                password_file_set(file, (Bytes){(const uint8_t *)"a\0b", 3}, BYTES_LITERAL("1")),
                ==, -EINVAL);
        g_assert_cmpuint(password_file_n_lines(file), ==, 0);
}

static void test_find(Fixture *fixture, const void *data)
{
        _cleanup_(password_file_freep) PasswordFile *file = NULL;

        put(fixture, "# bob:x\nalice:1\nbob:2\nalice:3\n:4\n");
        file = read_file(fixture);
        g_assert_cmpuint(password_file_find(file, BYTES_LITERAL("alice")), ==, 1);
        g_assert_cmpuint(password_file_find(file, BYTES_LITERAL("bob")), ==, 2);
        g_assert_cmpuint(password_file_find(file, BYTES_LITERAL("")), ==, 4);
        g_assert_cmpuint(password_file_find(file, BYTES_LITERAL("carol")), ==, 5);
}

static mode_t mode_of(const char *path)
{
        struct stat status;

        g_assert_cmpint(stat(path, &status), ==, 0);
        return status.st_mode & 07777;
}

static void test_modes(Fixture *fixture, const void *data)
{
        _cleanup_(password_file_freep) PasswordFile *file = NULL;

        g_assert_cmpint(password_file_new(&file), ==, 0);
        g_assert_cmpint(password_file_set(file, BYTES_LITERAL("a"), BYTES_LITERAL("1")), ==, 0);
        g_assert_cmpint(password_file_write(file, fixture->path), ==, 0);
        g_assert_cmpint(mode_of(fixture->path), ==, 0600);
        g_assert_cmpint(chmod(fixture->path, 0644), ==, 0);
        g_assert_cmpint(password_file_write(file, fixture->path), ==, 0);
        g_assert_cmpint(mode_of(fixture->path), ==, 0640); /* never for all */
}

static void test_link(Fixture *fixture, const void *data)
{
        _cleanup_(password_file_freep) PasswordFile *file = NULL;
        g_autofree char *link = g_build_filename(fixture->folder, "link", NULL);
        g_autofree char *text = NULL;

        put(fixture, "a:1\n");
        g_assert_cmpint(symlink("passwords", link), ==, 0);
        g_assert_cmpint(password_file_read(link, &file), ==, 0);
        g_assert_cmpint(password_file_set(file, BYTES_LITERAL("a"), BYTES_LITERAL("2")), ==, 0);
        g_assert_cmpint(password_file_write(file, link), ==, 0);
        text = text_of(fixture);
        g_assert_cmpstr(text, ==, "a:2\n");
        g_assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
        g_unlink(link);
}

/* The folder is the lock: a file that is not there yet is kept from others too. */
static void test_lock(Fixture *fixture, const void *data)
{
        g_autofree char *link = g_build_filename(fixture->folder, "link", NULL);
        int first = -1, second = -1;

        g_assert_cmpint(password_file_lock(fixture->path, true, &first), ==, 0);
        g_assert_cmpint(password_file_lock(fixture->path, false, &second), ==, -EWOULDBLOCK);
        put(fixture, "a:1\n");
        g_assert_cmpint(symlink("passwords", link), ==, 0);
        g_assert_cmpint(password_file_lock(link, false, &second), ==, -EWOULDBLOCK);
        g_assert_cmpint(second, ==, -1);
        close(first);
        g_assert_cmpint(password_file_lock(link, false, &second), ==, 0);
        close(second);
        g_unlink(link);
}

static void test_failures(Fixture *fixture, const void *data)
{
        PasswordFile *file = NULL;
        int lock = -1;
        g_autofree char *nowhere = g_build_filename(fixture->folder, "none", "passwords", NULL);

        g_assert_cmpint(password_file_read(fixture->path, &file), ==, -ENOENT);
        g_assert_cmpint(password_file_read(fixture->folder, &file), ==, -EISDIR);
        g_assert_true(g_file_set_contents(fixture->path, "a\0:1\n", 5, NULL));
        g_assert_cmpint(password_file_read(fixture->path, &file), ==, -EBADMSG);
        g_assert_null(file);
        g_assert_cmpint(password_file_new(&file), ==, 0);
        g_assert_cmpint(password_file_write(file, nowhere), ==, -ENOENT);
        g_assert_cmpint(password_file_lock(nowhere, false, &lock), ==, -ENOENT);
        g_assert_cmpint(lock, ==, -1);
        password_file_free(file);
}

#define ADD(name, function)                                                                        \
        g_test_add("/access/password-file/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        ADD("lines", test_lines);
        ADD("set-and-remove", test_set_and_remove);
        ADD("impossible-names", test_impossible_names);
        ADD("written-for-nobody-else", test_modes);
        ADD("through-a-link", test_link);
        ADD("find", test_find);
        ADD("lock", test_lock);
        ADD("failures", test_failures);
        return g_test_run();
}
