/* SPDX-License-Identifier: Apache-2.0 */

/* The log as topics: which category goes where. */
#include <glib.h>

#include "control/log-topic.h"

static void test_names(void)
{
        static const struct {
                LogCategory category;
                const char *name;
        } cases[] = {
                {LOG_CATEGORY_ERROR, "$SYS/broker/log/E"},
                {LOG_CATEGORY_WARNING, "$SYS/broker/log/W"},
                {LOG_CATEGORY_NOTICE, "$SYS/broker/log/N"},
                {LOG_CATEGORY_INFORMATION, "$SYS/broker/log/I"},
                {LOG_CATEGORY_SUBSCRIBE, "$SYS/broker/log/M/subscribe"},
                {LOG_CATEGORY_UNSUBSCRIBE, "$SYS/broker/log/M/unsubscribe"},
                {LOG_CATEGORY_WEBSOCKETS, "$SYS/broker/log/WS"},
                {LOG_CATEGORY_DEBUG, NULL},
                {LOG_CATEGORY_INTERNAL, NULL},
                {LOG_CATEGORY_N, NULL},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                g_assert_cmpstr(log_topic_name(cases[i].category), ==, cases[i].name);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/control/log-topic/names", test_names);
        return g_test_run();
}
