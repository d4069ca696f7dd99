/* SPDX-License-Identifier: Apache-2.0 */
/* test-macro.c: the words added to the language. */

#include <fcntl.h>
#include <glib.h>
#include <string.h>

#include "util/macro.h"

typedef struct Thing {
        int number;
        int member;
} Thing;

static int freed;

static Thing *thing_free(Thing *thing)
{
        freed += thing ? 1 : 0;
        free(thing);
        return NULL;
}
DEFINE_CLEANUP(Thing, thing_free)

static void test_minimum(void)
{
        int n = 1;

        g_assert_cmpint(MIN(n++, 5), ==, 1);
        g_assert_cmpint(n, ==, 2);
        g_assert_cmpint(MAX(n++, -5), ==, 2);
        g_assert_cmpint(n, ==, 3);
}

static void test_container(void)
{
        Thing thing = {1, 2};

        g_assert_true(container_of(&thing.member, Thing, member) == &thing);
}

static void test_cleanup(void)
{
        freed = 0;
        {
                _cleanup_(thing_freep) Thing *thing = calloc(1, sizeof(Thing));
                _cleanup_(thing_freep) _unused_ Thing *none = NULL;

                g_assert_nonnull(thing);
        }
        g_assert_cmpint(freed, ==, 1);
}

static void test_take(void)
{
        Thing thing, *pointer = &thing;
        int fd = 7;

        g_assert_true(TAKE_PTR(pointer) == &thing);
        g_assert_null(pointer);
        g_assert_cmpint(TAKE_FD(fd), ==, 7);
        g_assert_cmpint(fd, ==, -1);
}

static void test_close(void)
{
        int number;

        {
                _cleanup_close_ int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
                _cleanup_close_ _unused_ int none = -1;

                g_assert_cmpint(fd, >=, 0);
                number = fd;
        }
        g_assert_cmpint(fcntl(number, F_GETFD), ==, -1);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/macro/min-max-evaluate-once", test_minimum);
        g_test_add_func("/util/macro/container-of", test_container);
        g_test_add_func("/util/macro/cleanup-frees-and-takes-null", test_cleanup);
        g_test_add_func("/util/macro/take-leaves-nothing", test_take);
        g_test_add_func("/util/macro/cleanup-closes", test_close);
        return g_test_run();
}
