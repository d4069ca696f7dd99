/* SPDX-License-Identifier: Apache-2.0 */

/* The memory watch: when there is pressure, and what the process uses. */
#include <glib.h>
#include <string.h>

#include "control/memory-watch.h"

static void test_pressure_goes_on_above_and_off_well_below(void)
{
        static const struct {
                bool pressed;
                uint64_t used;
                bool result;
        } cases[] = {
                {false, 0, false}, {false, 1000, false}, {false, 1001, true}, {true, 1000, true},
                {true, 901, true}, {true, 900, false},   {true, 0, false},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                g_assert_cmpint(memory_is_pressed(cases[i].pressed, cases[i].used, 1000), ==,
                                cases[i].result);
}

static void test_resident_follows_what_is_touched(void)
{
        const size_t size = 64 << 20;
        uint64_t before = memory_resident(), after;
        char *block = g_malloc(size);

        memset(block, 1, size);
        after = memory_resident();
        g_assert_cmpuint(before, >, 0);
        g_assert_cmpuint(after, >=, before + size / 2);
        g_assert_cmpint(block[size - 1], ==, 1);
        g_free(block);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/control/memory-watch/pressure-goes-on-above-and-off-well-below",
                        test_pressure_goes_on_above_and_off_well_below);
        g_test_add_func("/control/memory-watch/resident-follows-what-is-touched",
                        test_resident_follows_what_is_touched);
        return g_test_run();
}
