/* SPDX-License-Identifier: Apache-2.0 */
/* test-alone.c: who has a worker to himself, and for how long that is believed. */
#include <glib.h>

#include "server/alone.h"

static const int one, other;

static void test_for_a_while(void)
{
        Alone alone;

        alone_init(&alone, 1000);
        g_assert_false(alone_use(&alone, 5000)); /* nobody is there */
        alone_note(&alone, &one, 5000);
        g_assert_false(alone_use(&alone, 5000 + ALONE_MIN - 1));
        g_assert_true(alone_use(&alone, 5000 + ALONE_MIN));
        alone_note(&alone, &one, 5100);
        g_assert_true(alone_use(&alone, 5100));
        alone_note(&alone, &other, 5101);
        g_assert_false(alone_use(&alone, 5101));
        alone_note(&alone, NULL, 5200);
        g_assert_false(alone_use(&alone, 6000));
}

/* Somebody comes every so often; `one` would use each millisecond. How often he was let. */
static unsigned count_uses(Alone *alone, msec_t *now, msec_t period, unsigned times)
{
        unsigned n = 0;

        while (times-- > 0) {
                alone_note(alone, &other, *now);
                for (const msec_t next = *now + period; *now < next; ++*now) {
                        alone_note(alone, &one, *now);
                        n += alone_use(alone, *now);
                }
        }
        return n;
}

/* Whoever comes every second is kept waiting for a few flushes at most, then never again. */
static void test_who_comes_again_is_spared(void)
{
        static const msec_t periods[] = {1, 25, 100, 333, 1000};

        for (size_t i = 0; i < G_N_ELEMENTS(periods); i++) {
                msec_t now = 1000;
                Alone alone;

                alone_init(&alone, now);
                count_uses(&alone, &now, periods[i], 8);
                g_assert_cmpuint(count_uses(&alone, &now, periods[i], 200), ==, 0);
        }
}

/* It is forgotten again. */
static void test_calm(void)
{
        msec_t now = 1000;
        Alone alone;

        alone_init(&alone, now);
        count_uses(&alone, &now, 1000, 10);
        g_assert_cmpuint(alone.patience, >=, 1000);
        count_uses(&alone, &now, 600000, 1);
        g_assert_cmpuint(alone.patience, ==, ALONE_MIN);
}

int main(int argc, char *argv[])
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/alone/for-a-while", test_for_a_while);
        g_test_add_func("/server/alone/who-comes-again-is-spared", test_who_comes_again_is_spared);
        g_test_add_func("/server/alone/calm", test_calm);
        return g_test_run();
}
