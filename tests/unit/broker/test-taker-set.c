/* SPDX-License-Identifier: Apache-2.0 */
/* The takers of one topic filter. */

#include <glib.h>

#include "broker/taker-set.h"

static SessionId session(unsigned i)
{
        return session_id_make(i % 3, 1 + i % 5, i);
}

static void add(TakerSet *set, unsigned i)
{
        Taker taker = {.session = session(i), .identifier = i, .options = (uint8_t)(i % 3)};

        g_assert_cmpint(taker_set_add(set, &taker), ==, 0);
}

static void test_order_is_that_of_coming(void)
{
        TakerSet set = {0};

        for (unsigned i = 0; i < 100; i++)
                add(&set, i);
        for (unsigned i = 0; i < 100; i++)
                g_assert_cmpuint(set.takers[i].identifier, ==, i);
        taker_set_done(&set);
}

static void test_swap(void)
{
        TakerSet set = {0};

        for (unsigned i = 0; i < 40; i++)
                add(&set, i);
        taker_set_swap(&set, 3, 30);
        taker_set_swap(&set, 5, 5);
        g_assert_cmpuint(taker_set_find(&set, session(3)), ==, 30);
        g_assert_cmpuint(taker_set_find(&set, session(30)), ==, 3);
        g_assert_cmpuint(taker_set_find(&set, session(5)), ==, 5);
        g_assert_cmpuint(set.takers[30].identifier, ==, 3);
        taker_set_done(&set);
}

/* Against a plain array of flags, over sizes with and without an index. */
static void test_churn(gconstpointer data)
{
        unsigned n = GPOINTER_TO_UINT(data), count = 0;
        g_autofree gboolean *is_there = g_new0(gboolean, n);
        g_autoptr(GRand) rand = g_rand_new_with_seed(n);
        TakerSet set = {0};

        for (unsigned step = 0; step < 20 * n; step++) {
                unsigned i = (unsigned)g_rand_int_range(rand, 0, (gint32)n);
                /* Full at half time, empty at the end. */
                gboolean fill = (unsigned)g_rand_int_range(rand, 0, (gint32)(20 * n)) > step;
                uint32_t position = taker_set_find(&set, session(i));

                g_assert_true((position != TAKER_NOT_FOUND) == is_there[i]);
                if (is_there[i])
                        g_assert_cmpuint(set.takers[position].identifier, ==, i);
                if (fill && !is_there[i])
                        add(&set, i);
                else if (!fill && is_there[i])
                        taker_set_remove(&set, position);
                count += fill && !is_there[i];
                count -= !fill && is_there[i];
                is_there[i] = fill;
                g_assert_cmpuint(set.n_takers, ==, count);
        }
        for (unsigned i = 0; i < n; i++)
                if (is_there[i])
                        taker_set_remove(&set, taker_set_find(&set, session(i)));
        g_assert_null(set.takers);
        g_assert_null(set.index);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/taker-set/order-is-that-of-coming", test_order_is_that_of_coming);
        g_test_add_func("/broker/taker-set/swap", test_swap);
        g_test_add_data_func("/broker/taker-set/churn/10", GUINT_TO_POINTER(10), test_churn);
        g_test_add_data_func("/broker/taker-set/churn/40", GUINT_TO_POINTER(40), test_churn);
        g_test_add_data_func("/broker/taker-set/churn/3000", GUINT_TO_POINTER(3000), test_churn);
        return g_test_run();
}
