/* SPDX-License-Identifier: Apache-2.0 */

#include <glib.h>

#include "util/edit-distance.h"

static void test_steps(void)
{
        static const struct {
                const char *a, *b;
                unsigned distance;
        } cases[] = {
                {"", "", 0},       {"a", "", 1},       {"", "ab", 2},
                {"ban", "ban", 0}, {"ban", "bean", 1}, {"ban", "bna", 1},
                {"ban", "bin", 1}, {"ban", "nab", 2},  {"sensor", "snsro", 2},
                {"abc", "xyz", 3},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_assert_cmpuint(edit_distance(cases[i].a, cases[i].b), ==, cases[i].distance);
                g_assert_cmpuint(edit_distance(cases[i].b, cases[i].a), ==, cases[i].distance);
        }
}

static void test_long_words_are_far(void)
{
        g_autofree char *fits = g_strnfill(EDIT_DISTANCE_MAX, 'a');
        g_autofree char *longer = g_strnfill(EDIT_DISTANCE_MAX + 1, 'a');

        g_assert_cmpuint(edit_distance(fits, fits), ==, 0);
        g_assert_cmpuint(edit_distance(longer, longer), ==, EDIT_DISTANCE_MAX);
        g_assert_cmpuint(edit_distance(fits, longer), ==, EDIT_DISTANCE_MAX);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/edit-distance/steps", test_steps);
        g_test_add_func("/util/edit-distance/long-words-are-far", test_long_words_are_far);
        return g_test_run();
}
