/* SPDX-License-Identifier: Apache-2.0 */

/* Who is above a limit, in summaries. */

#include <glib.h>
#include <string.h>

#include "server/excesses.h"
#include "util/log.h"

static msec_t now_ms = 1000000;

static uint64_t get_now(void)
{
        return now_ms * USEC_PER_MSEC;
}

static void pass(Loop *loop, msec_t ms)
{
        now_ms += ms;
        loop_wait(loop, 0);
        loop_dispatch(loop);
}

/* Each has its option, which is its name in the log. */
static void test_options(void)
{
        for (unsigned i = 0; i < EXCESSES_N; i++) {
                const char *option = excess_option((Excess)i);

                g_assert_true(g_str_has_prefix(option, "client_max_") ||
                              g_str_has_prefix(option, "user_max_"));
                for (unsigned k = 0; k < i; k++)
                        g_assert_cmpstr(option, !=, excess_option((Excess)k));
        }
}

/* The first one is told, then nothing but sums, until it has been quiet for as long. */
static void test_summaries(void)
{
        Excesses excesses;
        Loop loop;

        log_set_categories(0);
        g_assert_cmpint(loop_init(&loop), ==, 0);
        loop.clock = get_now;
        pass(&loop, 0);
        excesses_init(&excesses, &loop);
        g_assert_true(excesses_note(&excesses, EXCESS_CLIENT_SUBSCRIPTIONS));
        for (unsigned i = 0; i < 100000; i++)
                g_assert_false(excesses_note(&excesses, EXCESS_USER_MESSAGE_RATE));
        g_assert_cmpuint(excesses.counts[EXCESS_USER_MESSAGE_RATE], ==, 100000);
        g_assert_cmpuint(excesses.counts[EXCESS_CLIENT_SUBSCRIPTIONS], ==, 0);
        pass(&loop, 9999);
        g_assert_cmpuint(excesses.counts[EXCESS_USER_MESSAGE_RATE], ==, 100000);
        pass(&loop, 1); /* a summary */
        g_assert_cmpuint(excesses.counts[EXCESS_USER_MESSAGE_RATE], ==, 0);
        g_assert_false(excesses_note(&excesses, EXCESS_USER_MESSAGE_RATE));
        pass(&loop, 10000); /* another one */
        g_assert_cmpuint(excesses.counts[EXCESS_USER_MESSAGE_RATE], ==, 0);
        pass(&loop, 10000); /* it has been quiet */
        g_assert_true(excesses_note(&excesses, EXCESS_USER_MESSAGE_RATE));
        loop_done(&loop);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/excesses/options", test_options);
        g_test_add_func("/server/excesses/summaries", test_summaries);
        return g_test_run();
}
