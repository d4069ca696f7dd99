/* SPDX-License-Identifier: Apache-2.0 */

/* Memory of output buffers that are not in use. */

#include "server/buffer-pool.h"

#include <glib.h>

static Buffer filled(size_t capacity)
{
        Buffer buffer = {};

        g_assert_cmpint(buffer_reserve(&buffer, capacity), ==, 0);
        buffer_commit(&buffer, capacity / 2);
        return buffer;
}

static void test_take_from_empty(void)
{
        BufferPool pool;
        Buffer buffer = {};

        g_assert_cmpint(buffer_pool_init(&pool), ==, 0);
        buffer_pool_take(&pool, &buffer);
        g_assert_null(buffer.data);
        buffer_pool_give(&pool, &buffer); /* nothing to give */
        g_assert_cmpuint(pool.n, ==, 0);
        buffer_pool_done(&pool);
}

static void test_last_in_first_out(void)
{
        Buffer a = filled(100), b = filled(200), taken = {};
        const uint8_t *memory = b.data;
        BufferPool pool;

        g_assert_cmpint(buffer_pool_init(&pool), ==, 0);
        buffer_pool_give(&pool, &a);
        buffer_pool_give(&pool, &b);
        g_assert_null(a.data);
        g_assert_null(b.data);
        g_assert_cmpuint(pool.n, ==, 2);
        buffer_pool_take(&pool, &taken);
        g_assert_true(taken.data == memory);
        g_assert_cmpuint(buffer_length(&taken), ==, 0);
        g_assert_cmpuint(pool.n, ==, 1);
        g_assert_cmpuint(pool.bytes, ==, pool.spare[0].capacity);
        buffer_done(&taken);
        buffer_pool_done(&pool);
}

static void test_large_is_freed(void)
{
        Buffer large = filled(BUFFER_POOL_LARGEST + 1), largest = filled(BUFFER_POOL_LARGEST);
        BufferPool pool;

        g_assert_cmpint(buffer_pool_init(&pool), ==, 0);
        buffer_pool_give(&pool, &large);
        g_assert_null(large.data);
        g_assert_cmpuint(pool.n, ==, 0);
        buffer_pool_give(&pool, &largest);
        g_assert_cmpuint(pool.n, ==, 1);
        buffer_pool_done(&pool);
}

static void test_bounds(void)
{
        static const size_t sizes[] = {64, BUFFER_POOL_LARGEST};

        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
                BufferPool pool;

                g_assert_cmpint(buffer_pool_init(&pool), ==, 0);
                for (size_t n = 0; n < BUFFER_POOL_MAX + 10; n++) {
                        Buffer buffer = filled(sizes[i]);

                        buffer_pool_give(&pool, &buffer);
                        g_assert_null(buffer.data);
                }
                g_assert_cmpuint(pool.n, <=, BUFFER_POOL_MAX);
                g_assert_cmpuint(pool.bytes, <=, BUFFER_POOL_BYTES_MAX);
                g_assert_true(pool.n == BUFFER_POOL_MAX ||
                              pool.bytes + sizes[i] > BUFFER_POOL_BYTES_MAX);
                buffer_pool_done(&pool);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/buffer-pool/empty-gives-nothing", test_take_from_empty);
        g_test_add_func("/server/buffer-pool/last-in-first-out", test_last_in_first_out);
        g_test_add_func("/server/buffer-pool/large-is-freed", test_large_is_freed);
        g_test_add_func("/server/buffer-pool/bounded", test_bounds);
        return g_test_run();
}
