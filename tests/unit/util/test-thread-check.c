/* SPDX-License-Identifier: Apache-2.0 */
/* test-thread-check.c: with the checks on, whatever the build says. */

#undef WORKERS_DEBUG
#define WORKERS_DEBUG 1

#include <glib.h>

#include "util/thread-check.h"

static gpointer assert_mark(gpointer data)
{
        thread_assert(data);
        return NULL;
}

static void test_owner(void)
{
        ThreadMark mark = {0};

        g_thread_join(g_thread_new("any", assert_mark, &mark)); /* not set: no owner */
        thread_mark_set(&mark);
        thread_assert(&mark);
}

static void test_other(void)
{
        if (g_test_subprocess()) {
                ThreadMark mark = {0};

                thread_mark_set(&mark);
                g_thread_join(g_thread_new("other", assert_mark, &mark));
                return;
        }
        g_test_trap_subprocess(NULL, 0, 0);
        g_test_trap_assert_failed();
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/thread-check/owner-passes", test_owner);
        g_test_add_func("/util/thread-check/other-thread-aborts", test_other);
        return g_test_run();
}
