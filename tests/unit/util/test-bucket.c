/* SPDX-License-Identifier: Apache-2.0 */

#include <glib.h>

#include "util/bucket.h"

#define NOW 5000U

static void test_burst_then_rate(void)
{
        const BucketFlow flow = {.rate = 10, .burst = 3};
        uint64_t bucket = 0;

        for (unsigned i = 0; i < 3; i++)
                g_assert_true(bucket_take(&bucket, flow, 1, NOW));
        g_assert_false(bucket_take(&bucket, flow, 1, NOW));
        /* A part of one is enough; the next then waits for longer. */
        g_assert_true(bucket_take(&bucket, flow, 1, NOW + 1));
        g_assert_false(bucket_take(&bucket, flow, 1, NOW + 100));
        g_assert_true(bucket_take(&bucket, flow, 1, NOW + 101));
}

static void test_rate_holds_for_long(void)
{
        const BucketFlow flow = {.rate = 7, .burst = 7};
        uint64_t bucket = 0;
        unsigned n = 0;

        for (msec_t ms = 0; ms < 100000; ms++)
                n += bucket_take(&bucket, flow, 1, NOW + ms);
        g_assert_cmpuint(n, >=, 700);
        g_assert_cmpuint(n, <=, 708);
}

static void test_full_again(void)
{
        const BucketFlow flow = {.rate = 1, .burst = 5};
        uint64_t bucket = 0;

        for (unsigned i = 0; i < 5; i++)
                bucket_take(&bucket, flow, 1, NOW);
        for (unsigned i = 0; i < 5; i++)
                g_assert_true(bucket_take(&bucket, flow, 1, NOW + 3600000));
        g_assert_false(bucket_take(&bucket, flow, 1, NOW + 3600000));
}

/* What is too large for the bucket comes in, and is paid for later. */
static void test_debt(void)
{
        const BucketFlow flow = {.rate = 1000, .burst = 1000};
        uint64_t bucket = 0;

        g_assert_true(bucket_take(&bucket, flow, 5000, NOW));
        g_assert_cmpuint(bucket_wait(bucket, flow, NOW), ==, 4001);
        g_assert_false(bucket_take(&bucket, flow, 1, NOW + 4000));
        g_assert_true(bucket_take(&bucket, flow, 1, NOW + 4001));
}

static void test_large_numbers(void)
{
        const BucketFlow flow = {.rate = UINT32_MAX, .burst = UINT32_MAX};
        uint64_t bucket = 0;

        g_assert_true(bucket_take(&bucket, flow, 268435460, (msec_t)1 << 40));
        g_assert_cmpuint(bucket_wait(bucket, flow, (msec_t)1 << 40), ==, 0);
}

static void test_shared(void)
{
        const BucketFlow flow = {.rate = 1, .burst = 2};
        atomic_uint_fast64_t bucket = 0;

        g_assert_true(bucket_take_shared(&bucket, flow, 1, NOW));
        g_assert_true(bucket_take_shared(&bucket, flow, 1, NOW));
        g_assert_false(bucket_take_shared(&bucket, flow, 1, NOW));
        g_assert_true(bucket_take_shared(&bucket, flow, 1, NOW + 1001));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/bucket/burst-then-rate", test_burst_then_rate);
        g_test_add_func("/util/bucket/rate-holds-for-long", test_rate_holds_for_long);
        g_test_add_func("/util/bucket/full-again", test_full_again);
        g_test_add_func("/util/bucket/debt", test_debt);
        g_test_add_func("/util/bucket/large-numbers", test_large_numbers);
        g_test_add_func("/util/bucket/shared", test_shared);
        return g_test_run();
}
