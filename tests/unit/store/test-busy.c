/* SPDX-License-Identifier: Apache-2.0 */
/* test-busy.c: one checkpoint after the other, while others write, read and copy. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "committer-told.h"
#include "store-copy.h"

#define KEYS    200U
#define VALUE   (8U * 1024)
#define CHANGES 3000U
#define BACKUPS 5U

typedef struct Stage {
        Fixture fixture;
        Committer *committer;
        CommitLane *lane;
        atomic_bool is_over;
} Stage;

static Stage stage;

static void stage_init(uint64_t checkpoint_bytes)
{
        stage = (Stage){};
        told = (Told){};
        fixture_init(&stage.fixture, true);
        store_set_max_size(stage.fixture.store, (uint64_t)1024 * 1024 * 1024);
        g_assert_cmpint(committer_new(stage.fixture.store,
                                      &(CommitterOptions){.checkpoint_bytes = checkpoint_bytes},
                                      &told_events, &stage.committer),
                        ==, 0);
        g_assert_cmpint(committer_lane(stage.committer, NULL, &stage.lane), ==, 0);
}

static void stage_done(void)
{
        stage.committer = committer_free(stage.committer);
        fixture_done(&stage.fixture);
}

/* The same value in two tables. */
static void submit(unsigned n)
{
        g_autofree uint8_t *value = g_malloc0(VALUE);
        g_autofree char *key = g_strdup_printf("%03u", n % KEYS);
        Change *change = change_new(false, VALUE);
        uint64_t number;

        g_snprintf((char *)value, VALUE, "%u", n);
        change_put(&change, TABLE_LOG, text(key), (Bytes){value, VALUE});
        change_put(&change, TABLE_OTHER, text(key), (Bytes){value, VALUE});
        g_assert_cmpint(committer_submit(stage.lane, change, &number), ==, 0);
        while (committer_backlog(stage.committer) > 1024 * 1024)
                sched_yield();
}

static void assert_whole(Store *store)
{
        for (unsigned i = 0; i < KEYS; i++) {
                g_autofree char *key = g_strdup_printf("%03u", i);
                g_autofree char *one = get_one(store, TABLE_LOG, key);
                g_autofree char *other = get_one(store, TABLE_OTHER, key);

                g_assert_cmpstr(one, ==, other);
        }
}

static void take_backup(bool compact)
{
        g_autofree char *data = NULL;
        Fixture copy;
        int fd;

        fixture_init(&copy, true);
        copy.store = store_free(copy.store);
        data = fixture_file(&copy, "data.mdb");
        fd = open(data, O_WRONLY | O_TRUNC | O_CLOEXEC);
        g_assert_cmpint(store_backup(stage.fixture.store, fd, compact), ==, 0);
        close(fd);
        g_assert_cmpint(store_open(copy.folder, &copy.options, &copy.store), ==, 0);
        assert_whole(copy.store);
        fixture_done(&copy);
}

static void *take_backups(void *data)
{
        for (unsigned i = 0; i < BACKUPS; i++)
                take_backup(i % 2);
        stage.is_over = true;
        return data;
}

/* A checkpoint is several transactions; a copy is never between them. */
static void test_copies_are_whole(void)
{
        pthread_t thread;
        unsigned n = 0;

        stage_init(1024 * 1024);
        g_assert_cmpint(pthread_create(&thread, NULL, take_backups, NULL), ==, 0);
        while (n < CHANGES || !stage.is_over)
                submit(n++);
        g_assert_cmpint(pthread_join(thread, NULL), ==, 0);
        stage.committer = committer_free(stage.committer);
        g_assert_cmpuint(told.settled, ==, n);
        assert_whole(stage.fixture.store);
        stage_done();
}

/* However much comes: what is done and not settled has its bound. */
static void test_bounded(void)
{
        unsigned files = 0;

        stage_init(1024 * 1024);
        for (unsigned n = 0; n < CHANGES; n++) {
                submit(n);
                if (n % 64 == 0)
                        files = MAX(files, fixture_count(&stage.fixture, "journal-"));
        }
        g_assert_cmpuint(files, <=, 8); /* of 1 MiB: two bounds, the batches above, one to spare */
        g_assert_cmpuint(committer_counters(stage.committer).checkpoints, >=, 5);
        stage_done();
}

static void test_checkpoint_on_request_is_told(void)
{
        uint64_t number;

        stage_init(0);
        submit(1);
        g_assert_cmpint(committer_checkpoint(stage.committer, &number), ==, 0);
        while (told.checkpointed < number)
                sched_yield();
        g_assert_cmpuint(told.settled, ==, 1);
        g_assert_cmpint(committer_checkpoint(stage.committer, &number), ==, 0);
        while (told.checkpointed < number) /* with nothing to do */
                sched_yield();
        stage_done();
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/busy/copies-are-whole", test_copies_are_whole);
        g_test_add_func("/store/busy/bounded", test_bounded);
        g_test_add_func("/store/busy/checkpoint-on-request-is-told",
                        test_checkpoint_on_request_is_told);
        return g_test_run();
}
