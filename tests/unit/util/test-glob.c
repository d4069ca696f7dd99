/* SPDX-License-Identifier: Apache-2.0 */

/* Patterns with stars and question marks. */
#include <glib.h>

#include "util/glob.h"

static const struct {
        const char *pattern, *text;
        bool matches;
} cases[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "abc", true},
        {"**", "abc", true},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"a", "A", false},
        {"abc", "abc", true},
        {"abc", "ab", false},
        {"ab", "abc", false},
        {"a*", "abc", true},
        {"*c", "abc", true},
        {"*b", "abc", false},
        {"a*c", "abbbc", true},
        {"a*c", "abbbcd", false},
        {"*ab*ab*", "aabab", true},
        {"*ab*ab*", "aab", false},
        {"*ab?", "ababc", true},
        {"a?c",
         "a\xC3\xA9"
         "c",
         true},
        {"a??c",
         "a\xC3\xA9"
         "c",
         false},
        {"*\xC3\xA9", "ab\xC3\xA9", true},
        {"[a]", "a", false},
        {"[a]", "[a]", true},
};

static void test_cases(void)
{
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                if (glob_matches(cases[i].pattern, cases[i].text) != cases[i].matches)
                        g_error("'%s' of '%s'", cases[i].pattern, cases[i].text);
}

/* Where each star would try each rest anew, this would not end. */
static void test_many_stars_are_no_burden(void)
{
        g_autofree char *text = g_strnfill(20000, 'a');
        g_autoptr(GString) pattern = g_string_new(NULL);

        for (unsigned i = 0; i < 200; i++)
                g_string_append(pattern, "*a");
        g_string_append(pattern, "*b");
        g_assert_false(glob_matches(pattern->str, text));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/glob/cases", test_cases);
        g_test_add_func("/util/glob/many-stars-are-no-burden", test_many_stars_are_no_burden);
        return g_test_run();
}
