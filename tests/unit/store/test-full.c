/* SPDX-License-Identifier: Apache-2.0 */
/* test-full.c: a disk that is full, for real: in a child, with a file system of its own. What may
 * be refused is, what was done stays, deletions go on, and it recovers by itself. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "committer-told.h"
#include "store-fixture.h"

#define SMALL "size=24m"
#define LARGE "size=96m" /* an eighth may be in the journal */
#define VALUE ((size_t)64 * 1024)

/* Returns the number of the line that failed. */
#define expect(condition)                                                                          \
        do {                                                                                       \
                if (!(condition))                                                                  \
                        _exit(__LINE__ % 255);                                                     \
        } while (0)

typedef struct Stage {
        Store *store;
        Committer *committer;
        CommitLane *lane;
} Stage;

static Stage stage;

static void open_all(const char *path, uint64_t max_size)
{
        StoreOptions options = {table_names, N_TABLES, 1, max_size, false};

        stage = (Stage){};
        told = (Told){.expects_refusal = TOLD_ANY, .expects_failure = true};
        expect(store_open(path, &options, &stage.store) == 0);
        expect(committer_new(stage.store, &(CommitterOptions){.no_thread = true}, &told_events,
                             &stage.committer) == 0);
        expect(committer_lane(stage.committer, NULL, &stage.lane) == 0);
}

static void close_all(void)
{
        committer_free(stage.committer);
        store_free(stage.store);
}

/* Returns whether it was done. */
static bool put(unsigned n, bool may_refuse)
{
        static const uint8_t value[VALUE];
        Change *change = change_new(may_refuse, VALUE);
        unsigned refused = told.refused;
        uint64_t number;

        change_put(&change, TABLE_LOG, (Bytes){(const uint8_t *)&n, sizeof(n)},
                   (Bytes){value, sizeof(value)});
        expect(committer_submit(stage.lane, change, &number) == 0);
        expect(committer_turn(stage.committer));
        expect(told.failure == 0 && told.done == number);
        return told.refused == refused;
}

static bool drop(unsigned n)
{
        Change *change = change_new(false, 0);
        unsigned refused = told.refused;
        uint64_t number;

        change_delete(&change, TABLE_LOG, (Bytes){(const uint8_t *)&n, sizeof(n)});
        expect(committer_submit(stage.lane, change, &number) == 0);
        expect(committer_turn(stage.committer));
        return told.failure == 0 && told.refused == refused;
}

static bool is_there(unsigned n)
{
        StoreTxn *txn;
        Bytes value;
        bool there;

        expect(store_begin_read(stage.store, &txn) == 0);
        there = store_get(txn, TABLE_LOG, (Bytes){(const uint8_t *)&n, sizeof(n)}, &value) > 0;
        store_abort(txn);
        return there;
}

static bool checkpoint(void)
{
        uint64_t number;

        expect(committer_checkpoint(stage.committer, &number) == 0);
        expect(committer_turn(stage.committer));
        return told.checkpointed == number;
}

/* The quota: before anything of the disk is felt. */
static void full_quota(const char *path)
{
        unsigned n = 0, again = 0;

        open_all(path, (uint64_t)4 * 1024 * 1024);
        while (put(n, true))
                n++;
        expect(told.refusal == -EDQUOT && n > 30 && n <= 64);
        expect(put(n, false)); /* what must be written is */
        expect(checkpoint() && told.settled == told.done);
        for (unsigned i = 0; i < n; i++)
                expect(is_there(i) && drop(i));
        expect(checkpoint());
        expect(checkpoint()); /* what was freed is free now */
        while (put(again, true))
                again++;
        expect(again > n / 2);
        close_all();
}

/* Takes all that is left. */
static void fill_disk(const char *folder)
{
        g_autofree char *path = g_build_filename(folder, "ballast", NULL);
        static const uint8_t bytes[4096];
        int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        while (write(fd, bytes, sizeof(bytes)) == sizeof(bytes))
                ;
        close(fd);
}

static void empty_disk(const char *folder)
{
        g_autofree char *path = g_build_filename(folder, "ballast", NULL);

        unlink(path);
}

static void full_disk(const char *folder, const char *path)
{
        unsigned n = 0, kept = 0;

        open_all(path, (uint64_t)1024 * 1024 * 1024);
        for (; n < 20; n++)
                expect(put(n, true));
        expect(checkpoint());
        fill_disk(folder);
        expect(!put(n, true) && (told.refusal == -EDQUOT || told.refusal == -ENOSPC));
        while (put(n + kept, false) && kept < 1000) /* in the file that the journal has */
                kept++;
        expect(told.refusal == -ENOSPC && kept < 100);
        (void)checkpoint(); /* it may have room or not */
        expect(drop(0));    /* a small one has its place */
        for (unsigned i = 1; i < 20; i++)
                expect(is_there(i));
        empty_disk(folder);
        expect(drop(1));
        expect(checkpoint() && told.settled == told.done);
        expect(!is_there(0) && !is_there(1) && is_there(2));
        for (unsigned i = 0; i < kept; i++)
                expect(is_there(n + i));
        expect(!is_there(n + kept));
        expect(put(n + kept, true));
        close_all();
        open_all(path, 0);
        expect(store_found(stage.store).lost == 0 && is_there(n + kept));
        close_all();
}

/* --- a start on a disk that others have filled --- */

/* What is only in the journal when the process dies. */
typedef struct Load {
        unsigned changes, items; /* of each change */
        size_t size;             /* of a value */
        bool is_scattered;       /* the keys come in no order: pages are half full */
} Load;

static const Load loads[] = {
        {300, 1, 20000, false}, {300, 10, 2040, false}, /* too large for half a page: each has one
                                                           of its own */
        {60, 500, 100, true},   {60, 500, 20, true},    {6, 1, 1000000, false},
};

static void put_item(Change **change, const Load *load, unsigned n)
{
        static const uint8_t value[1024 * 1024];
        uint64_t key = GUINT64_TO_BE((uint64_t)n * (load->is_scattered ? 0x9e3779b97f4a7c15 : 1));

        change_put(change, TABLE_LOG, (Bytes){(const uint8_t *)&key, sizeof(key)},
                   (Bytes){value, load->size});
}

static void write_load(const char *path, const Load *load)
{
        uint64_t number;

        open_all(path, (uint64_t)1024 * 1024 * 1024);
        for (unsigned i = 0; i < load->changes; i++) {
                Change *change = change_new(false, 0);

                for (unsigned j = 0; j < load->items; j++)
                        put_item(&change, load, i * load->items + j);
                expect(committer_submit(stage.lane, change, &number) == 0);
                expect(committer_turn(stage.committer) && told.done == number);
        }
        expect(told.refused == 0 && told.settled == 0);
}

static void read_load(const char *path, const Load *load)
{
        StoreCursor *cursor;
        StoreTxn *txn;
        Bytes key, value;
        unsigned n = 0;

        open_all(path, (uint64_t)1024 * 1024 * 1024);
        expect(store_begin_read(stage.store, &txn) == 0);
        expect(store_cursor_new(txn, TABLE_LOG, &cursor) == 0);
        for (int r = store_cursor_seek(cursor, (Bytes){}, &key, &value); r > 0;
             r = store_cursor_next(cursor, &key, &value), n++)
                expect(value.length == load->size);
        store_cursor_free(cursor);
        store_abort(txn);
        expect(n == load->changes * load->items);
        put(UINT_MAX, true); /* or it is refused */
        expect(put(UINT_MAX, false) && drop(UINT_MAX));
}

/* In a process that is killed. */
static void run_killed(void (*step)(const char *path, const Load *load), const char *path,
                       const Load *load)
{
        int status;
        pid_t pid = fork();

        if (pid == 0) {
                step(path, load);
                _exit(0);
        }
        expect(waitpid(pid, &status, 0) == pid);
        if (status != 0)
                _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static void start_on_full_disk(const char *folder, const char *path)
{
        g_autofree char *reserve = g_build_filename(path, "reserve", NULL);

        for (size_t i = 0; i < G_N_ELEMENTS(loads); i++) {
                run_killed(write_load, path, &loads[i]);
                for (unsigned start = 0; start < 2; start++) {
                        unlink(reserve); /* it may have been given up */
                        fill_disk(folder);
                        run_killed(read_load, path, &loads[i]);
                }
                empty_disk(folder);
                fixture_remove(&(Fixture){.folder = (char *)(uintptr_t)path});
        }
}

static void run(void (*test)(const char *folder, const char *path), const char *size)
{
        g_autofree char *folder = g_dir_make_tmp("hawker-full-XXXXXX", NULL);
        g_autofree char *path = g_build_filename(folder, "store", NULL);
        int status;
        pid_t pid = fork();

        if (pid == 0) {
                if (unshare(CLONE_NEWNS) < 0 ||
                    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
                    mount("none", folder, "tmpfs", 0, size) < 0)
                        _exit(0xff);
                test(folder, path);
                _exit(0);
        }
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_rmdir(folder);
        g_assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 0xff)
                g_test_skip("no file system may be mounted here");
        else
                g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static void run_quota(const char *folder, const char *path)
{
        (void)folder;
        full_quota(path);
}

static void test_quota(void)
{
        run(run_quota, SMALL);
}

static void test_disk(void)
{
        run(full_disk, SMALL);
}

static void test_start(void)
{
        run(start_on_full_disk, LARGE);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/full/quota", test_quota);
        g_test_add_func("/store/full/disk", test_disk);
        g_test_add_func("/store/full/start", test_start);
        return g_test_run();
}
