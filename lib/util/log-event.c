/* SPDX-License-Identifier: Apache-2.0 */
/* log-event.c: the table of categories. */

#include "util/log-event.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

static const struct {
        const char *word;
        int level;
} categories[LOG_CATEGORY_N] = {
        [LOG_CATEGORY_ERROR] = {"error", LOG_ERR},
        [LOG_CATEGORY_WARNING] = {"warning", LOG_WARNING},
        [LOG_CATEGORY_NOTICE] = {"notice", LOG_NOTICE},
        [LOG_CATEGORY_INFORMATION] = {"information", LOG_INFO},
        [LOG_CATEGORY_DEBUG] = {"debug", LOG_DEBUG},
        [LOG_CATEGORY_SUBSCRIBE] = {"subscribe", LOG_NOTICE},
        [LOG_CATEGORY_UNSUBSCRIBE] = {"unsubscribe", LOG_NOTICE},
        [LOG_CATEGORY_INTERNAL] = {"internal", LOG_DEBUG},
        [LOG_CATEGORY_WEBSOCKETS] = {"websockets", LOG_DEBUG},
};

const char *log_category_to_string(LogCategory category)
{
        return categories[category].word;
}

int log_category_from_string(const char *word, LogCategory *ret)
{
        for (size_t i = 0; i < LOG_CATEGORY_N; i++) {
                if (strcmp(word, categories[i].word) == 0) {
                        *ret = (LogCategory)i;
                        return 0;
                }
        }
        return -EINVAL;
}

int log_category_level(LogCategory category)
{
        return categories[category].level;
}
