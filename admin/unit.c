/* SPDX-License-Identifier: Apache-2.0 */

/* The unit of the broker. */
#include "admin/unit.h"

#include <stdio.h>
#include <string.h>

#include "util/macro.h"

#define SYSTEMD         "org.freedesktop.systemd1"
#define SYSTEMD_PATH    "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD ".Manager"
#define SYSTEMD_UNIT    SYSTEMD ".Unit"
#define SYSTEMD_SERVICE SYSTEMD ".Service"

static bool read_pid(const Broker *broker, uint32_t *ret_pid)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        return sd_bus_call_method(broker->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                  "org.freedesktop.DBus", "GetConnectionUnixProcessID", NULL,
                                  &reply, "s", broker->name) >= 0 &&
               sd_bus_message_read(reply, "u", ret_pid) >= 0;
}

static bool read_text(const Unit *unit, const char *interface, const char *property, size_t size,
                      char *to)
{
        _cleanup_free_ char *text = NULL;

        if (sd_bus_get_property_string(unit->broker->bus, SYSTEMD, unit->path, interface, property,
                                       NULL, &text) < 0)
                return false;
        snprintf(to, size, "%s", text);
        return true;
}

void unit_init(Unit *unit, const Broker *broker)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *path;
        uint32_t pid;

        *unit = (Unit){.broker = broker};
        if (!read_pid(broker, &pid) ||
            sd_bus_call_method(broker->bus, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "GetUnitByPID",
                               NULL, &reply, "u", pid) < 0 ||
            sd_bus_message_read(reply, "o", &path) < 0 || strlen(path) >= sizeof(unit->path))
                return;
        snprintf(unit->path, sizeof(unit->path), "%s", path);
        if (!read_text(unit, SYSTEMD_UNIT, "Id", sizeof(unit->name), unit->name))
                unit->path[0] = 0;
}

bool unit_look(Unit *unit)
{
        return unit->path[0] &&
               read_text(unit, SYSTEMD_UNIT, "SubState", sizeof(unit->state), unit->state) &&
               read_text(unit, SYSTEMD_SERVICE, "StatusText", sizeof(unit->status), unit->status) &&
               read_text(unit, SYSTEMD_SERVICE, "Result", sizeof(unit->result), unit->result);
}

bool unit_has_ended(const Unit *unit)
{
        return strcmp(unit->state, "failed") == 0 || strcmp(unit->state, "dead") == 0;
}
