/* SPDX-License-Identifier: Apache-2.0 */

/* Load averages: what a steady and a stopped counter come to. */
#include <glib.h>
#include <math.h>

#include "control/load-average.h"

#define STEP (10 * MSEC_PER_SEC)

static void test_steady_rate_is_reached_in_its_span(void)
{
        LoadAverage load = {};

        /* 100 in each 10 seconds are 600 a minute; after one span, 1 - 1/e of it is seen. */
        for (unsigned step = 1; step <= 6; step++)
                load_average_update(&load, 100 * step, STEP);
        g_assert_cmpfloat_with_epsilon(load.per_minute[0], 600 * (1 - exp(-1)), 0.01);
        for (unsigned step = 7; step <= 30; step++)
                load_average_update(&load, 100 * step, STEP);
        g_assert_cmpfloat_with_epsilon(load.per_minute[1], 600 * (1 - exp(-1)), 0.01);
        for (unsigned step = 31; step <= 90; step++)
                load_average_update(&load, 100 * step, STEP);
        g_assert_cmpfloat_with_epsilon(load.per_minute[2], 600 * (1 - exp(-1)), 0.01);
        g_assert_cmpfloat_with_epsilon(load.per_minute[0], 600, 0.01);
}

static void test_stopped_counter_decays(void)
{
        LoadAverage load = {.last = 5, .per_minute = {60, 60, 60}};

        load_average_update(&load, 5, 60 * MSEC_PER_SEC);
        g_assert_cmpfloat_with_epsilon(load.per_minute[0], 60 * exp(-1), 0.001);
        g_assert_cmpfloat_with_epsilon(load.per_minute[1], 60 * exp(-1.0 / 5), 0.001);
        g_assert_cmpfloat_with_epsilon(load.per_minute[2], 60 * exp(-1.0 / 15), 0.001);
}

static void test_length_of_the_steps_does_not_matter(void)
{
        LoadAverage fine = {}, coarse = {};

        for (unsigned step = 1; step <= 60; step++)
                load_average_update(&fine, 7 * step, MSEC_PER_SEC);
        load_average_update(&coarse, 7 * 60, 60 * MSEC_PER_SEC);
        for (unsigned i = 0; i < LOAD_AVERAGE_N; i++)
                g_assert_cmpfloat_with_epsilon(fine.per_minute[i], coarse.per_minute[i], 0.001);
}

static void test_no_time_changes_nothing(void)
{
        LoadAverage load = {.per_minute = {1, 2, 3}};

        load_average_update(&load, 1000, 0);
        g_assert_cmpfloat(load.per_minute[0], ==, 1);
        g_assert_cmpuint(load.last, ==, 1000);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/control/load-average/steady-rate-is-reached-in-its-span",
                        test_steady_rate_is_reached_in_its_span);
        g_test_add_func("/control/load-average/stopped-counter-decays",
                        test_stopped_counter_decays);
        g_test_add_func("/control/load-average/length-of-the-steps-does-not-matter",
                        test_length_of_the_steps_does_not_matter);
        g_test_add_func("/control/load-average/no-time-changes-nothing",
                        test_no_time_changes_nothing);
        return g_test_run();
}
