/* SPDX-License-Identifier: Apache-2.0 */
/* test-commit-times.c: what is expected of a disk, by what it has taken. */
#include <glib.h>

#include "store/commit-times.h"

#define QUICK UINT64_C(100000)
#define SLOW  UINT64_C(8000000)

static void add(CommitTimes *times, uint64_t ns, unsigned n)
{
        while (n-- > 0)
                commit_times_add(times, ns);
}

/* One that was quick says nothing; a few do. */
static void test_the_first(void)
{
        CommitTimes times = {};

        commit_times_init(&times);
        add(&times, QUICK, COMMIT_TIMES_MIN - 1);
        g_assert_cmpuint(commit_times_worst(&times), ==, COMMIT_TIME_UNKNOWN);
        add(&times, QUICK, 1);
        g_assert_cmpuint(commit_times_worst(&times), ==, QUICK);
}

/* A slow one among the first is seen when they say something. */
static void test_the_worst_of_the_first(void)
{
        CommitTimes times = {};

        commit_times_init(&times);
        add(&times, SLOW, 1);
        add(&times, QUICK, COMMIT_TIMES_MIN - 1);
        g_assert_cmpuint(commit_times_worst(&times), >, SLOW / 2);
        g_assert_cmpuint(commit_times_worst(&times), <, SLOW);
}

/* A slow one counts at once, and is forgotten slowly. */
static void test_slow_at_once(void)
{
        CommitTimes times = {};

        commit_times_init(&times);
        add(&times, QUICK, 100);
        add(&times, SLOW, 1);
        g_assert_cmpuint(commit_times_worst(&times), ==, SLOW);
        add(&times, QUICK, 10);
        g_assert_cmpuint(commit_times_worst(&times), >, SLOW / 8);
        add(&times, QUICK, 100);
        g_assert_cmpuint(commit_times_worst(&times), ==, QUICK);
}

int main(int argc, char *argv[])
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/commit-times/the-first", test_the_first);
        g_test_add_func("/store/commit-times/the-worst-of-the-first", test_the_worst_of_the_first);
        g_test_add_func("/store/commit-times/slow-at-once", test_slow_at_once);
        return g_test_run();
}
