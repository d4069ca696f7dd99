/* SPDX-License-Identifier: Apache-2.0 */
/* test-ratelimit.c: bursts, windows, what is suppressed. */

#include <glib.h>

#include "util/ratelimit.h"

static void test_burst(void)
{
        RateLimit limit = RATELIMIT_INIT(1000, 3);

        for (int i = 0; i < 3; i++)
                g_assert_true(ratelimit_test(&limit, 5000));
        for (int i = 0; i < 4; i++)
                g_assert_false(ratelimit_test(&limit, 5999));
        g_assert_cmpuint(limit.suppressed, ==, 4);
        g_assert_true(ratelimit_test(&limit, 6000));
        g_assert_cmpuint(ratelimit_take_suppressed(&limit), ==, 4);
        g_assert_cmpuint(ratelimit_take_suppressed(&limit), ==, 0);
}

/* The first window begins with the first use, even at a time smaller than the interval. */
static void test_early(void)
{
        RateLimit limit = RATELIMIT_INIT(1000, 1);

        g_assert_true(ratelimit_test(&limit, 900));
        g_assert_false(ratelimit_test(&limit, 1100));
        g_assert_false(ratelimit_test(&limit, 1899));
        g_assert_true(ratelimit_test(&limit, 1900));
}

static void test_no_limit(void)
{
        RateLimit none = RATELIMIT_INIT(0, 0), never = RATELIMIT_INIT(1000, 0);

        for (int i = 0; i < 100; i++)
                g_assert_true(ratelimit_test(&none, 1));
        g_assert_false(ratelimit_test(&never, 1));
        g_assert_false(ratelimit_test(&never, 100000));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/ratelimit/burst-then-silence", test_burst);
        g_test_add_func("/util/ratelimit/first-window-begins-with-first-use", test_early);
        g_test_add_func("/util/ratelimit/no-limit-and-nothing", test_no_limit);
        return g_test_run();
}
