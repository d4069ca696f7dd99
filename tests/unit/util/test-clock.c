/* SPDX-License-Identifier: Apache-2.0 */
/* test-clock.c: units, and that time does not run backwards. */

#include <glib.h>
#include <time.h>

#include "util/clock.h"

static void test_boottime(void)
{
        struct timespec now;
        msec_t before = clock_boottime(), middle, after;

        clock_gettime(CLOCK_BOOTTIME, &now);
        middle = (msec_t)now.tv_sec * 1000 + (msec_t)(now.tv_nsec / 1000000);
        after = clock_boottime();
        g_assert_cmpuint(before, <=, middle);
        g_assert_cmpuint(middle, <=, after);
}

static void test_realtime(void)
{
        uint64_t before = (uint64_t)(g_get_real_time() / 1000000);

        g_assert_cmpuint(clock_realtime(), >=, before);
        g_assert_cmpuint(clock_realtime(), <=, (uint64_t)(g_get_real_time() / 1000000) + 1);
}

static void test_add(void)
{
        g_assert_cmpuint(msec_add(1, 2), ==, 3);
        g_assert_cmpuint(msec_add(MSEC_INFINITY, 1), ==, MSEC_INFINITY);
        g_assert_cmpuint(msec_add(5, MSEC_INFINITY), ==, MSEC_INFINITY);
        g_assert_cmpuint(msec_add(MSEC_INFINITY - 1, 2), ==, MSEC_INFINITY);
        g_assert_cmpuint(msec_add(0, 0), ==, 0);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/clock/boottime-is-milliseconds", test_boottime);
        g_test_add_func("/util/clock/realtime-is-seconds", test_realtime);
        g_test_add_func("/util/clock/add-saturates", test_add);
        return g_test_run();
}
