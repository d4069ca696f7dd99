/* SPDX-License-Identifier: Apache-2.0 */

/* A reload in the log. */
#include "control/reload-log.h"

#include <inttypes.h>
#include <stdio.h>

#include "control/logging.h"
#include "util/log.h"
#include "util/macro.h"

static void log_change(const Change *change)
{
        const bool waits = change->when == OPTION_RESTART;
        const LogField fields[] = {
                {"MQTT_LISTENER", change->listener},
                {"HAWKER_OPTION", change->option},
                {"HAWKER_BEFORE", change->before},
                {"HAWKER_AFTER", change->after},
                {"HAWKER_WHEN", option_change_to_string(change->when)},
        };
        char text[1024];

        log_fields(waits ? LOG_CATEGORY_WARNING : LOG_CATEGORY_NOTICE,
                   waits ? MESSAGE_ID_SETTING_WAITS : MESSAGE_ID_SETTING_CHANGED, fields,
                   ARRAY_SIZE(fields), "%s", reload_change_format(change, text, sizeof(text)));
}

static void log_failure(const ReloadResult *result)
{
        const ConfigError *first = config_errors_first(&result->errors);
        char text[1024], line[16] = "";
        const LogField fields[] = {
                {"CONFIG_FILE", first ? first->file : NULL},
                {"CONFIG_LINE", first && first->line > 0 ? line : NULL},
        };

        if (first)
                snprintf(line, sizeof(line), "%u", first->line);
        log_fields(LOG_CATEGORY_ERROR, MESSAGE_ID_RELOAD_FAILED, fields, ARRAY_SIZE(fields),
                   "The reload failed, all is as it was: %s",
                   reload_result_format(result, text, sizeof(text)));
}

void reload_result_log(const ReloadResult *result)
{
        char text[256];

        logging_report(&result->errors);
        for (size_t i = 0; i < result->changes.n; i++)
                log_change(&result->changes.items[i]);
        if (result->error < 0)
                log_failure(result);
        else
                log_fields(LOG_CATEGORY_NOTICE, MESSAGE_ID_RELOADED, NULL, 0,
                           "%s (%" PRIu64 ".%" PRIu64 " ms)",
                           reload_result_format(result, text, sizeof(text)),
                           result->duration / 1000, result->duration % 1000 / 100);
}
