/* SPDX-License-Identifier: Apache-2.0 */
/* test-ring.c: first in, first out, while it grows and wraps around. */
#include <glib.h>

#include "broker/ring.h"

static void test_order_while_it_grows(void)
{
        g_autoptr(GRand) rand = g_rand_new_with_seed(3);
        uint32_t next_in = 0, next_out = 0;
        Ring ring;

        ring_init(&ring, sizeof(uint32_t));
        g_assert_null(ring_first(&ring));
        for (unsigned i = 0; i < 100000; i++) {
                /* Grows for a while, then shrinks for a while. */
                if (g_rand_int_range(rand, 0, 100) < (i / 10000 % 2 ? 45 : 55)) {
                        g_assert_cmpint(ring_push(&ring, &next_in), ==, 0);
                        next_in++;
                } else if (ring.count > 0) {
                        g_assert_cmpuint(*(uint32_t *)ring_first(&ring), ==, next_out);
                        ring_pop(&ring);
                        next_out++;
                }
                g_assert_cmpuint(ring.count, ==, next_in - next_out);
        }
        ring_done(&ring);
        g_assert_null(ring_first(&ring));
        g_assert_cmpuint(ring.capacity, ==, 0);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/ring/order-while-it-grows", test_order_while_it_grows);
        return g_test_run();
}
