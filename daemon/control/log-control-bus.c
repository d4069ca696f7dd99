/* SPDX-License-Identifier: Apache-2.0 */

/* org.freedesktop.LogControl1. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "control/log-control-bus.h"
#include "control/log-level.h"
#include "control/logging.h"
#include "util/log.h"

/* What systemctl may ask for, and where it is. "auto" is what log_dest says. */
static const struct {
        const char *word;
        unsigned destinations;
} targets[] = {
        {"console", LOG_TO_STDERR},
        {"journal", LOG_TO_JOURNAL},
        {"syslog", LOG_TO_SYSLOG},
        {"null", 0},
};

static int get_level(sd_bus *bus, const char *path, const char *interface, const char *property,
                     sd_bus_message *reply, void *data, sd_bus_error *error)
{
        const int level = log_level_of(log_categories_enabled);

        return sd_bus_message_append(reply, "s", log_level_to_string(MAX(level, LOG_EMERG)));
}

/* Told at whichever level shows it. */
static void change_level(int level, unsigned configured)
{
        const bool shown = log_is_enabled(LOG_CATEGORY_NOTICE);

        if (shown)
                log_notice("The level of the log is set to %s", log_level_to_string(level));
        log_set_categories(log_level_categories(level, configured));
        if (!shown)
                log_notice("The level of the log is set to %s", log_level_to_string(level));
}

static int set_level(sd_bus *bus, const char *path, const char *interface, const char *property,
                     sd_bus_message *value, void *data, sd_bus_error *error)
{
        const Manager *manager = data;
        const char *word;
        int level, r;

        r = sd_bus_message_read(value, "s", &word);
        if (r < 0)
                return r;
        if (log_level_from_string(word, &level) < 0)
                return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS,
                                         "%s is no level: emerg, alert, crit, err, warning, "
                                         "notice, info or debug",
                                         word);
        change_level(level, manager->settings->log_type);
        return 1;
}

static int get_target(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *data, sd_bus_error *error)
{
        const Manager *manager = data;
        const unsigned destinations = log_destinations_enabled();
        const char *word = "auto";

        for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
                if (targets[i].destinations == destinations &&
                    destinations != manager->settings->log_dest)
                        word = targets[i].word;
        return sd_bus_message_append(reply, "s", word);
}

static int target_from_string(const char *word, unsigned configured, unsigned *ret_destinations)
{
        if (strcmp(word, "auto") == 0) {
                *ret_destinations = configured;
                return 0;
        }
        for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
                if (strcmp(targets[i].word, word) == 0) {
                        *ret_destinations = targets[i].destinations;
                        return 0;
                }
        return -EINVAL;
}

static int set_target(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *value, void *data, sd_bus_error *error)
{
        const Manager *manager = data;
        unsigned destinations;
        const char *word;
        int r;

        r = sd_bus_message_read(value, "s", &word);
        if (r < 0)
                return r;
        if (target_from_string(word, manager->settings->log_dest, &destinations) < 0)
                return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS,
                                         "%s is no target: auto (as log_dest says), console, "
                                         "journal, syslog or null",
                                         word);
        r = logging_redirect(manager->settings, destinations);
        return r < 0 ? r : 1;
}

static int get_identifier(sd_bus *bus, const char *path, const char *interface,
                          const char *property, sd_bus_message *reply, void *data,
                          sd_bus_error *error)
{
        return sd_bus_message_append(reply, "s", "hawkerd");
}

/* Without UNPRIVILEGED: sd-bus lets only root and our own user write. */
const sd_bus_vtable log_control_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_WRITABLE_PROPERTY("LogLevel", "s", get_level, set_level, 0, 0),
        SD_BUS_WRITABLE_PROPERTY("LogTarget", "s", get_target, set_target, 0, 0),
        SD_BUS_PROPERTY("SyslogIdentifier", "s", get_identifier, 0, 0),
        SD_BUS_VTABLE_END,
};

int log_control_bus_add(Manager *manager)
{
        const BusObject object = {LOG_CONTROL_PATH, LOG_CONTROL_INTERFACE, log_control_vtable,
                                  manager};

        return bus_add(manager->bus, &object);
}
