/* SPDX-License-Identifier: Apache-2.0 */

/* The categories of log_type, and the levels of syslog(3). */
#include <errno.h>
#include <string.h>

#include "control/log-level.h"
#include "util/log.h"

static const char *const words[] = {
        [LOG_EMERG] = "emerg", [LOG_ALERT] = "alert",     [LOG_CRIT] = "crit",
        [LOG_ERR] = "err",     [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice",
        [LOG_INFO] = "info",   [LOG_DEBUG] = "debug",
};

int log_level_of(unsigned categories)
{
        int level = -1;

        for (LogCategory i = 0; i < LOG_CATEGORY_N; i++)
                if (categories & LOG_CATEGORY_BIT(i))
                        level = MAX(level, log_category_level(i));
        return level;
}

static unsigned categories_up_to(int level)
{
        unsigned categories = 0;

        for (LogCategory i = 0; i < LOG_CATEGORY_N; i++)
                if (log_category_level(i) <= level)
                        categories |= LOG_CATEGORY_BIT(i);
        return categories;
}

unsigned log_level_categories(int level, unsigned configured)
{
        const unsigned up_to = categories_up_to(level);

        if (level <= log_level_of(configured))
                return configured & up_to;
        return configured | (up_to & ~LOG_CATEGORY_BIT(LOG_CATEGORY_INTERNAL));
}

const char *log_level_to_string(int level)
{
        return words[level];
}

int log_level_from_string(const char *word, int *ret_level)
{
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (strcmp(words[i], word) == 0) {
                        *ret_level = (int)i;
                        return 0;
                }
        return -EINVAL;
}
