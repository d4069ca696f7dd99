/* SPDX-License-Identifier: Apache-2.0 */

/* The first of rows, whatever order they come in. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "server/first-rows.h"

#define ROWS 400U

/* A row that is nothing but its key. */
static void put(FirstRows *rows, const char *key)
{
        char *row = g_strdup(key);

        g_free(first_rows_put(rows, (FirstRow){row, row}));
}

/* The keys as words, in order. */
static char *take(FirstRows *rows)
{
        GString *text = g_string_new(NULL);

        first_rows_sort(rows);
        for (size_t i = 0; i < rows->n; i++)
                g_string_append_printf(text, "%s ", rows->rows[i].key);
        first_rows_done(rows, g_free);
        return g_string_free(text, false);
}

static void test_first(void)
{
        static const struct {
                const char *come; /* a letter each */
                size_t max;
                const char *first;
        } cases[] = {
                {"", 3, ""},
                {"c", 3, "c "},
                {"cab", 3, "a b c "},
                {"abcdef", 3, "a b c "},
                {"fedcba", 3, "a b c "},
                {"dafbec", 3, "a b c "},
                {"bab", 1, "a "},
                {"aab", 2, "a a "},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *shown = NULL;
                FirstRows rows;

                g_assert_cmpint(first_rows_init(&rows, cases[i].max), ==, 0);
                for (const char *at = cases[i].come; *at; at++)
                        put(&rows, (char[2]){*at, 0});
                shown = take(&rows);
                g_assert_cmpstr(shown, ==, cases[i].first);
        }
}

/* The same as all of them in order, cut. */
static void test_many(void)
{
        for (size_t max = 1; max <= ROWS + 1; max += 50) {
                g_autoptr(GString) expected = g_string_new(NULL);
                g_autofree char *shown = NULL;
                FirstRows rows;
                char key[8];

                g_assert_cmpint(first_rows_init(&rows, max), ==, 0);
                for (unsigned i = 0; i < ROWS; i++) {
                        g_snprintf(key, sizeof(key), "%04u", i * 173 % ROWS);
                        put(&rows, key);
                }
                for (unsigned i = 0; i < MIN(ROWS, max); i++)
                        g_string_append_printf(expected, "%04u ", i);
                shown = take(&rows);
                g_assert_cmpstr(shown, ==, expected->str);
        }
}

static void test_want(void)
{
        FirstRows rows = {};

        g_assert_false(first_rows_want(&rows, "a"));
        g_assert_cmpint(first_rows_init(&rows, 2), ==, 0);
        put(&rows, "b");
        g_assert_true(first_rows_want(&rows, "z"));
        put(&rows, "d");
        g_assert_false(first_rows_want(&rows, "z"));
        g_assert_false(first_rows_want(&rows, "d"));
        g_assert_true(first_rows_want(&rows, "c"));
        first_rows_done(&rows, g_free);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/first-rows/first", test_first);
        g_test_add_func("/server/first-rows/many", test_many);
        g_test_add_func("/server/first-rows/want", test_want);
        return g_test_run();
}
