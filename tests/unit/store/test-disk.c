/* SPDX-License-Identifier: Apache-2.0 */
/* test-disk.c: whose the files are, what is refused, and what a disk that fails does. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "store-fixture.h"

/* LMDB's calls come here before they come to the C library. */
static int sync_error;

__attribute__((visibility("default"))) int fdatasync(int fd)
{
        if (sync_error) {
                errno = sync_error;
                return -1;
        }
        return (int)syscall(SYS_fdatasync, fd);
}

static unsigned mode_of(const char *path)
{
        struct stat stat;

        g_assert_cmpint(lstat(path, &stat), ==, 0);
        return stat.st_mode & 07777;
}

static void test_private_whatever_the_umask(void)
{
        static const mode_t masks[] = {0, 0777, 022};
        static const char *const files[] = {"data.mdb", "lock.mdb", "owner"};

        for (size_t i = 0; i < G_N_ELEMENTS(masks); i++) {
                mode_t old = umask(masks[i]);
                Fixture fixture;

                fixture_init(&fixture, true);
                fixture.store = store_free(fixture.store);
                fixture_remove(&fixture); /* the store makes the folder too */
                g_assert_cmpint(store_open(fixture.folder, &fixture.options, &fixture.store), ==,
                                0);
                umask(old);
                g_assert_cmphex(mode_of(fixture.folder), ==, 0700);
                for (size_t j = 0; j < G_N_ELEMENTS(files); j++) {
                        g_autofree char *file = fixture_file(&fixture, files[j]);

                        g_assert_cmphex(mode_of(file), ==, 0600);
                        g_assert_cmpint(chmod(file, 0644), ==, 0);
                }
                g_assert_cmpint(chmod(fixture.folder, 0755), ==, 0);
                g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
                g_assert_cmphex(mode_of(fixture.folder), ==, 0700);
                for (size_t j = 0; j < G_N_ELEMENTS(files); j++) {
                        g_autofree char *file = fixture_file(&fixture, files[j]);

                        g_assert_cmphex(mode_of(file), ==, 0600);
                }
                fixture_done(&fixture);
        }
}

static void test_one_at_a_time(void)
{
        Fixture fixture;
        Store *second;

        fixture_init(&fixture, true);
        g_assert_cmpint(store_open(fixture.folder, &fixture.options, &second), ==, -EBUSY);
        g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
        fixture_done(&fixture);
}

static void test_follows_no_link(void)
{
        g_autofree char *link = NULL;
        Fixture fixture;
        Store *store;

        fixture_init(&fixture, true);
        link = g_strconcat(fixture.folder, "-link", NULL);
        fixture.store = store_free(fixture.store);
        g_assert_cmpint(symlink(fixture.folder, link), ==, 0);
        g_assert_cmpint(store_open(link, &fixture.options, &store), ==, -ENOTDIR);
        g_unlink(link);
        fixture_done(&fixture);
}

static void test_others_own_it(void)
{
        Fixture fixture;

        if (geteuid() != 0) {
                g_test_skip("not root");
                return;
        }
        fixture_init(&fixture, true);
        g_assert_cmpint(chown(fixture.folder, 1, 1), ==, 0);
        g_assert_cmpint(fixture_reopen(&fixture), ==, -EPERM);
        fixture_done(&fixture);
}

static void test_network_file_systems(void)
{
        g_assert_true(store_is_network(0x6969));
        g_assert_true(store_is_network(0xffffffffff534d42)); /* sign-extended where long is */
        g_assert_false(store_is_network(0xef53));            /* ext4 */
        g_assert_false(store_is_network(0x01021994));        /* tmpfs */
        g_assert_false(store_is_network(0x9123683e));        /* btrfs */
}

static void test_survives_and_knows_how_it_ended(void)
{
        g_autofree char *value = NULL;
        Fixture fixture;

        fixture_init(&fixture, true);
        g_assert_true(store_found(fixture.store).clean); /* it is new */
        put_one(fixture.store, TABLE_LOG, "a", "1");
        g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
        g_assert_false(store_found(fixture.store).clean);
        g_assert_cmpint(store_mark_clean(fixture.store), ==, 0);
        g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
        g_assert_true(store_found(fixture.store).clean);
        g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
        g_assert_false(store_found(fixture.store).clean);
        value = get_one(fixture.store, TABLE_LOG, "a");
        g_assert_cmpstr(value, ==, "1");
        fixture_done(&fixture);
}

static void test_newer_format(void)
{
        Fixture fixture;

        fixture_init(&fixture, true);
        fixture.options.format = 2;
        g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
        fixture.options.format = 1;
        g_assert_cmpint(fixture_reopen(&fixture), ==, -EPROTONOSUPPORT);
        fixture_done(&fixture);
}

static void test_backup_is_a_store(void)
{
        for (unsigned compact = 0; compact < 2; compact++) {
                g_autofree char *data = NULL, *value = NULL;
                Fixture from, to;
                int fd;

                fixture_init(&from, true);
                fixture_init(&to, true);
                put_one(from.store, TABLE_LOG, "a", "1");
                to.store = store_free(to.store);
                data = fixture_file(&to, "data.mdb");
                fd = open(data, O_WRONLY | O_TRUNC | O_CLOEXEC);
                g_assert_cmpint(fd, >=, 0);
                g_assert_cmpint(store_backup(from.store, fd, compact), ==, 0);
                close(fd);
                g_assert_cmpint(fixture_reopen(&to), ==, 0);
                value = get_one(to.store, TABLE_LOG, "a");
                g_assert_cmpstr(value, ==, "1");
                fixture_done(&from);
                fixture_done(&to);
        }
}

static void test_failed_sync_is_final(void)
{
        g_autofree char *before = NULL, *after = NULL;
        Fixture fixture;
        StoreTxn *txn;

        fixture_init(&fixture, true);
        put_one(fixture.store, TABLE_LOG, "before", "1");
        g_assert_cmpint(store_begin_write(fixture.store, &txn), ==, 0);
        g_assert_cmpint(store_put(txn, TABLE_LOG, text("after"), text("1")), ==, 0);
        sync_error = EIO;
        g_assert_cmpint(store_commit(txn), ==, -EIO);
        sync_error = 0;
        g_assert_cmpint(store_begin_write(fixture.store, &txn), ==, -EIO);
        /* What there was can still be read, and by the next one, written to. */
        before = get_one(fixture.store, TABLE_LOG, "before");
        g_assert_cmpstr(before, ==, "1");
        g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
        after = get_one(fixture.store, TABLE_LOG, "after");
        g_assert_null(after);
        put_one(fixture.store, TABLE_LOG, "after", "2");
        fixture_done(&fixture);
}

/* --- a disk that is full: in a child, with a file system of its own --- */

#define SMALL "size=12m"

/* Returns the number of the line that failed. */
#define expect(condition)                                                                          \
        do {                                                                                       \
                if (!(condition))                                                                  \
                        _exit(__LINE__ % 256);                                                     \
        } while (0)

/* Until nothing more goes in; with keys from this number on. Returns the next one. */
static unsigned fill(Store *store, unsigned first, bool ask)
{
        static const uint8_t big[256 * 1024];
        unsigned n;

        for (n = first; n < first + 1000; n++) {
                Bytes key = {(const uint8_t *)&n, sizeof(n)};
                StoreTxn *txn;
                int r;

                expect(store_begin_write(store, &txn) == 0);
                if (ask && store_room(txn, sizeof(big), 1) < 0) {
                        store_abort(txn);
                        break;
                }
                expect(store_put(txn, TABLE_LOG, key, (Bytes){big, sizeof(big)}) == 0);
                r = store_commit(txn);
                expect(r == 0 || r == -ENOSPC);
                if (r < 0)
                        break;
        }
        return n;
}

static void full_disk(const char *folder)
{
        g_autofree char *path = g_build_filename(folder, "store", NULL);
        StoreOptions options = {table_names, N_TABLES, 1, 0, false};
        Store *store;
        StoreTxn *txn;
        unsigned quota, full;
        size_t n;

        expect(store_open(path, &options, &store) == 0);
        quota = fill(store, 0, true);
        expect(quota >= 2 && quota <= 5); /* a tenth of 12 MiB, by 256 KiB */
        store_set_max_size(store, 1024 * 1024 * 1024);
        full = fill(store, quota, true);
        expect(full > 3 * quota && full < 48);   /* a twentieth stays free */
        expect(fill(store, full, false) > full); /* who does not ask comes to the end */
        /* What was committed stands, and can go: here after the room that is kept for it. */
        (void)store_give_reserve(store);
        expect(store_begin_write(store, &txn) == 0);
        expect(store_delete_before(txn, TABLE_LOG, (Bytes){(const uint8_t *)"\xff", 1}, 1000, &n) ==
               0);
        expect(n >= full);
        expect(store_commit(txn) == 0);
        put_one(store, TABLE_OTHER, "a",
                "1"); /* what a commit frees is used from the next but one on */
        put_one(store, TABLE_OTHER, "a", "2");
        expect(fill(store, 0, true) > 3 * quota);
        store_free(store);
        expect(store_open(path, &options, &store) == 0);
        store_free(store);
        _exit(0);
}

static void test_full_disk(void)
{
        g_autofree char *folder = g_dir_make_tmp("hawker-full-XXXXXX", NULL);
        int status;
        pid_t pid = fork();

        if (pid == 0) {
                if (unshare(CLONE_NEWNS) < 0 ||
                    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
                    mount("none", folder, "tmpfs", 0, SMALL) < 0)
                        _exit(0xff);
                full_disk(folder);
        }
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_rmdir(folder);
        g_assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 0xff)
                g_test_skip("no file system may be mounted here");
        else
                g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/disk/private-whatever-the-umask", test_private_whatever_the_umask);
        g_test_add_func("/store/disk/one-at-a-time", test_one_at_a_time);
        g_test_add_func("/store/disk/follows-no-link", test_follows_no_link);
        g_test_add_func("/store/disk/others-own-it", test_others_own_it);
        g_test_add_func("/store/disk/network-file-systems", test_network_file_systems);
        g_test_add_func("/store/disk/survives-and-knows-how-it-ended",
                        test_survives_and_knows_how_it_ended);
        g_test_add_func("/store/disk/newer-format", test_newer_format);
        g_test_add_func("/store/disk/backup-is-a-store", test_backup_is_a_store);
        g_test_add_func("/store/disk/failed-sync-is-final", test_failed_sync_is_final);
        g_test_add_func("/store/disk/full-disk", test_full_disk);
        return g_test_run();
}
