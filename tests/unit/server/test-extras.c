/* SPDX-License-Identifier: Apache-2.0 */

/* What few connections have. */

#include "server/extras.h"

#include <glib.h>

static void test_shared_until_written(void)
{
        const Extras *extras = &extras_none;
        Extras *own;

        extras_trim(&extras);
        g_assert_true(extras == &extras_none);
        g_assert_null(extras->exchange);
        own = extras_own(&extras);
        g_assert_true(own == extras && extras != &extras_none);
        g_assert_true(extras_own(&extras) == own);
        extras_drop(&extras);
        g_assert_true(extras == &extras_none);
}

/* Whichever of them is there keeps them. */
static void test_trim_keeps_what_is_used(void)
{
        for (size_t i = 0; i < sizeof(Extras) / sizeof(void *); i++) {
                const Extras *extras = &extras_none;
                void **members = (void **)extras_own(&extras);

                members[i] = members;
                extras_trim(&extras);
                g_assert_true((const void *)extras == members);
                members[i] = NULL;
                extras_trim(&extras);
                g_assert_true(extras == &extras_none);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/extras/shared-until-written", test_shared_until_written);
        g_test_add_func("/server/extras/trim-keeps-what-is-used", test_trim_keeps_what_is_used);
        return g_test_run();
}
