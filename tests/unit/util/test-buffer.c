/* SPDX-License-Identifier: Apache-2.0 */
/* test-buffer.c: what goes in comes out, and the memory stays bounded. */

#include <glib.h>

#include "util/buffer.h"

static void assert_content(const Buffer *buffer, const char *expected)
{
        g_assert_true(bytes_equal(buffer_bytes(buffer), bytes_from_string(expected)));
}

static void test_empty(void)
{
        Buffer buffer = {0};

        g_assert_cmpuint(buffer_length(&buffer), ==, 0);
        g_assert_cmpint(buffer_append(&buffer, NULL, 0), ==, 0);
        g_assert_cmpint(buffer_reserve(&buffer, 0), ==, 0);
        g_assert_cmpuint(buffer_bytes(&buffer).length, ==, 0);
        g_assert_null(buffer.data);
        buffer_consume(&buffer, 0);
        buffer_release(&buffer);
        buffer_done(&buffer);
}

static void test_append_consume(void)
{
        Buffer buffer = {0};

        g_assert_cmpint(buffer_append(&buffer, "hello ", 6), ==, 0);
        g_assert_cmpint(buffer_append(&buffer, "world", 5), ==, 0);
        assert_content(&buffer, "hello world");
        buffer_consume(&buffer, 6);
        assert_content(&buffer, "world");
        g_assert_cmpuint(buffer.start, ==, 6);
        buffer_consume(&buffer, 5);
        g_assert_cmpuint(buffer.start, ==, 0);
        g_assert_cmpuint(buffer.end, ==, 0);
        buffer_append(&buffer, "x", 1);
        buffer_clear(&buffer);
        assert_content(&buffer, "");
        g_assert_nonnull(buffer.data);
        buffer_done(&buffer);
        g_assert_null(buffer.data);
}

static void test_indent(void)
{
        Buffer buffer = {0};

        buffer_indent(&buffer, 16); /* has no memory: that of others is not touched */
        g_assert_cmpuint(buffer_room_before(&buffer), ==, 0);
        g_assert_cmpint(buffer_reserve(&buffer, 1), ==, 0);
        buffer_indent(&buffer, 16);
        g_assert_cmpuint(buffer_length(&buffer), ==, 0);
        g_assert_cmpint(buffer_append(&buffer, "hello", 5), ==, 0);
        memset(buffer_head(&buffer) - buffer_room_before(&buffer), '!', 16);
        assert_content(&buffer, "hello");
        buffer_consume(&buffer, 5);
        g_assert_cmpuint(buffer_room_before(&buffer), ==, 0);
        buffer_done(&buffer);
}

static void test_reserve_commit(void)
{
        Buffer buffer = {0};

        g_assert_cmpint(buffer_reserve(&buffer, 1000), ==, 0);
        g_assert_cmpuint(buffer_room(&buffer), >=, 1000);
        memset(buffer_tail(&buffer), 'a', 1000);
        buffer_commit(&buffer, 3);
        assert_content(&buffer, "aaa");
        buffer_done(&buffer);
}

static void test_compact(void)
{
        Buffer buffer = {0};
        size_t capacity;

        g_assert_cmpint(buffer_reserve(&buffer, 1), ==, 0);
        capacity = buffer.capacity;
        memset(buffer_tail(&buffer), '.', capacity);
        buffer_commit(&buffer, capacity);
        memcpy(buffer.data + capacity - 3, "end", 3);
        buffer_consume(&buffer, capacity - 3);
        g_assert_cmpint(buffer_reserve(&buffer, 10), ==, 0);
        g_assert_cmpuint(buffer.capacity, ==, capacity);
        g_assert_cmpuint(buffer.start, ==, 0);
        assert_content(&buffer, "end");
        buffer_done(&buffer);
}

static void test_too_much(void)
{
        Buffer buffer = {0};

        buffer_append(&buffer, "kept", 4);
        g_assert_cmpint(buffer_reserve(&buffer, SIZE_MAX - 2), ==, -ENOMEM);
        g_assert_cmpint(buffer_reserve(&buffer, SIZE_MAX / 4), ==, -ENOMEM);
        g_assert_cmpint(buffer_reserve(&buffer, (size_t)UINT32_MAX + 1), ==, -ENOMEM);
        g_assert_cmpint(buffer_reserve(&buffer, UINT32_MAX - 3), ==, -ENOMEM);
        assert_content(&buffer, "kept");
        buffer_done(&buffer);
}

static void test_release(void)
{
        Buffer buffer = {0};

        buffer_reserve(&buffer, 1 << 20);
        memset(buffer_tail(&buffer), '.', 1 << 20);
        buffer_commit(&buffer, 1 << 20);
        memcpy(buffer.data + (1 << 20) - 4, "rest", 4);
        buffer_consume(&buffer, (1 << 20) - 4);
        buffer_release(&buffer);
        g_assert_cmpuint(buffer.capacity, <=, 256);
        assert_content(&buffer, "rest");
        buffer_consume(&buffer, 4);
        buffer_release(&buffer);
        g_assert_null(buffer.data);
        g_assert_cmpuint(buffer.capacity, ==, 0);
}

/* A queue that never holds more than 3000 bytes must not grow beyond a small multiple of it. */
static void test_model(void)
{
        GRand *rand = g_rand_new_with_seed(3);
        Buffer buffer = {0};
        uint8_t written = 0, read = 0;

        for (int step = 0; step < 20000; step++) {
                size_t n = (size_t)g_rand_int_range(rand, 0, 700);

                if (g_rand_boolean(rand) && buffer_length(&buffer) + n <= 3000) {
                        g_assert_cmpint(buffer_reserve(&buffer, n), ==, 0);
                        for (size_t i = 0; i < n; i++)
                                buffer_tail(&buffer)[i] = written++;
                        buffer_commit(&buffer, n);
                } else {
                        n = MIN(n, buffer_length(&buffer));
                        for (size_t i = 0; i < n; i++)
                                g_assert_cmpuint(buffer_head(&buffer)[i], ==, read++);
                        buffer_consume(&buffer, n);
                }
                if (step % 1000 == 0)
                        buffer_release(&buffer);
                g_assert_cmpuint(buffer.capacity, <=, 8192);
        }
        buffer_done(&buffer);
        g_rand_free(rand);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/buffer/empty-owns-no-memory", test_empty);
        g_test_add_func("/util/buffer/append-and-consume", test_append_consume);
        g_test_add_func("/util/buffer/indent-leaves-room-before", test_indent);
        g_test_add_func("/util/buffer/reserve-and-commit", test_reserve_commit);
        g_test_add_func("/util/buffer/compacts-before-it-grows", test_compact);
        g_test_add_func("/util/buffer/refuses-what-overflows", test_too_much);
        g_test_add_func("/util/buffer/release-keeps-unread", test_release);
        g_test_add_func("/util/buffer/agrees-with-a-model", test_model);
        return g_test_run();
}
