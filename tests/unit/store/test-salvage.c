/* SPDX-License-Identifier: Apache-2.0 */
/* test-salvage.c: whatever is done to the file, the store opens, and what can be read is there. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store-fixture.h"

#define RECORDS 3000U
#define PAGE    4096U

static void key_of(char *key, size_t size, unsigned i)
{
        g_snprintf(key, size, "%06u", i);
}

/* Values that tell whether they are what was written. */
static void fill(Store *store)
{
        StoreTxn *txn;

        g_assert_cmpint(store_begin_write(store, &txn), ==, 0);
        for (unsigned i = 0; i < RECORDS; i++) {
                char key[16], value[100];

                key_of(key, sizeof(key), i);
                memset(value, 'a' + (int)(i % 26), sizeof(value));
                g_assert_cmpint(store_append(txn, TABLE_LOG, text(key),
                                             (Bytes){(const uint8_t *)value, sizeof(value)}),
                                ==, 0);
        }
        g_assert_cmpint(store_commit(txn), ==, 0);
}

/* How many are there as they were. */
static unsigned count(Store *store)
{
        unsigned n = 0;

        for (unsigned i = 0; i < RECORDS; i++) {
                g_autofree char *value = NULL;
                char key[16];

                key_of(key, sizeof(key), i);
                value = get_one(store, TABLE_LOG, key);
                n += value && strlen(value) == 100 && value[0] == 'a' + (int)(i % 26);
        }
        return n;
}

static bool has_damaged_file(const Fixture *fixture)
{
        g_autoptr(GDir) dir = g_dir_open(fixture->folder, 0, NULL);
        const char *name;

        while ((name = g_dir_read_name(dir)))
                if (g_str_has_prefix(name, "damaged-"))
                        return true;
        return false;
}

static off_t file_size(const Fixture *fixture)
{
        g_autofree char *path = fixture_file(fixture, "data.mdb");
        struct stat stat;

        g_assert_cmpint(lstat(path, &stat), ==, 0);
        return stat.st_size;
}

static void overwrite(const Fixture *fixture, off_t at, const void *bytes, size_t n)
{
        g_autofree char *path = fixture_file(fixture, "data.mdb");
        int fd = open(path, O_WRONLY | O_CLOEXEC);

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(pwrite(fd, bytes, n, at), ==, (ssize_t)n);
        close(fd);
}

static void begin(Fixture *fixture)
{
        fixture_init(fixture, true);
        fill(fixture->store);
        fixture->store = store_free(fixture->store);
}

static void test_sound(void)
{
        Fixture fixture;

        begin(&fixture);
        g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
        g_assert_false(store_found(fixture.store).damaged);
        g_assert_cmpuint(count(fixture.store), ==, RECORDS);
        g_assert_false(has_damaged_file(&fixture));
        fixture_done(&fixture);
}

/* Each page in turn, whatever it is for. A leaf costs itself; those that lead to all others may
 * cost all; most are leaves. */
static void test_each_page(void)
{
        uint8_t noise[PAGE];
        unsigned n_pages, cost_little = 0;
        Fixture fixture;

        begin(&fixture);
        n_pages = (unsigned)(file_size(&fixture) / PAGE);
        fixture_done(&fixture);
        g_assert_cmpuint(n_pages, >, 80);
        memset(noise, 0xa5, sizeof(noise));
        for (unsigned page = 0; page < n_pages; page += g_test_slow() ? 1 : 9) {
                unsigned n;

                begin(&fixture);
                overwrite(&fixture, (off_t)page * PAGE, noise, sizeof(noise));
                g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
                n = count(fixture.store);
                cost_little += n >= RECORDS - 100;
                g_assert_cmpint(store_found(fixture.store).damaged, ==, has_damaged_file(&fixture));
                if (!store_found(fixture.store).damaged)
                        g_assert_cmpuint(n, ==, RECORDS); /* it was not in use */
                put_one(fixture.store, TABLE_LOG, "new", "1");
                g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
                g_assert_false(store_found(fixture.store).damaged);
                fixture_done(&fixture);
        }
        g_assert_cmpuint(cost_little * 10, >=, n_pages / (g_test_slow() ? 1 : 9) * 8);
}

/* One bit anywhere: it opens, and is a store that works. */
static void test_flipped_bits(void)
{
        g_autoptr(GRand) rand = g_rand_new_with_seed(7);

        for (unsigned i = 0; i < (g_test_slow() ? 2000 : 30); i++) {
                Fixture fixture;
                off_t at;
                uint8_t byte;

                begin(&fixture);
                /* Half of them in the heads of pages, where they do most. */
                at = g_rand_int_range(rand, 0, (gint32)file_size(&fixture));
                if (i % 2)
                        at = at / PAGE * PAGE + at % 24;
                byte = (uint8_t)g_rand_int(rand);
                overwrite(&fixture, at, &byte, 1);
                g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
                put_one(fixture.store, TABLE_OTHER, "new", "1");
                fixture_done(&fixture);
        }
}

/* The other one leads to all but the last commit, in which here were no records. */
static void test_damaged_head(void)
{
        for (unsigned head = 0; head < 2; head++) {
                static const uint8_t noise[PAGE] = {1, 2, 3};
                Fixture fixture;

                begin(&fixture);
                g_assert_cmpint(fixture_reopen(&fixture), ==, 0); /* another commit */
                fixture.store = store_free(fixture.store);
                overwrite(&fixture, (off_t)head * PAGE, noise, sizeof(noise));
                g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
                g_assert_true(store_found(fixture.store).damaged);
                g_assert_cmpuint(count(fixture.store), ==, RECORDS);
                fixture_done(&fixture);
        }
}

/* What no walk through the tables comes by: the numbers of the heads (LMDB does not use the address
 * and the size of its map). Where it would end the process, it would do so at each start. */
static void test_numbers_that_lead_to_no_record(void)
{
        static const off_t numbers[] = {16, 40, 44, 46, 56, 72, 80, 92, 94, 104, 120, 128, 136};

        for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
                Fixture fixture;

                begin(&fixture);
                for (off_t head = 0; head < 2; head++)
                        overwrite(&fixture, head * PAGE + numbers[i], "\x7b\x10", 2);
                g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
                g_assert_true(store_found(fixture.store).damaged);
                put_one(fixture.store, TABLE_LOG, "new", "1");
                fixture_done(&fixture);
        }
}

/* That of the whole, which decides whether anything is believed. */
static void test_damaged_format_is_no_newer_one(void)
{
        g_autofree char *path = NULL, *data = NULL;
        Fixture fixture;
        size_t length;

        begin(&fixture);
        path = fixture_file(&fixture, "data.mdb");
        g_assert_true(g_file_get_contents(path, &data, &length, NULL));
        for (size_t at = 0; at + 8 < length; at++)
                if (memcmp(data + at, ".format", 7) == 0)
                        overwrite(&fixture, (off_t)at + 7, "\x7f", 1);
        g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
        g_assert_cmpuint(count(fixture.store), ==, RECORDS);
        fixture_done(&fixture);
}

static void test_cut_short(void)
{
        Fixture fixture;

        begin(&fixture);
        {
                g_autofree char *path = fixture_file(&fixture, "data.mdb");

                g_assert_cmpint(truncate(path, file_size(&fixture) / 2), ==, 0);
        }
        g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
        g_assert_true(store_found(fixture.store).damaged);
        put_one(fixture.store, TABLE_LOG, "new", "1");
        fixture_done(&fixture);
}

static void test_no_store_at_all(void)
{
        Fixture fixture;

        begin(&fixture);
        overwrite(&fixture, 0, "this is a letter to my mother", 29);
        g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
        g_assert_true(store_found(fixture.store).damaged);
        g_assert_true(has_damaged_file(&fixture));
        fixture_done(&fixture);
}

/* In a child without room for the map: it says so, and the file stays as it is. */
static void test_want_of_memory_is_no_damage(void)
{
        Fixture fixture;
        int status;
        pid_t pid;

        begin(&fixture);
        pid = fork();
        if (pid == 0) {
                const struct rlimit none = {1, 1};
                int r = setrlimit(RLIMIT_AS, &none);

                r = r == 0 ? store_open(fixture.folder, &fixture.options, &fixture.store) : r;
                _exit(r == -ENOMEM ? 0 : 1);
        }
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_cmpint(status, ==, 0);
        g_assert_false(has_damaged_file(&fixture));
        g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
        g_assert_cmpuint(count(fixture.store), ==, RECORDS);
        fixture_done(&fixture);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/salvage/sound", test_sound);
        g_test_add_func("/store/salvage/each-page", test_each_page);
        g_test_add_func("/store/salvage/flipped-bits", test_flipped_bits);
        g_test_add_func("/store/salvage/damaged-head", test_damaged_head);
        g_test_add_func("/store/salvage/numbers-that-lead-to-no-record",
                        test_numbers_that_lead_to_no_record);
        g_test_add_func("/store/salvage/damaged-format-is-no-newer-one",
                        test_damaged_format_is_no_newer_one);
        g_test_add_func("/store/salvage/cut-short", test_cut_short);
        g_test_add_func("/store/salvage/no-store-at-all", test_no_store_at_all);
        g_test_add_func("/store/salvage/want-of-memory-is-no-damage",
                        test_want_of_memory_is_no_damage);
        return g_test_run();
}
