/* SPDX-License-Identifier: Apache-2.0 */
/* test-histogram.c: which class a time belongs to. */

#include "util/histogram.h"

#include <glib.h>

static void test_bounds_rise(void)
{
        for (unsigned i = 1; i < HISTOGRAM_BOUNDS; i++)
                g_assert_cmpuint(histogram_bounds[i - 1], <, histogram_bounds[i]);
        g_assert_cmpuint(histogram_bounds[HISTOGRAM_BOUNDS - 1], ==, 10000000);
}

static void test_a_bound_belongs_to_its_class(void)
{
        for (unsigned i = 0; i < HISTOGRAM_BOUNDS; i++) {
                Histogram histogram = {};
                HistogramSample sample = {};

                histogram_add(&histogram, histogram_bounds[i], 2);
                histogram_add(&histogram, histogram_bounds[i] + 1, 3);
                histogram_collect(&histogram, &sample);
                g_assert_cmpuint(sample.counts[i], ==, 2);
                g_assert_cmpuint(sample.counts[i + 1], ==, 3);
                g_assert_cmpuint(sample.sum, ==, 5 * histogram_bounds[i] + 3);
                g_assert_cmpuint(histogram_total(&sample), ==, 5);
        }
}

static void test_collecting_adds(void)
{
        Histogram histogram = {};
        HistogramSample sample = {};

        histogram_add(&histogram, 0, 1);
        histogram_add(&histogram, UINT32_MAX, 1);
        histogram_collect(&histogram, &sample);
        histogram_collect(&histogram, &sample);
        g_assert_cmpuint(sample.counts[0], ==, 2);
        g_assert_cmpuint(sample.counts[HISTOGRAM_BOUNDS], ==, 2);
        g_assert_cmpuint(sample.sum, ==, 2 * (uint64_t)UINT32_MAX);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/histogram/bounds-rise", test_bounds_rise);
        g_test_add_func("/util/histogram/a-bound-belongs-to-its-class",
                        test_a_bound_belongs_to_its_class);
        g_test_add_func("/util/histogram/collecting-adds", test_collecting_adds);
        return g_test_run();
}
