/* SPDX-License-Identifier: Apache-2.0 */

/*
 * test-crash.c: a process that ends at any moment. Random changes are written, with checkpoints;
 * before each call that writes to a file or flushes one, and after it, the folder is copied, and
 * the copy opened: it is what a store would be that had done all that was told to be done, and
 * perhaps what was on its way.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "committer-told.h"
#include "store-copy.h"

typedef struct Stage {
        Fixture fixture, model;
        Committer *committer;
        CommitLane *lane;
        GRand *rand;
        GPtrArray *states; /* dumps of the model: after each change */
        uint64_t number;
        unsigned calls, crashes;
        bool is_watching;
} Stage;

static Stage stage;

/* --- the calls --- */

static void look(void)
{
        g_autofree char *is = NULL;
        Fixture copy;

        stage.is_watching = false;
        stage.crashes++;
        fixture_copy(&stage.fixture, &copy);
        g_assert_cmpint(store_open(copy.folder, &copy.options, &copy.store), ==, 0);
        g_assert_cmpuint(store_found(copy.store).lost, ==, 0);
        g_assert_false(store_found(copy.store).alien);
        is = fixture_dump(&copy);
        if (strcmp(is, g_ptr_array_index(stage.states, told.done)) != 0)
                g_assert_cmpstr(is, ==, g_ptr_array_index(stage.states, stage.number));
        fixture_done(&copy);
        stage.is_watching = true;
}

/* Each call is looked at before and after, but not all of them in a short run. */
static void watch(void)
{
        if (stage.is_watching && (g_test_slow() || stage.calls++ % 3 == 0))
                look();
}

#define HOOK __attribute__((visibility("default")))

HOOK int fdatasync(int fd)
{
        int r;

        watch();
        r = (int)syscall(SYS_fdatasync, fd);
        watch();
        return r;
}

HOOK ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
        ssize_t n;

        watch();
        n = syscall(SYS_pwrite64, fd, bytes, size, at);
        watch();
        return n;
}

/* Those of LMDB: without large files in their names. */
HOOK ssize_t lmdb_pwrite(int fd, const void *bytes, size_t size, off_t at) __asm__("pwrite");
HOOK ssize_t lmdb_writev(int fd, const struct iovec *parts, int count) __asm__("writev");

ssize_t lmdb_pwrite(int fd, const void *bytes, size_t size, off_t at)
{
        return pwrite(fd, bytes, size, at);
}

ssize_t lmdb_writev(int fd, const struct iovec *parts, int count)
{
        ssize_t n;

        watch();
        n = syscall(SYS_writev, fd, parts, count);
        watch();
        return n;
}

/* --- what is done --- */

static void add_random(Change **change)
{
        unsigned table = (unsigned)g_rand_int_range(stage.rand, TABLE_LOG, N_TABLES);
        size_t size = (size_t)g_rand_int_range(stage.rand, 0, 3000);
        g_autofree char *key = g_strdup_printf("%02x", g_rand_int_range(stage.rand, 0, 64));
        g_autofree uint8_t *value = g_malloc0(size + 1);

        memset(value, g_rand_int_range(stage.rand, 0, 256), size);
        switch (g_rand_int_range(stage.rand, 0, 12)) {
        case 0:
                change_delete_before(change, table, text(key));
                break;
        case 1 ... 3:
                change_delete(change, table, text(key));
                break;
        case 4 ... 6:
                change_append(change, table, text(key), (Bytes){value, size});
                break;
        default:
                change_put(change, table, text(key), (Bytes){value, size});
        }
}

static void do_random(void)
{
        Change *change = change_new(false, 0);
        StoreTxn *txn;

        for (int i = g_rand_int_range(stage.rand, 1, 5); i > 0; i--)
                add_random(&change);
        g_assert_cmpint(store_begin_write(stage.model.store, &txn), ==, 0);
        g_assert_cmpint(change_apply(change, txn), ==, 0);
        g_assert_cmpint(store_commit(txn), ==, 0);
        g_ptr_array_add(stage.states, fixture_dump(&stage.model));
        g_assert_cmpint(committer_submit(stage.lane, change, &stage.number), ==, 0);
}

static void run(unsigned changes)
{
        stage.states = g_ptr_array_new_with_free_func(g_free);
        told_again();
        stage.number = 0;
        fixture_init(&stage.fixture, true);
        fixture_init(&stage.model, false);
        g_ptr_array_add(stage.states, fixture_dump(&stage.model));
        g_assert_cmpint(committer_new(stage.fixture.store, &(CommitterOptions){.no_thread = true},
                                      &told_events, &stage.committer),
                        ==, 0);
        g_assert_cmpint(committer_lane(stage.committer, NULL, &stage.lane), ==, 0);
        stage.is_watching = true;
        for (unsigned i = 0; i < changes; i++) {
                uint64_t checkpoint;

                do_random();
                if (g_rand_int_range(stage.rand, 0, 6) == 0)
                        g_assert_cmpint(committer_checkpoint(stage.committer, &checkpoint), ==, 0);
                while (committer_turn(stage.committer))
                        ;
                g_assert_cmpuint(told.done, ==, stage.number);
        }
        stage.committer = committer_free(stage.committer);
        g_assert_cmpuint(told.settled, ==, stage.number);
        look();
        stage.is_watching = false;
        fixture_done(&stage.fixture);
        fixture_done(&stage.model);
        g_ptr_array_unref(stage.states);
}

static void test_at_any_moment(void)
{
        stage = (Stage){.rand = g_rand_new_with_seed(g_test_rand_int())};
        for (unsigned i = 0; i < (g_test_slow() ? 20 : 3); i++)
                run(25);
        g_assert_cmpuint(stage.crashes, >, 100); /* LMDB's calls come here too */
        g_test_message("%u crashes", stage.crashes);
        g_rand_free(stage.rand);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/crash/at-any-moment", test_at_any_moment);
        return g_test_run();
}
