/* SPDX-License-Identifier: Apache-2.0 */

/* Categories of the log and levels of syslog. */
#include <errno.h>
#include <glib.h>

#include "control/log-level.h"
#include "util/log.h"

#define BIT(name) LOG_CATEGORY_BIT(LOG_CATEGORY_##name)

static void test_the_level_is_that_of_the_least_severe_category(void)
{
        static const struct {
                unsigned categories;
                int level;
        } cases[] = {
                {0, -1},
                {BIT(ERROR), LOG_ERR},
                {BIT(SUBSCRIBE), LOG_NOTICE},
                {BIT(ERROR) | BIT(WEBSOCKETS), LOG_DEBUG},
                {LOG_CATEGORIES_DEFAULT, LOG_INFO},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                g_assert_cmpint(log_level_of(cases[i].categories), ==, cases[i].level);
}

static void test_a_level_is_a_set_by_what_is_configured(void)
{
        static const unsigned usual = LOG_CATEGORIES_ALL & ~BIT(INTERNAL);
        static const struct {
                int level;
                unsigned configured, result;
        } cases[] = {
                /* that of log_type: log_type */
                {LOG_INFO, LOG_CATEGORIES_DEFAULT, LOG_CATEGORIES_DEFAULT},
                {LOG_DEBUG, BIT(ERROR) | BIT(DEBUG), BIT(ERROR) | BIT(DEBUG)},
                /* more severe: what is left of it */
                {LOG_WARNING, LOG_CATEGORIES_DEFAULT, BIT(ERROR) | BIT(WARNING)},
                {LOG_NOTICE, BIT(ERROR) | BIT(SUBSCRIBE) | BIT(DEBUG), BIT(ERROR) | BIT(SUBSCRIBE)},
                {LOG_EMERG, LOG_CATEGORIES_ALL, 0},
                /* less severe: all of it */
                {LOG_DEBUG, LOG_CATEGORIES_DEFAULT, usual},
                {LOG_WARNING, BIT(ERROR), BIT(ERROR) | BIT(WARNING)},
                {LOG_ERR, 0, BIT(ERROR)},
                /* internal only by its name */
                {LOG_DEBUG, LOG_CATEGORIES_ALL, LOG_CATEGORIES_ALL},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                g_assert_cmphex(log_level_categories(cases[i].level, cases[i].configured), ==,
                                cases[i].result);
}

static void test_words_go_both_ways(void)
{
        int level = 42;

        for (int i = LOG_EMERG; i <= LOG_DEBUG; i++) {
                g_assert_cmpint(log_level_from_string(log_level_to_string(i), &level), ==, 0);
                g_assert_cmpint(level, ==, i);
        }
        g_assert_cmpint(log_level_from_string("error", &level), ==, -EINVAL);
        g_assert_cmpint(level, ==, LOG_DEBUG);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/control/log-level/the-level-is-that-of-the-least-severe-category",
                        test_the_level_is_that_of_the_least_severe_category);
        g_test_add_func("/control/log-level/a-level-is-a-set-by-what-is-configured",
                        test_a_level_is_a_set_by_what_is_configured);
        g_test_add_func("/control/log-level/words-go-both-ways", test_words_go_both_ways);
        return g_test_run();
}
