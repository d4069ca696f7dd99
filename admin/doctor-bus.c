/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl doctor: the bus, its policy, and polkit. */
#include <unistd.h>

#include "admin/broker.h"
#include "admin/doctor.h"
#include "util/macro.h"

/* A file of which one is there; `without`: what it means that none is. */
static const struct {
        const char *check, *what;
        const char *paths[3];
        Verdict without;
        const char *means;
} files[] = {
        {"bus-policy",
         "the policy of the bus",
         {"/etc/dbus-1/system.d/org.hawker.Broker1.conf",
          "/usr/share/dbus-1/system.d/org.hawker.Broker1.conf"},
         VERDICT_FAIL,
         "the broker may not have its name, and nobody may speak with it"},
        {"polkit",
         "the file of polkit's actions",
         {"/usr/share/polkit-1/actions/org.hawker.Broker1.policy"},
         VERDICT_WARN,
         "only root and the group hawker-admin may look into the broker"},
};

static void examine_file(size_t i, Findings *findings)
{
        for (size_t j = 0; files[i].paths[j]; j++)
                if (access(files[i].paths[j], R_OK) == 0) {
                        findings_add(findings, VERDICT_OK, files[i].check, "%s is there: %s",
                                     files[i].what, files[i].paths[j]);
                        return;
                }
        findings_add(findings, files[i].without, files[i].check, "%s is missing: %s", files[i].what,
                     files[i].means);
        findings_mend(findings, "install the package again; systemctl reload dbus");
}

static void examine_polkitd(Findings *findings)
{
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        if (sd_bus_open_system(&bus) < 0)
                return;
        if (sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                               "org.freedesktop.DBus", "StartServiceByName", NULL, &reply, "su",
                               "org.freedesktop.PolicyKit1", 0U) >= 0)
                findings_add(findings, VERDICT_OK, "polkit", "polkit answers");
        else
                findings_add(findings, VERDICT_OK, "polkit",
                             "polkit is not there: only root and hawker-admin have rights");
}

void doctor_examine_bus(const Patient *patient, Findings *findings)
{
        if (broker_is_running(patient->command)) {
                findings_add(findings, VERDICT_OK, "bus", "the broker is on the bus");
        } else {
                findings_add(findings, VERDICT_FAIL, "bus", "the broker is not on the bus");
                findings_mend(findings, "systemctl restart %s", patient->unit);
        }
        for (size_t i = 0; i < ARRAY_SIZE(files); i++)
                examine_file(i, findings);
        examine_polkitd(findings);
}
