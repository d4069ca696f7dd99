/* SPDX-License-Identifier: Apache-2.0 */
/* test-commit.c: who writes himself, if nobody else does. */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "committer-told.h"
#include "store-fixture.h"

static atomic_int sync_error;

__attribute__((visibility("default"))) int fdatasync(int fd)
{
        if (sync_error) {
                errno = sync_error;
                return -1;
        }
        return (int)syscall(SYS_fdatasync, fd);
}

typedef struct Stage {
        Fixture fixture;
        Committer *committer;
        CommitLane *lane;
} Stage;

static void stage_init(Stage *stage, const CommitterOptions *options)
{
        told = (Told){.commits = true};
        fixture_init(&stage->fixture, true);
        g_assert_cmpint(
                committer_new(stage->fixture.store, options, &told_events, &stage->committer), ==,
                0);
        g_assert_cmpint(committer_lane(stage->committer, NULL, &stage->lane), ==, 0);
}

/* Whether the key is on the disk, once it is open again. */
static void assert_is_there_later(Stage *stage, const char *key, bool is_there)
{
        g_autofree char *value = NULL;

        stage->committer = committer_free(stage->committer);
        g_assert_cmpint(fixture_reopen(&stage->fixture), ==, 0);
        value = get_one(stage->fixture.store, TABLE_LOG, key);
        g_assert_cmpint(value != NULL, ==, is_there);
}

static void stage_done(Stage *stage)
{
        stage->committer = committer_free(stage->committer);
        fixture_done(&stage->fixture);
}

static Change *change_of(const char *key, size_t size, bool may_refuse)
{
        g_autofree uint8_t *value = g_malloc0(size + 1);
        Change *change = change_new(may_refuse, 0);

        g_assert_nonnull(change);
        change_put(&change, TABLE_LOG, text(key), (Bytes){value, size});
        return change;
}

static int commit(Stage *stage, const char *key, uint64_t expected)
{
        uint64_t number = 0;
        int r = committer_commit(stage->lane, change_of(key, 10, false), &number);

        g_assert_cmpuint(number, ==, expected);
        return r;
}

static void submit(Stage *stage, const char *key, uint64_t expected)
{
        uint64_t number = 0;

        g_assert_cmpint(committer_submit(stage->lane, change_of(key, 10, false), &number), ==, 0);
        g_assert_cmpuint(number, ==, expected);
}

static void test_alone(void)
{
        Stage stage;

        stage_init(&stage, &(CommitterOptions){.no_thread = true});
        g_assert_cmpint(commit(&stage, "a", 1), ==, 1);
        g_assert_cmpuint(told.done, ==, 0); /* it knows */
        g_assert_cmpuint(committer_counters(stage.committer).commits, ==, 1);
        g_assert_cmpuint(committer_backlog(stage.committer), ==, 0);
        submit(&stage, "b", 2);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(told.done, ==, 2);
        assert_is_there_later(&stage, "a", true);
        g_assert_cmpuint(told.settled, ==, 2);
        stage_done(&stage);
}

static void test_behind_what_waits(void)
{
        Stage stage;

        stage_init(&stage, &(CommitterOptions){.no_thread = true});
        submit(&stage, "a", 1);
        g_assert_cmpint(commit(&stage, "b", 2), ==, 0);
        g_assert_cmpuint(told.done, ==, 0);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(told.done, ==, 2);
        stage_done(&stage);
}

/* A checkpoint that is due comes first, by who makes checkpoints. */
static void test_not_before_a_checkpoint(void)
{
        uint64_t number;
        Stage stage;

        stage_init(&stage, &(CommitterOptions){.no_thread = true, .checkpoint_bytes = 100000});
        g_assert_cmpint(committer_commit(stage.lane, change_of("a", 200000, false), &number), ==,
                        1);
        g_assert_cmpint(commit(&stage, "b", 2), ==, 0);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(told.settled, ==, 1);
        g_assert_cmpuint(told.done, ==, 2);
        stage_done(&stage);
}

static void test_not_when_one_is_due(void)
{
        Stage stage;

        stage_init(&stage, &(CommitterOptions){.no_thread = true, .checkpoint_after = 1});
        g_assert_cmpint(commit(&stage, "a", 1), ==, 1);
        g_usleep(2000);
        g_assert_cmpint(commit(&stage, "b", 2), ==, 0);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(told.settled, >=, 1);
        stage_done(&stage);
}

static void test_refused(void)
{
        uint64_t number;
        Stage stage;

        stage_init(&stage, &(CommitterOptions){.no_thread = true});
        told.expects_refusal = -EDQUOT;
        store_set_max_size(stage.fixture.store, 1024 * 1024);
        g_assert_cmpint(
                committer_commit(stage.lane, change_of("a", 2 * 1024 * 1024, true), &number), ==,
                0);
        g_assert_cmpuint(told.refused, ==, 1);
        g_assert_cmpuint(told.done, ==, 1);
        g_assert_cmpint(commit(&stage, "b", 2), ==, 1);
        stage_done(&stage);
}

static int submit_promised(Stage *stage, const char *key, size_t size, uint64_t promised)
{
        Change *change = change_of(key, size, true);
        uint64_t number;

        change->head.promised = promised;
        return committer_submit(stage->lane, change, &number);
}

/* Room that was promised is not another's, whether it was used yet or not. */
static void test_promised(void)
{
        Stage stage;

        stage_init(&stage, &(CommitterOptions){.no_thread = true});
        store_set_max_size(stage.fixture.store, 1024 * 1024);
        g_assert_cmpint(commit(&stage, "a", 1), ==, 1);
        g_assert_true(committer_has_room(stage.committer, 900000));
        committer_promise(stage.committer, 500000);
        g_assert_false(committer_has_room(stage.committer, 900000));
        g_assert_true(committer_has_room(stage.committer, 400000));
        g_assert_cmpint(submit_promised(&stage, "b", 400000, 500000), ==, 0);
        g_assert_false(committer_has_room(stage.committer, 600000));
        g_assert_true(committer_turn(stage.committer));
        g_assert_true(committer_has_room(stage.committer, 600000));
        g_assert_false(committer_has_room(stage.committer, 700000));
        committer_promise(stage.committer, 600000);
        g_assert_false(committer_has_room(stage.committer, 100000));
        committer_take_back(stage.committer, 600000);
        g_assert_true(committer_has_room(stage.committer, 600000));
        stage_done(&stage);
}

/* A promise is kept though it was too much, but for so long. */
static void test_promised_too_much(void)
{
        Stage stage;

        stage_init(&stage, &(CommitterOptions){.no_thread = true});
        told.expects_refusal = -EDQUOT;
        store_set_max_size(stage.fixture.store, 1024 * 1024);
        committer_promise(stage.committer, 3 * 1030000);
        g_assert_cmpint(submit_promised(&stage, "a", 1030000, 1030000), ==, 0);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(told.refused, ==, 0);
        g_assert_false(committer_has_room(stage.committer, 100000));
        g_assert_cmpint(submit_promised(&stage, "b", 20000, 1030000), ==, 0);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(told.refused, ==, 0);
        g_assert_cmpint(submit_promised(&stage, "c", 1030000, 1030000), ==, 0);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(told.refused, ==, 1);
        g_assert_false(committer_has_room(stage.committer, 1));
        stage_done(&stage);
}

/* In the tables records of a bit more than half a page take a page each, which the question for
 * room did not know. Who was promised room has told others of the message by then. */
static void test_promised_before_a_checkpoint(void)
{
        Stage stage;
        uint64_t number;

        stage_init(&stage, &(CommitterOptions){.no_thread = true});
        told.expects_refusal = -EDQUOT;
        store_set_max_size(stage.fixture.store, 1024 * 1024);
        for (unsigned i = 0; i < 200; i++) {
                g_autofree char *key = g_strdup_printf("%03u", i);

                g_assert_cmpint(committer_submit(stage.lane, change_of(key, 2100, true), &number),
                                ==, 0);
        }
        g_assert_true(committer_turn(stage.committer));
        g_assert_true(committer_has_room(stage.committer, 350000));
        committer_promise(stage.committer, 350000);
        g_assert_cmpint(committer_checkpoint(stage.committer, &number), ==, 0);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(told.settled, >, 0);
        g_assert_cmpint(submit_promised(&stage, "promised", 350000, 350000), ==, 0);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(told.refused, ==, 0);
        g_assert_false(committer_has_room(stage.committer, 1));
        assert_is_there_later(&stage, "promised", true);
        stage_done(&stage);
}

static void test_failed_disk(void)
{
        Stage stage;

        stage_init(&stage, &(CommitterOptions){.no_thread = true});
        told.expects_failure = true;
        g_assert_cmpint(commit(&stage, "a", 1), ==, 1);
        sync_error = EIO;
        g_assert_cmpint(commit(&stage, "b", 2), ==, 0);
        sync_error = 0;
        g_assert_cmpuint(told.failures, ==, 1);
        g_assert_cmpint(commit(&stage, "c", 3), ==, 0);
        g_assert_cmpuint(told.done, ==, 0);
        assert_is_there_later(&stage, "a", true);
        stage_done(&stage);
}

static void await_settled(uint64_t number)
{
        while (told.settled < number)
                g_usleep(1000);
}

/* Its thread sleeps, with nothing to do, and must hear that there is something for a checkpoint. */
static void test_thread_makes_its_checkpoint(void)
{
        uint64_t number = 0;
        Stage stage;
        int r;

        stage_init(&stage, &(CommitterOptions){.checkpoint_after = 1});
        do {
                await_settled(number);
                r = commit(&stage, "a", ++number);
        } while (r == 0);
        await_settled(number);
        stage_done(&stage);
}

/* --- several --- */

#define LANES 3U
#define EACH  300U

typedef struct Lane {
        Committer *committer;
        CommitLane *lane;
        unsigned index;
        unsigned here; /* so many it has written itself */
        _Atomic uint64_t done;
} Lane;

static void on_done(void *data, uint64_t number)
{
        Lane *lane = data;

        g_assert_cmpuint(number, >, lane->done);
        lane->done = number;
}

static void on_settled(void *data, uint64_t number)
{
        g_assert_cmpuint(number, <=, ((Lane *)data)->done);
}

/* Each waits for all that it has handed over, now and then. */
static void *work(void *data)
{
        Lane *lane = data;

        for (uint64_t i = 1; i <= EACH; i++) {
                uint64_t number;
                char key[32];
                int r;

                g_snprintf(key, sizeof(key), "%u-%u", (unsigned)i, lane->index);
                r = (i % 3 ? committer_commit
                           : committer_submit)(lane->lane, change_of(key, 10, false), &number);
                g_assert_cmpint(r, >=, 0);
                g_assert_cmpuint(number, ==, i);
                if (r == 1) {
                        g_assert_cmpuint(lane->done, ==, i - 1);
                        lane->done = i;
                        lane->here++;
                }
                while (i % 7 != 0 && lane->done < i)
                        sched_yield();
        }
        return NULL;
}

static void test_lanes(void)
{
        const CommitterEvents events = {.done = on_done,
                                        .refused = told_refused,
                                        .settled = on_settled,
                                        .checkpointed = told_checkpointed,
                                        .failed = told_failed};
        pthread_t threads[LANES];
        Lane lanes[LANES];
        Fixture fixture;
        Committer *committer;

        told = (Told){};
        fixture_init(&fixture, true);
        g_assert_cmpint(committer_new(fixture.store,
                                      &(CommitterOptions){.checkpoint_bytes = 64 * 1024}, &events,
                                      &committer),
                        ==, 0);
        for (unsigned i = 0; i < LANES; i++) {
                lanes[i] = (Lane){.committer = committer, .index = i};
                g_assert_cmpint(committer_lane(committer, &lanes[i], &lanes[i].lane), ==, 0);
                pthread_create(&threads[i], NULL, work, &lanes[i]);
        }
        for (unsigned i = 0; i < LANES; i++)
                pthread_join(threads[i], NULL);
        committer_free(committer);
        g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
        for (unsigned i = 0; i < LANES; i++) {
                g_assert_cmpuint(lanes[i].done, ==, EACH);
                for (unsigned j = 1; j <= EACH; j++) {
                        g_autofree char *key = g_strdup_printf("%u-%u", j, i);
                        g_autofree char *value = get_one(fixture.store, TABLE_LOG, key);

                        g_assert_nonnull(value);
                }
                g_test_message("lane %u: %u here", i, lanes[i].here);
        }
        fixture_done(&fixture);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/commit/alone", test_alone);
        g_test_add_func("/store/commit/behind-what-waits", test_behind_what_waits);
        g_test_add_func("/store/commit/not-before-a-checkpoint", test_not_before_a_checkpoint);
        g_test_add_func("/store/commit/not-when-one-is-due", test_not_when_one_is_due);
        g_test_add_func("/store/commit/refused", test_refused);
        g_test_add_func("/store/commit/promised", test_promised);
        g_test_add_func("/store/commit/promised-before-a-checkpoint",
                        test_promised_before_a_checkpoint);
        g_test_add_func("/store/commit/promised-too-much", test_promised_too_much);
        g_test_add_func("/store/commit/failed-disk", test_failed_disk);
        g_test_add_func("/store/commit/thread-makes-its-checkpoint",
                        test_thread_makes_its_checkpoint);
        g_test_add_func("/store/commit/lanes", test_lanes);
        return g_test_run();
}
