/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl log-level: how much the broker writes to its log. */
#include <stdio.h>

#include "admin/broker.h"
#include "admin/json.h"
#include "util/macro.h"

#define LOG_CONTROL_PATH      "/org/freedesktop/LogControl1"
#define LOG_CONTROL_INTERFACE "org.freedesktop.LogControl1"

static int set_level(const Broker *broker, const char *level)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r = sd_bus_set_property(broker->bus, broker->name, LOG_CONTROL_PATH,
                                    LOG_CONTROL_INTERFACE, "LogLevel", &error, "s", level);

        return r < 0 ? broker_explain(broker, &error, r) : EXIT_DONE;
}

static int print_level(const Broker *broker)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *level = NULL;
        int r = sd_bus_get_property_string(broker->bus, broker->name, LOG_CONTROL_PATH,
                                           LOG_CONTROL_INTERFACE, "LogLevel", &error, &level);

        if (r < 0)
                return broker_explain(broker, &error, r);
        if (broker->command->json)
                json_write_string(stdout, level);
        else
                fputs(level, stdout);
        fputc('\n', stdout);
        return EXIT_DONE;
}

int verb_log_level(const Command *command)
{
        _cleanup_(broker_done) Broker broker = {};
        int status = broker_init(&broker, command);

        if (status != EXIT_DONE)
                return status;
        if (!broker_is_running(command))
                return broker_explain_absent(&broker);
        return command->argument ? set_level(&broker, command->argument) : print_level(&broker);
}
