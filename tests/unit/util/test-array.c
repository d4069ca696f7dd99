/* SPDX-License-Identifier: Apache-2.0 */
/* test-array.c: content that stays over all sizes; what is large leaves nothing behind. */

#include <errno.h>
#include <glib.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/array.h"

static void fill(uint8_t *array, size_t from, size_t to)
{
        for (size_t i = from; i < to; i++)
                array[i] = (uint8_t)(i * 31 >> 3);
}

static void check(const uint8_t *array, size_t size)
{
        for (size_t i = 0; i < size; i++)
                if (array[i] != (uint8_t)(i * 31 >> 3))
                        g_error("byte %zu of %zu", i, size);
}

static void test_content_stays(void)
{
        static const size_t sizes[] = {
                64,  ARRAY_LARGE - 1, ARRAY_LARGE, 3 * ARRAY_LARGE + 5, ARRAY_LARGE + 1,
                100, 2 * ARRAY_LARGE, 16};
        uint8_t *array = NULL;
        size_t size = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
                array = array_resize(array, size, sizes[i]);
                g_assert_nonnull(array);
                check(array, MIN(size, sizes[i]));
                fill(array, MIN(size, sizes[i]), sizes[i]);
                size = sizes[i];
        }
        array_free(array, size);
        array_free(NULL, 0);
}

static void test_no_memory(void)
{
        uint8_t *small = array_resize(NULL, 0, 64), *large = array_resize(NULL, 0, ARRAY_LARGE);

        fill(small, 0, 64);
        fill(large, 0, ARRAY_LARGE);
        g_assert_null(array_resize(small, 64, SIZE_MAX / 4));
        g_assert_null(array_resize(large, ARRAY_LARGE, SIZE_MAX / 4));
        check(small, 64);
        check(large, ARRAY_LARGE);
        array_free(small, 64);
        array_free(large, ARRAY_LARGE);
}

/* The pages of one that is gone are no part of the process any more. */
static void test_large_is_gone(void)
{
        const size_t size = 4 * ARRAY_LARGE;
        uint8_t *array = array_resize(NULL, 0, size);
        unsigned char resident;

        g_assert_nonnull(array);
        fill(array, 0, size);
        array_free(array, size);
        g_assert_cmpint(mincore(array, (size_t)getpagesize(), &resident), ==, -1);
        g_assert_cmpint(errno, ==, ENOMEM);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/array/content-stays", test_content_stays);
        g_test_add_func("/util/array/no-memory", test_no_memory);
        g_test_add_func("/util/array/large-is-gone", test_large_is_gone);
        return g_test_run();
}
