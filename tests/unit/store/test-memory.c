/* SPDX-License-Identifier: Apache-2.0 */
/* test-memory.c: each allocation fails once. What is refused is not there, what is done stays, and
 * later all goes on. */

#include <errno.h>

#include "committer-told.h"
#include "store-copy.h"
#include "tests/unit/failing-memory.h"

typedef struct Stage {
        Fixture fixture;
        Committer *committer;
        CommitLane *lane;
} Stage;

static Stage stage;

static int begin(void)
{
        told_again();
        return committer_new(stage.fixture.store, &(CommitterOptions){.no_thread = true},
                             &told_events, &stage.committer);
}

static void stage_init(void)
{
        stage = (Stage){};
        told = (Told){.expects_refusal = -ENOMEM};
        fixture_init(&stage.fixture, true);
        g_assert_cmpint(begin(), ==, 0);
        g_assert_cmpint(committer_lane(stage.committer, NULL, &stage.lane), ==, 0);
}

static void stage_done(void)
{
        stage.committer = committer_free(stage.committer);
        fixture_done(&stage.fixture);
}

/* 0 or -ENOMEM. */
static int put(const char *key)
{
        static const uint8_t value[3000];
        Change *change = change_new(true, 0);
        uint64_t number;

        if (!change)
                return -ENOMEM;
        change_put(&change, TABLE_LOG, text(key), (Bytes){value, sizeof(value)});
        change_put(&change, TABLE_OTHER, text(key), (Bytes){value, sizeof(value)});
        return committer_submit(stage.lane, change, &number);
}

static void turn_all(void)
{
        for (unsigned i = 0; i < 10 && committer_turn(stage.committer); i++)
                ;
}

static bool is_there(const Fixture *fixture, const char *key)
{
        g_autofree char *one = get_one(fixture->store, TABLE_LOG, key);
        g_autofree char *other = get_one(fixture->store, TABLE_OTHER, key);

        g_assert_cmpint(!one, ==, !other);
        return one;
}

/* Whether an allocation has failed. */
static bool put_with_failure(unsigned n)
{
        g_autofree char *key = g_strdup_printf("%03u", n);
        uint64_t number, settled = 0;
        bool failed;
        int r;

        told.refused = 0;
        failing_memory_begin(n);
        r = put(key);
        turn_all();
        if (committer_checkpoint(stage.committer, &number) == 0)
                turn_all();
        failed = failing_memory_end();
        while (told.settled < told.done || settled == 0) {
                g_assert_cmpint(committer_checkpoint(stage.committer, &number), ==, 0);
                turn_all();
                settled = told.checkpointed;
        }
        g_assert_cmpint(is_there(&stage.fixture, key), ==, r == 0 && told.refused == 0);
        return failed;
}

static void test_put(void)
{
        unsigned n = 0;

        stage_init();
        while (put_with_failure(n))
                n++;
        g_assert_cmpuint(n, >, 8);
        stage_done();
}

static void test_begin(void)
{
        unsigned n = 0;
        int r;

        stage_init();
        do {
                stage.committer = committer_free(stage.committer);
                failing_memory_begin(n++);
                r = begin();
                g_assert_cmpint(r, ==, failing_memory_end() ? -ENOMEM : 0);
        } while (r < 0);
        g_assert_cmpuint(n, >, 5);
        stage_done();
}

/* A start that fails can be done again. */
static void test_replay(void)
{
        unsigned n = 0;
        Fixture copy;
        bool failed;

        stage_init();
        g_assert_cmpint(put("a"), ==, 0);
        turn_all();
        fixture_copy(&stage.fixture, &copy);
        do {
                int r;

                failing_memory_begin(n++);
                r = store_open(copy.folder, &copy.options, &copy.store);
                failed = failing_memory_end();
                g_assert_cmpint(r, ==, failed ? -ENOMEM : 0);
        } while (failed);
        g_assert_cmpuint(n, >, 8);
        g_assert_true(is_there(&copy, "a"));
        fixture_done(&copy);
        stage_done();
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/memory/put", test_put);
        g_test_add_func("/store/memory/begin", test_begin);
        g_test_add_func("/store/memory/replay", test_replay);
        return g_test_run();
}
