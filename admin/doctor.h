/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is looked at when a broker is examined. Each of these adds what it finds, good or bad.
 *
 * Thread: any
 */
#pragma once

#include "admin/findings.h"
#include "admin/setting-list.h"

/* Strings live longer. */
typedef struct Patient {
        const Command *command;
        const char *configuration;
        char unit[280];    /* "hawker.service" */
        const char *user;  /* that the broker runs as */
        const char *state; /* its folder */
        const SettingList *settings;
} Patient;

/* The unit: is it running, and how did it end; how many files it may open. */
void doctor_examine_service(const Patient *patient, Findings *findings);

/* Its socket units: of those that have failed, does another program have the address; of those that
 * are open, does a listener answer there. */
void doctor_examine_sockets(const Patient *patient, Findings *findings);

/* The bus: the broker's name, its policy, and polkit. */
void doctor_examine_bus(const Patient *patient, Findings *findings);

/* The files that the settings name: are they there, readable by the broker, and not by all. */
void doctor_examine_files(const Patient *patient, Findings *findings);

/* The listeners: does each answer, and are its certificates valid, with their keys. */
void doctor_examine_listeners(const Patient *patient, Findings *findings);

/* SELinux and AppArmor: do they know the broker, and what have they refused. */
void doctor_examine_confinement(const Patient *patient, Findings *findings);

/* The machine: room for the state and on what, the clock. */
void doctor_examine_machine(const Patient *patient, Findings *findings);
