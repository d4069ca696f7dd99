/* SPDX-License-Identifier: Apache-2.0 */

/* What came of a reload, in messages of the bus. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "control/reload-message.h"

#define LINE_MAX_SIZE 1024U
#define TEXT_MAX_SIZE 16384U /* what is more is cut: the log has all of it */

static const char *or_empty(const char *text)
{
        return text ? text : "";
}

int reload_message_append_changes(sd_bus_message *message, const ReloadResult *result)
{
        const size_t n = result ? result->changes.n : 0;
        int r;

        r = sd_bus_message_open_container(message, 'a', "(sssss)");
        for (size_t i = 0; i < n && r >= 0; i++) {
                const Change *change = &result->changes.items[i];

                r = sd_bus_message_append(message, "(sssss)", or_empty(change->listener),
                                          change->option, or_empty(change->before),
                                          or_empty(change->after),
                                          option_change_to_string(change->when));
        }
        if (r >= 0)
                r = sd_bus_message_close_container(message);
        return r < 0 ? r : 0;
}

int reload_message_append(sd_bus_message *message, const ReloadResult *result)
{
        char text[LINE_MAX_SIZE] = "";
        int r;

        if (result)
                reload_result_format(result, text, sizeof(text));
        r = sd_bus_message_open_container(message, 'r', "tbs" RELOAD_CHANGES_TYPE);
        if (r >= 0)
                r = sd_bus_message_append(message, "tbs", result ? result->began : 0,
                                          !result || result->error == 0, text);
        if (r >= 0)
                r = reload_message_append_changes(message, result);
        if (r >= 0)
                r = sd_bus_message_close_container(message);
        return r < 0 ? r : 0;
}

int reload_message_set_error(sd_bus_error *error, const ReloadResult *result, int r)
{
        char text[TEXT_MAX_SIZE], line[LINE_MAX_SIZE];
        size_t length = 0;

        for (size_t i = 0; result && i < result->errors.n_items; i++) {
                if (result->errors.items[i].severity != CONFIG_ERROR)
                        continue;
                config_error_format(&result->errors.items[i], line, sizeof(line));
                if (length + strlen(line) + 2 > sizeof(text))
                        break;
                length += (size_t)sprintf(text + length, "%s%s", length > 0 ? "\n" : "", line);
        }
        if (length == 0)
                snprintf(text, sizeof(text), "%s", strerror(-r));
        return sd_bus_error_set(error, RELOAD_FAILED_ERROR, text);
}
