/* SPDX-License-Identifier: Apache-2.0 */
/* test-committer.c: in order, as a whole, done only when it is on the disk, whatever happens. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "store-fixture.h"
#include "store/commit-batch.h"
#include "store/committer.h"

static int sync_error;

__attribute__((visibility("default"))) int fdatasync(int fd)
{
        if (sync_error) {
                errno = sync_error;
                return -1;
        }
        return (int)syscall(SYS_fdatasync, fd);
}

/* --- driven by hand --- */

typedef struct Stage {
        Fixture fixture;
        Committer *committer;
        CommitLane *lane;
        uint64_t done, settled, refused, checkpointed;
        int refused_error, failed;
        unsigned failures;
} Stage;

static Stage stage; /* what the events of all lanes are told to */

/* Of a lane that has a place of its own for it (lane_data), or of the only one. */
static void on_done(void *data, uint64_t number)
{
        if (data) {
                *(uint64_t *)data = number;
                return;
        }
        g_assert_cmpuint(number, >, stage.done);
        stage.done = number;
}

static void on_refused(void *data, uint64_t number, int error)
{
        (void)data;
        stage.refused = number;
        stage.refused_error = error;
}

static void on_settled(void *data, uint64_t number)
{
        if (data)
                return;
        g_assert_cmpuint(number, >, stage.settled);
        g_assert_cmpuint(number, <=, stage.done);
        stage.settled = number;
}

static void on_checkpointed(void *data, uint64_t number)
{
        (void)data;
        g_assert_cmpuint(number, >, stage.checkpointed);
        stage.checkpointed = number;
}

static void on_failed(void *data, int error)
{
        (void)data;
        stage.failed = error;
        stage.failures++;
}

static const CommitterEvents events = {.done = on_done,
                                       .refused = on_refused,
                                       .settled = on_settled,
                                       .checkpointed = on_checkpointed,
                                       .failed = on_failed};

static void stage_init(bool on_disk, const CommitterOptions *options)
{
        stage = (Stage){};
        fixture_init(&stage.fixture, on_disk);
        g_assert_cmpint(committer_new(stage.fixture.store, options, &events, &stage.committer), ==,
                        0);
        g_assert_cmpint(committer_lane(stage.committer, NULL, &stage.lane), ==, 0);
}

static void stage_done(void)
{
        stage.committer = committer_free(stage.committer);
        fixture_done(&stage.fixture);
}

static uint64_t submit(const char *key, size_t size, bool may_refuse)
{
        g_autofree uint8_t *value = g_malloc0(size + 1);
        Change *change = change_new(may_refuse, 0);
        uint64_t number = 0;

        g_assert_nonnull(change);
        change_append(&change, TABLE_LOG, text(key), (Bytes){value, size});
        change_put(&change, TABLE_OTHER, text(key), text("with it"));
        g_assert_cmpint(committer_submit(stage.lane, change, &number), ==, 0);
        return number;
}

static bool is_there(const char *key)
{
        g_autofree char *one = get_one(stage.fixture.store, TABLE_LOG, key);
        g_autofree char *other = get_one(stage.fixture.store, TABLE_OTHER, key);

        g_assert_cmpint(!one, ==, !other);
        return one;
}

static void test_one_commit_for_all_that_came(void)
{
        stage_init(false, &(CommitterOptions){.no_thread = true});
        g_assert_false(committer_turn(stage.committer));
        g_assert_cmpuint(submit("1", 10, false), ==, 1);
        g_assert_cmpuint(submit("2", 10, false), ==, 2);
        g_assert_cmpuint(stage.done, ==, 0);
        g_assert_cmpuint(committer_backlog(stage.committer), >, 20);
        g_assert_false(is_there("1"));
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(stage.done, ==, 2);
        g_assert_true(is_there("1"));
        g_assert_true(is_there("2"));
        g_assert_cmpuint(committer_backlog(stage.committer), ==, 0);
        g_assert_cmpuint(committer_counters(stage.committer).commits, ==, 1);
        g_assert_false(committer_turn(stage.committer));
        stage_done();
}

static void test_a_commit_has_bounds(void)
{
        stage_init(false, &(CommitterOptions){.no_thread = true});
        for (unsigned i = 0; i < COMMIT_MAX_CHANGES + 1; i++)
                submit("same", 1, false);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(stage.done, ==, COMMIT_MAX_CHANGES);
        g_assert_true(committer_turn(stage.committer));
        for (unsigned i = 0; i < 6; i++)
                submit("same", 1024 * 1024, false);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(stage.done, ==, COMMIT_MAX_CHANGES + 1 + 4);
        stage_done();
}

/* A barrier in one lane stands for what went before in another: the lane that is made first is
 * overfull, and the other one's change must not get past it. */
static void test_lanes_are_in_the_order_of_hand_over(void)
{
        uint64_t done = 0, number;
        CommitLane *other;
        Change *barrier;

        stage_init(false, &(CommitterOptions){.no_thread = true});
        g_assert_cmpint(committer_lane(stage.committer, &done, &other), ==, 0);
        for (unsigned i = 0; i <= COMMIT_MAX_CHANGES; i++)
                submit("n", 1, false);
        barrier = change_new(false, 0);
        g_assert_nonnull(barrier);
        g_assert_cmpint(committer_submit(other, barrier, &number), ==, 0);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(stage.done, ==, COMMIT_MAX_CHANGES);
        g_assert_cmpuint(done, ==, 0);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(stage.done, ==, COMMIT_MAX_CHANGES + 1);
        g_assert_cmpuint(done, ==, number);
        stage_done();
}

static void test_what_is_left_is_written_at_the_end(void)
{
        stage_init(false, &(CommitterOptions){.no_thread = true});
        submit("1", 10, false);
        stage.committer = committer_free(stage.committer);
        g_assert_cmpuint(stage.done, ==, 1);
        g_assert_true(is_there("1"));
        stage_done();
}

static void test_full_store_refuses_what_it_may(void)
{
        stage_init(false, &(CommitterOptions){.no_thread = true});
        store_set_max_size(stage.fixture.store, 10 * 1024);
        submit("fits", 4 * 1024, true);
        submit("too-much", 10 * 1024, true);
        submit("must", 10 * 1024, false);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(stage.done, ==, 3);
        g_assert_cmpuint(stage.refused, ==, 2);
        g_assert_cmpint(stage.refused_error, ==, -EDQUOT);
        g_assert_true(is_there("fits"));
        g_assert_false(is_there("too-much"));
        g_assert_true(is_there("must"));
        stage_done();
}

/* What a checkpoint has put into the tables takes room at once, not when somebody looks next. */
static void test_full_after_a_checkpoint(void)
{
        uint64_t number;

        stage_init(false, &(CommitterOptions){.no_thread = true});
        store_set_max_size(stage.fixture.store, 1024 * 1024);
        submit("first", 600 * 1024, true);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpint(committer_checkpoint(stage.committer, &number), ==, 0);
        g_assert_true(committer_turn(stage.committer));
        submit("second", 600 * 1024, true);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(stage.refused, ==, 2);
        g_assert_true(is_there("first"));
        stage_done();
}

static void test_change_that_went_wrong(void)
{
        Change *change = change_new(false, 0);
        uint64_t number;

        stage_init(false, &(CommitterOptions){.no_thread = true});
        change_put(&change, TABLE_LOG, (Bytes){}, text("1"));
        g_assert_cmpint(committer_submit(stage.lane, change, &number), ==, -EINVAL);
        g_assert_cmpuint(submit("next", 1, false), ==, 1); /* it has not got a number */
        stage_done();
}

static void test_settled_by_a_checkpoint_that_is_due(void)
{
        stage_init(true, &(CommitterOptions){.no_thread = true, .checkpoint_bytes = 5000});
        submit("1", 100, false);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(stage.done, ==, 1);
        submit("2", 6000, false);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(stage.settled, ==, 2);
        g_assert_true(is_there("1"));
        g_assert_true(is_there("2"));
        g_assert_cmpuint(stage.checkpointed, ==, 0); /* nobody has asked */
        stage_done();
}

static void test_checkpoint_that_was_asked_for(void)
{
        uint64_t first = 0, second = 0;

        stage_init(true, &(CommitterOptions){.no_thread = true});
        submit("1", 100, false);
        g_assert_cmpint(committer_checkpoint(stage.committer, &first), ==, 0);
        submit("2", 100, false);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(stage.checkpointed, ==, first);
        g_assert_cmpuint(stage.settled, >=, 1);
        while (committer_turn(stage.committer))
                ;
        g_assert_cmpint(committer_checkpoint(stage.committer, &second), ==, 0);
        g_assert_cmpuint(second, >, first);
        g_assert_true(committer_turn(stage.committer)); /* with nothing else to do */
        g_assert_cmpuint(stage.checkpointed, ==, second);
        g_assert_cmpuint(stage.settled, ==, 2);
        g_assert_false(committer_turn(stage.committer));
        stage_done();
}

static void test_failed_disk_is_told_once(void)
{
        stage_init(true, &(CommitterOptions){.no_thread = true});
        submit("1", 10, false);
        g_assert_true(committer_turn(stage.committer));
        submit("2", 10, false);
        sync_error = EIO;
        g_assert_true(committer_turn(stage.committer));
        sync_error = 0;
        g_assert_cmpint(stage.failed, ==, -EIO);
        submit("3", 10, false);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(stage.failures, ==, 1);
        g_assert_cmpuint(stage.done, ==, 1);
        g_assert_cmpuint(committer_backlog(stage.committer), ==, 0);
        stage.committer = committer_free(stage.committer);
        g_assert_cmpint(fixture_reopen(&stage.fixture), ==, 0);
        g_assert_true(is_there("1")); /* of "2" nobody knows */
        g_assert_false(is_there("3"));
        stage_done();
}

/* What is done is on the disk, whatever becomes of the tables. */
static void test_failed_checkpoint_is_told_once(void)
{
        uint64_t number;

        stage_init(true, &(CommitterOptions){.no_thread = true});
        submit("1", 10, false);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpint(committer_checkpoint(stage.committer, &number), ==, 0);
        sync_error = EIO;
        g_assert_true(committer_turn(stage.committer));
        sync_error = 0;
        g_assert_cmpint(stage.failed, ==, -EIO);
        submit("2", 10, false);
        while (committer_turn(stage.committer))
                ;
        g_assert_cmpuint(stage.failures, ==, 1);
        g_assert_cmpuint(stage.done, ==, 1);
        g_assert_cmpuint(stage.settled, ==, 0);
        g_assert_cmpuint(stage.checkpointed, ==, 0);
        stage.committer = committer_free(stage.committer);
        g_assert_cmpint(fixture_reopen(&stage.fixture), ==, 0);
        g_assert_true(is_there("1"));
        g_assert_false(is_there("2"));
        stage_done();
}

/* --- with its thread, and others --- */

#define LANES 3U
#define EACH  2000U

typedef struct Lane {
        CommitLane *lane;
        Committer *committer;
        unsigned index;
        uint64_t number; /* of changes to submit */
        _Atomic uint64_t done, settled;
        int pipe; /* where to tell what is done; -1: nowhere */
} Lane;

typedef struct Word {
        uint32_t lane, number;
} Word;

static void on_lane_done(void *data, uint64_t number)
{
        Lane *lane = data;
        Word word = {lane->index, (uint32_t)number};

        g_assert_cmpuint(number, >, lane->done);
        lane->done = number;
        if (lane->pipe >= 0 && write(lane->pipe, &word, sizeof(word)) != sizeof(word))
                _exit(1);
}

static void on_lane_settled(void *data, uint64_t number)
{
        Lane *lane = data;

        g_assert_cmpuint(number, >, lane->settled);
        g_assert_cmpuint(number, <=, lane->done);
        lane->settled = number;
}

static const CommitterEvents lane_events = {.done = on_lane_done,
                                            .refused = on_refused,
                                            .settled = on_lane_settled,
                                            .checkpointed = on_checkpointed,
                                            .failed = on_failed};

static void key_of(char *key, size_t size, unsigned lane, uint64_t number)
{
        g_snprintf(key, size, "%08" G_GUINT64_FORMAT "-%u", number, lane);
}

static void *submit_all(void *data)
{
        static const uint8_t value[100];
        Lane *lane = data;

        for (uint64_t i = 1; i <= lane->number; i++) {
                Change *change = change_new(false, 300);
                uint64_t number;
                char key[32];

                key_of(key, sizeof(key), lane->index, i);
                change_append(&change, TABLE_LOG, text(key), (Bytes){value, sizeof(value)});
                change_put(&change, TABLE_OTHER, text(key), text("with it"));
                if (committer_submit(lane->lane, change, &number) < 0 || number != i)
                        _exit(1);
                while (committer_backlog(lane->committer) > 64 * 1024)
                        sched_yield();
        }
        return NULL;
}

static void run_lanes(Store *store, Lane *lanes, uint64_t number, int pipe)
{
        pthread_t threads[LANES];
        Committer *committer;

        if (committer_new(store, &(CommitterOptions){.checkpoint_bytes = 128 * 1024}, &lane_events,
                          &committer) < 0)
                _exit(1);
        for (unsigned i = 0; i < LANES; i++) {
                lanes[i] =
                        (Lane){.committer = committer, .index = i, .number = number, .pipe = pipe};
                if (committer_lane(committer, &lanes[i], &lanes[i].lane) < 0)
                        _exit(1);
        }
        for (unsigned i = 0; i < LANES; i++)
                pthread_create(&threads[i], NULL, submit_all, &lanes[i]);
        for (unsigned i = 0; i < LANES; i++)
                pthread_join(threads[i], NULL);
        committer_free(committer);
}

static void test_lanes(void)
{
        Fixture fixture;
        Lane lanes[LANES];

        fixture_init(&fixture, true);
        run_lanes(fixture.store, lanes, EACH, -1);
        g_assert_cmpint(fixture_reopen(&fixture), ==, 0);
        stage = (Stage){.fixture = fixture};
        for (unsigned i = 0; i < LANES; i++) {
                char key[32];

                g_assert_cmpuint(lanes[i].done, ==, EACH);
                g_assert_cmpuint(lanes[i].settled, ==, EACH);
                for (uint64_t j = 1; j <= EACH; j++) {
                        key_of(key, sizeof(key), i, j);
                        g_assert_true(is_there(key));
                }
        }
        fixture_done(&fixture);
}

/* The thread waits for others, but not when it is to end. */
static void test_delay_does_not_hold_up_the_end(void)
{
        gint64 begun = g_get_monotonic_time();

        stage_init(false, &(CommitterOptions){.delay = MSEC_PER_SEC});
        submit("1", 1, false);
        submit("2", 1, false);
        stage.committer = committer_free(stage.committer);
        g_assert_cmpuint(stage.done, ==, 2);
        g_assert_cmpint(g_get_monotonic_time() - begun, <, G_USEC_PER_SEC);
        stage_done();
}

/* --- killed --- */

/* Until it is killed. */
static void child(const Fixture *fixture, int pipe)
{
        Lane lanes[LANES];
        Store *store;

        if (store_open(fixture->folder, &fixture->options, &store) < 0)
                _exit(1);
        run_lanes(store, lanes, UINT32_MAX, pipe);
}

/* What it has told, up to the end. */
static void hear(int pipe, uint64_t *done)
{
        Word word;

        while (read(pipe, &word, sizeof(word)) == sizeof(word)) {
                g_assert_cmpuint(word.lane, <, LANES);
                done[word.lane] = word.number;
        }
}

static void kill_one(Fixture *fixture, GRand *rand)
{
        uint64_t done[LANES] = {};
        int ends[2], status;
        Word first;
        pid_t pid;

        g_assert_cmpint(pipe(ends), ==, 0);
        pid = fork();
        if (pid == 0) {
                close(ends[0]);
                child(fixture, ends[1]);
                _exit(1);
        }
        close(ends[1]);
        g_assert_cmpint(read(ends[0], &first, sizeof(first)), ==, sizeof(first));
        done[first.lane] = first.number;
        g_usleep((gulong)g_rand_int_range(rand, 0, 30000)); /* the moment is the case */
        g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_true(WIFSIGNALED(status));
        hear(ends[0], done);
        close(ends[0]);
        g_assert_cmpint(store_open(fixture->folder, &fixture->options, &fixture->store), ==, 0);
        g_assert_false(store_found(fixture->store).clean);
        stage = (Stage){.fixture = *fixture};
        for (unsigned i = 0; i < LANES; i++) {
                uint64_t n = 1;
                char key[32];

                for (;; n++) {
                        key_of(key, sizeof(key), i, n);
                        if (!is_there(key))
                                break;
                }
                g_assert_cmpuint(n, >, done[i]);
        }
}

static void test_killed(void)
{
        unsigned kills = g_test_slow() ? 300 : 20;
        g_autoptr(GRand) rand = g_rand_new_with_seed(g_test_rand_int());

        for (unsigned i = 0; i < kills; i++) {
                Fixture fixture;

                fixture_init(&fixture, true);
                fixture.store = store_free(fixture.store);
                kill_one(&fixture, rand);
                fixture_done(&fixture);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/committer/killed", test_killed); /* before there are threads */
        g_test_add_func("/store/committer/one-commit-for-all-that-came",
                        test_one_commit_for_all_that_came);
        g_test_add_func("/store/committer/a-commit-has-bounds", test_a_commit_has_bounds);
        g_test_add_func("/store/committer/lanes-are-in-the-order-of-hand-over",
                        test_lanes_are_in_the_order_of_hand_over);
        g_test_add_func("/store/committer/what-is-left-is-written-at-the-end",
                        test_what_is_left_is_written_at_the_end);
        g_test_add_func("/store/committer/full-store-refuses-what-it-may",
                        test_full_store_refuses_what_it_may);
        g_test_add_func("/store/committer/full-after-a-checkpoint", test_full_after_a_checkpoint);
        g_test_add_func("/store/committer/change-that-went-wrong", test_change_that_went_wrong);
        g_test_add_func("/store/committer/settled-by-a-checkpoint-that-is-due",
                        test_settled_by_a_checkpoint_that_is_due);
        g_test_add_func("/store/committer/checkpoint-that-was-asked-for",
                        test_checkpoint_that_was_asked_for);
        g_test_add_func("/store/committer/failed-disk-is-told-once", test_failed_disk_is_told_once);
        g_test_add_func("/store/committer/failed-checkpoint-is-told-once",
                        test_failed_checkpoint_is_told_once);
        g_test_add_func("/store/committer/lanes", test_lanes);
        g_test_add_func("/store/committer/delay-does-not-hold-up-the-end",
                        test_delay_does_not_hold_up_the_end);
        return g_test_run();
}
