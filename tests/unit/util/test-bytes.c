/* SPDX-License-Identifier: Apache-2.0 */
/* test-bytes.c: views, the empty one above all. */

#include <glib.h>

#include "util/bytes.h"
#include "util/macro.h"

static void test_equal(void)
{
        static const struct {
                const char *a, *b;
                bool equal, prefix;
        } cases[] = {
                {"", "", true, true},         {NULL, "", true, true},
                {"", NULL, true, true},       {"abc", "abc", true, true},
                {"abc", "abd", false, false}, {"abc", "ab", false, true},
                {"ab", "abc", false, false},  {"abc", NULL, false, true},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Bytes a = bytes_from_string(cases[i].a), b = bytes_from_string(cases[i].b);

                g_assert_cmpint(bytes_equal(a, b), ==, cases[i].equal);
                g_assert_cmpint(bytes_has_prefix(a, b), ==, cases[i].prefix);
        }
}

static void test_literal(void)
{
        g_assert_cmpuint(BYTES_LITERAL("a\0b").length, ==, 3);
        g_assert_true(bytes_equal(BYTES_LITERAL("$SYS"), bytes_from_string("$SYS")));
}

static void test_duplicate(void)
{
        uint8_t *copy = NULL, *nothing = NULL;

        g_assert_cmpint(bytes_duplicate(BYTES_LITERAL("text"), &copy), ==, 0);
        g_assert_cmpstr((char *)copy, ==, "text");
        g_assert_cmpint(bytes_duplicate((Bytes){0}, &nothing), ==, 0);
        g_assert_cmpstr((char *)nothing, ==, "");
        free(copy);
        free(nothing);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/bytes/equal-and-prefix", test_equal);
        g_test_add_func("/util/bytes/literal-keeps-inner-nul", test_literal);
        g_test_add_func("/util/bytes/duplicate-ends-with-nul", test_duplicate);
        return g_test_run();
}
