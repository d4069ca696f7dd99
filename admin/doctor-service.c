/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl doctor: the unit of the broker, and what it may use. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "admin/doctor.h"
#include "util/macro.h"

#define SYSTEMD "org.freedesktop.systemd1"

/* Files that the broker opens besides one for each connection. */
#define FILES_BESIDES 200U

typedef struct Unit {
        sd_bus *bus;
        char *path;
} Unit;

static void unit_done(Unit *unit)
{
        unit->bus = sd_bus_flush_close_unref(unit->bus);
        free(unit->path);
}

/* NULL: it cannot be told. The caller frees it. */
static char *ask_text(const Unit *unit, const char *interface, const char *property)
{
        char *text = NULL;

        if (sd_bus_get_property_string(unit->bus, SYSTEMD, unit->path, interface, property, NULL,
                                       &text) < 0)
                return NULL;
        return text;
}

static uint64_t ask_number(const Unit *unit, const char *property)
{
        uint64_t number = 0;

        sd_bus_get_property_trivial(unit->bus, SYSTEMD, unit->path, SYSTEMD ".Service", property,
                                    NULL, 't', &number);
        return number;
}

static void examine_state(const Patient *patient, const Unit *unit, Findings *findings)
{
        _cleanup_free_ char *load = ask_text(unit, SYSTEMD ".Unit", "LoadState");
        _cleanup_free_ char *active = ask_text(unit, SYSTEMD ".Unit", "ActiveState");
        _cleanup_free_ char *result = ask_text(unit, SYSTEMD ".Service", "Result");

        if (!load || !active) {
                findings_add(findings, VERDICT_WARN, "service", "systemd does not answer");
        } else if (strcmp(load, "loaded") != 0) {
                findings_add(findings, VERDICT_FAIL, "service", "%s is %s", patient->unit, load);
                findings_mend(findings, "systemctl unmask %s; systemctl daemon-reload",
                              patient->unit);
        } else if (strcmp(active, "active") == 0 || strcmp(active, "reloading") == 0) {
                findings_add(findings, VERDICT_OK, "service", "%s is %s", patient->unit, active);
        } else if (result && strcmp(result, "success") != 0) {
                findings_add(findings, VERDICT_FAIL, "service", "%s is %s, it has ended with %s",
                             patient->unit, active, result);
                findings_mend(findings, "journalctl -b -u %s", patient->unit);
        } else {
                findings_add(findings, VERDICT_FAIL, "service", "%s is %s", patient->unit, active);
                findings_mend(findings, "systemctl start %s", patient->unit);
        }
}

/* What the settings let in; 0: any number. */
static uint64_t wanted_connections(const SettingList *settings)
{
        const char *most = setting_list_value(settings, "global_max_connections");
        uint64_t all = 0;

        if (most && atoll(most) >= 0)
                return (uint64_t)atoll(most);
        for (size_t i = 0; i < settings->n; i++) {
                const Setting *setting = &settings->items[i];

                if (strcmp(setting->option, "max_connections") != 0 || !*setting->listener)
                        continue;
                if (!setting->value || atoll(setting->value) < 0)
                        return 0;
                all += (uint64_t)atoll(setting->value);
        }
        return all;
}

static void examine_limits(const Patient *patient, const Unit *unit, Findings *findings)
{
        const uint64_t limit = ask_number(unit, "LimitNOFILE");
        const uint64_t wanted = wanted_connections(patient->settings);

        if (limit == 0)
                return;
        if (limit == UINT64_MAX || (wanted == 0 && limit >= 65536) ||
            (wanted > 0 && limit >= wanted + FILES_BESIDES)) {
                findings_add(findings, VERDICT_OK, "limits",
                             "%" PRIu64 " open files, enough for %s connections", limit,
                             wanted > 0 ? "its" : "many");
                return;
        }
        if (wanted > 0)
                findings_add(findings, VERDICT_FAIL, "limits",
                             "%" PRIu64 " open files, and the settings let %" PRIu64
                             " connections in",
                             limit, wanted);
        else
                findings_add(findings, VERDICT_WARN, "limits",
                             "%" PRIu64 " open files are few, and connections are not limited",
                             limit);
        findings_mend(findings, "systemctl edit %s  # [Service] LimitNOFILE=1048576",
                      patient->unit);
}

void doctor_examine_service(const Patient *patient, Findings *findings)
{
        _cleanup_(unit_done) Unit unit = {};

        if (sd_bus_open_system(&unit.bus) < 0) {
                findings_add(findings, VERDICT_FAIL, "bus", "there is no bus of the system");
                findings_mend(findings, "systemctl start dbus.socket");
                return;
        }
        if (sd_bus_path_encode("/org/freedesktop/systemd1/unit", patient->unit, &unit.path) < 0)
                return;
        examine_state(patient, &unit, findings);
        examine_limits(patient, &unit, findings);
}
