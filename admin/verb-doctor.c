/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl doctor: is all well with the broker, and if not, what mends it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "admin/doctor.h"
#include "admin/hawkerd.h"
#include "admin/state-folder.h"
#include "util/macro.h"

static void examine(const Patient *patient, Findings *findings)
{
        doctor_examine_service(patient, findings);
        doctor_examine_sockets(patient, findings);
        doctor_examine_bus(patient, findings);
        doctor_examine_files(patient, findings);
        doctor_examine_listeners(patient, findings);
        doctor_examine_machine(patient, findings);
        doctor_examine_confinement(patient, findings);
}

int verb_doctor(const Command *command)
{
        _cleanup_free_ char *of_service = hawkerd_configuration(command);
        _cleanup_(setting_list_done) SettingList settings = {};
        _cleanup_(findings_done) Findings findings = {};
        _cleanup_free_ char *state = NULL;
        Patient patient = {.command = command, .settings = &settings};

        patient.configuration = command->argument ? command->argument : of_service;
        if (patient.configuration)
                state = state_folder_of(command, patient.configuration);
        if (!state) {
                fprintf(stderr, "hawkerctl: doctor: %s\n", strerror(ENOMEM));
                return EXIT_FAILED;
        }
        patient.state = state;
        snprintf(patient.unit, sizeof(patient.unit), "hawker%s%s.service",
                 command->instance ? "@" : "", command->instance ? command->instance : "");
        if (setting_list_read(&settings, patient.configuration) == EXIT_DONE) {
                findings_add(&findings, VERDICT_OK, "configuration", "%s is valid",
                             patient.configuration);
        } else {
                findings_add(&findings, VERDICT_FAIL, "configuration", "%s is not valid",
                             patient.configuration);
                findings_mend(&findings, "hawkerctl test-config '%s'", patient.configuration);
        }
        patient.user = setting_list_value(&settings, "user");
        if (!patient.user)
                patient.user = "hawker";
        examine(&patient, &findings);
        if (command->json)
                findings_print_json(&findings);
        else
                findings_print(&findings, command->has_colours);
        return findings_verdict(&findings) == VERDICT_FAIL ? EXIT_FAILED : EXIT_DONE;
}
