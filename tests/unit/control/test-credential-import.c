/* SPDX-License-Identifier: Apache-2.0 */

/* Copies of the files of TLS: what root makes of them. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/credential-import.h"
#include "control/trusted-open.h"
#include "credential-stage.h"

/* --- what root opens --- */

static int try_trusted(const char *path)
{
        int fd = -1, r = trusted_open(path, &fd);

        if (fd >= 0)
                close(fd);
        return r;
}

static void test_links_are_followed(void)
{
        Stage stage;

        stage_init(&stage);
        g_assert_cmpint(symlink("files/../files", stage_at(stage.folder, "live")), ==, 0);
        /* Back to / leads only what is root's. */
        g_assert_cmpint(symlink(geteuid() == 0 ? stage_at(stage.folder, "live/key.pem") : "key.pem",
                                stage_at(stage.files, "link")),
                        ==, 0);
        g_assert_cmpint(symlink("loop", stage_at(stage.files, "loop")), ==, 0);
        g_assert_cmpint(try_trusted(stage_at(stage.folder, "live//./link")), ==, 0);
        g_assert_cmpint(try_trusted(stage_at(stage.files, "loop")), ==, -ELOOP);
        g_assert_cmpint(try_trusted(stage_at(stage.files, "none")), ==, -ENOENT);
        g_assert_cmpint(try_trusted(stage_at(stage.files, "key.pem/x")), ==, -ENOTDIR);
        g_assert_cmpint(chdir(stage.files), ==, 0);
        g_assert_cmpint(try_trusted("key.pem"), ==, 0);
        g_assert_cmpint(try_trusted("../files/key.pem"), ==, 0);
        g_assert_cmpint(chdir("/"), ==, 0);
        stage_done(&stage);
}

static void test_what_others_could_have_put_there_is_not_opened(void)
{
        Stage stage;

        if (geteuid() != 0) {
                g_test_skip("only root can");
                return;
        }
        stage_init(&stage);
        /* A link of another user, to an absolute path and to a neighbour. */
        g_assert_cmpint(symlink(stage_at(stage.files, "key.pem"), stage_at(stage.files, "far")), ==,
                        0);
        g_assert_cmpint(symlink("key.pem", stage_at(stage.files, "near")), ==, 0);
        g_assert_cmpint(lchown(stage_at(stage.files, "far"), NOBODY, NOBODY), ==, 0);
        g_assert_cmpint(lchown(stage_at(stage.files, "near"), NOBODY, NOBODY), ==, 0);
        g_assert_cmpint(try_trusted(stage_at(stage.files, "far")), ==, -EPERM);
        g_assert_cmpint(try_trusted(stage_at(stage.files, "near")), ==, -EPERM);
        /* A folder of another user: only that user's own. */
        stage_put(stage_at(stage.run, "own"), "x");
        stage_put(stage_at(stage.run, "roots"), "x");
        g_assert_cmpint(chown(stage_at(stage.run, "own"), NOBODY, NOBODY), ==, 0);
        g_assert_cmpint(try_trusted(stage_at(stage.run, "own")), ==, 0);
        g_assert_cmpint(try_trusted(stage_at(stage.run, "roots")), ==, -EPERM);
        g_assert_cmpint(try_trusted(stage_at(stage.run, "../files/key.pem")), ==, -EPERM);
        stage_done(&stage);
}

/* --- the copies --- */

static void test_all_files_are_copied(void)
{
        g_autofree char *copy = NULL, *more = NULL;
        struct stat status;
        Stage stage;

        stage_init(&stage);
        certificate_write(stage_at(stage.files, "ca.pem"), &stage.two, NULL);
        more = g_strdup_printf("cafile %s/ca.pem\n", stage.files);
        g_assert_cmpint(stage_import_with(&stage, more), ==, 0);
        g_assert_true(stage_is_copied(&stage, "cert.pem"));
        g_assert_true(stage_is_copied(&stage, "key.pem"));
        g_assert_true(stage_is_copied(&stage, "ca.pem"));
        copy = stage_copy_of(&stage, "key.pem");
        g_assert_cmpint(stat(copy, &status), ==, 0);
        g_assert_cmpuint(status.st_mode & 07777, ==, 0640);
        g_assert_cmpuint(status.st_uid, ==, geteuid());
        g_assert_cmpint(stat(stage.copies, &status), ==, 0);
        g_assert_cmpuint(status.st_mode & 07777, ==, 0750);
        if (geteuid() == 0)
                g_assert_cmpuint(status.st_gid, ==, NOBODY);
        /* Nothing else is left there; what is named no more goes. */
        g_assert_cmpuint(stage_entries_of(stage.run), ==, 1);
        g_assert_cmpint(stage_import(&stage), ==, 0);
        g_assert_cmpuint(stage_entries_of(stage.copies), ==, 2);
        g_assert_cmpuint(stage_entries_of(stage.run), ==, 1);
        stage_done(&stage);
}

static void test_what_is_in_them_is_not_judged(void)
{
        Stage stage;

        stage_init(&stage);
        stage_put_pair(&stage, &stage.one, &stage.two);
        stage_put(stage_at(stage.files, "cert.pem"), "-----BEGIN CERT");
        g_assert_cmpint(stage_import(&stage), ==, 0);
        g_assert_cmpuint(stage.errors.n_items, ==, 0);
        g_assert_true(stage_is_copied(&stage, "cert.pem"));
        g_assert_true(stage_is_copied(&stage, "key.pem"));
        stage_done(&stage);
}

static void test_what_is_missing_is_told_and_has_no_copy(void)
{
        Stage stage;

        stage_init(&stage);
        g_assert_cmpint(stage_import(&stage), ==, 0);
        g_assert_cmpint(g_unlink(stage_at(stage.files, "key.pem")), ==, 0);
        g_assert_cmpint(stage_import(&stage), ==, 0);
        g_assert_cmpuint(stage.errors.n_errors, ==, 0);
        stage_assert_told(&stage, 4, "key.pem cannot be copied for the service: No such file");
        g_assert_cmpuint(stage_entries_of(stage.copies), ==, 1);
        /* A pipe would keep root waiting. */
        g_assert_cmpint(mkfifo(stage_at(stage.files, "key.pem"), 0600), ==, 0);
        g_assert_cmpint(stage_import(&stage), ==, 0);
        stage_assert_told(&stage, 4, "it is not a regular file");
        stage_done(&stage);
}

static void test_a_folder_is_copied_with_its_files(void)
{
        g_autofree char *copy = NULL, *more = NULL;
        Stage stage;

        stage_init(&stage);
        g_mkdir(stage_at(stage.files, "ca"), 0700);
        g_mkdir(stage_at(stage.files, "ca/deeper"), 0700);
        certificate_write(stage_at(stage.files, "ca/one.pem"), &stage.one, NULL);
        g_assert_cmpint(symlink("one.pem", stage_at(stage.files, "ca/12345678.0")), ==, 0);
        g_assert_cmpint(symlink("nowhere", stage_at(stage.files, "ca/dangling")), ==, 0);
        more = g_strdup_printf("capath %s/ca\n", stage.files);
        g_assert_cmpint(stage_import_with(&stage, more), ==, 0);
        copy = stage_copy_of(&stage, "ca");
        g_assert_cmpuint(stage_entries_of(copy), ==, 2);
        g_assert_true(
                stage_is_same(stage_at(stage.files, "ca/one.pem"), stage_at(copy, "one.pem")));
        g_assert_true(
                stage_is_same(stage_at(stage.files, "ca/one.pem"), stage_at(copy, "12345678.0")));
        /* And goes again. */
        g_assert_cmpint(stage_import_with(&stage, more), ==, 0);
        g_assert_cmpint(stage_import(&stage), ==, 0);
        g_assert_cmpuint(stage_entries_of(stage.copies), ==, 2);
        g_assert_cmpuint(stage_entries_of(stage.run), ==, 1);
        stage_done(&stage);
}

static void test_without_tls_there_are_no_copies(void)
{
        _cleanup_(settings_unrefp) Settings *settings = NULL;
        Stage stage;

        stage_init(&stage);
        g_assert_cmpint(stage_import(&stage), ==, 0);
        g_assert_cmpint(settings_new_default((uint16_t[]){1883}, 1, &settings), ==, 0);
        g_assert_cmpint(credentials_import(settings, stage.run, &stage.errors), ==, 0);
        g_assert_cmpuint(stage_entries_of(stage.run), ==, 0);
        stage_done(&stage);
}

static bool is_there(const char *path)
{
        return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void test_what_the_service_puts_there_is_not_followed(void)
{
        static const char left[] = "tls.0123456789abcdef", other[] = "tls.123456789abcdef0";
        Stage stage;

        stage_init(&stage);
        g_assert_cmpint(symlink(stage.files, stage.copies), ==, 0);
        g_assert_cmpint(symlink(stage.files, stage_at(stage.run, other)), ==, 0);
        g_mkdir(stage_at(stage.run, left), 0755);
        stage_put(stage_at(stage.run, "tls.sock"), "");
        g_assert_cmpint(stage_import(&stage), ==, 0);
        g_assert_true(is_there(stage_at(stage.files, "key.pem")));
        g_assert_false(g_file_test(stage.copies, G_FILE_TEST_IS_SYMLINK));
        g_assert_true(stage_is_copied(&stage, "key.pem"));
        /* What was left behind is gone; what only looks like it is somebody's. */
        g_assert_false(is_there(stage_at(stage.run, left)));
        g_assert_true(is_there(stage_at(stage.run, other)));
        g_assert_true(is_there(stage_at(stage.run, "tls.sock")));
        stage_done(&stage);
}

static void test_a_folder_of_another_owner_makes_way(void)
{
        Stage stage;

        stage_init(&stage);
        g_mkdir(stage.copies, 0755);
        g_mkdir(stage_at(stage.copies, "x"), 0755);
        stage_put(stage_at(stage.copies, "x/y"), "");
        if (geteuid() == 0)
                g_assert_cmpint(chown(stage.copies, NOBODY, NOBODY), ==, 0);
        g_assert_cmpint(stage_import(&stage), ==, 0);
        g_assert_cmpuint(stage_entries_of(stage.copies), ==, 2);
        g_assert_cmpuint(stage_entries_of(stage.run), ==, 1);
        stage_done(&stage);
}

static void test_one_at_a_time(void)
{
        Stage stage;
        int fd;

        stage_init(&stage);
        fd = open(stage.run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        g_assert_cmpint(flock(fd, LOCK_EX), ==, 0);
        g_assert_cmpint(stage_import(&stage), ==, -EWOULDBLOCK);
        close(fd);
        g_assert_cmpint(stage_import(&stage), ==, 0);
        stage_done(&stage);
}

static void test_only_a_safe_way_leads_to_files_of_root(void)
{
        g_autofree char *more = NULL;
        Stage stage;

        if (geteuid() != 0) {
                g_test_skip("only root can");
                return;
        }
        stage_init(&stage);
        stage_put(stage_at(stage.folder, "shadow"), "secret");
        g_assert_cmpint(symlink(stage_at(stage.folder, "shadow"), stage_at(stage.run, "psk")), ==,
                        0);
        g_assert_cmpint(lchown(stage_at(stage.run, "psk"), NOBODY, NOBODY), ==, 0);
        more = g_strdup_printf("psk_file %s/psk\n", stage.run);
        g_assert_cmpint(stage_import_with(&stage, more), ==, 0);
        stage_assert_told(&stage, 5, "who could have put it there");
        g_assert_cmpuint(stage_entries_of(stage.copies), ==, 2);
        /* What the service can read anyway may be anywhere. */
        g_chmod(stage_at(stage.folder, "shadow"), 0644);
        g_assert_cmpint(stage_import_with(&stage, more), ==, 0);
        g_assert_cmpuint(stage_entries_of(stage.copies), ==, 3);
        g_assert_cmpuint(geteuid(), ==, 0);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/control/credential-import/links-are-followed", test_links_are_followed);
        g_test_add_func("/control/credential-import/what-others-could-have-put-there-is-not-opened",
                        test_what_others_could_have_put_there_is_not_opened);
        g_test_add_func("/control/credential-import/all-files-are-copied",
                        test_all_files_are_copied);
        g_test_add_func("/control/credential-import/what-is-in-them-is-not-judged",
                        test_what_is_in_them_is_not_judged);
        g_test_add_func("/control/credential-import/what-is-missing-is-told-and-has-no-copy",
                        test_what_is_missing_is_told_and_has_no_copy);
        g_test_add_func("/control/credential-import/a-folder-is-copied-with-its-files",
                        test_a_folder_is_copied_with_its_files);
        g_test_add_func("/control/credential-import/without-tls-there-are-no-copies",
                        test_without_tls_there_are_no_copies);
        g_test_add_func("/control/credential-import/what-the-service-puts-there-is-not-followed",
                        test_what_the_service_puts_there_is_not_followed);
        g_test_add_func("/control/credential-import/a-folder-of-another-owner-makes-way",
                        test_a_folder_of_another_owner_makes_way);
        g_test_add_func("/control/credential-import/one-at-a-time", test_one_at_a_time);
        g_test_add_func("/control/credential-import/only-a-safe-way-leads-to-files-of-root",
                        test_only_a_safe_way_leads_to_files_of_root);
        return g_test_run();
}
