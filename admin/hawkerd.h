/* SPDX-License-Identifier: Apache-2.0 */

/*
 * hawkerd as a program that hawkerctl runs.
 *
 * Thread: any
 */
#pragma once

#include <stdio.h>
#include <sys/types.h>

#include "admin/command.h"

/* The one that is installed, or what $HAWKERD names. */
const char *hawkerd_program(void);

/* The configuration of the service, /etc/hawker/INSTANCE.conf, or NULL without memory. The caller
 * frees it. */
char *hawkerd_configuration(const Command *command);

typedef struct HawkerdDump {
        FILE *lines; /* what --dump-config writes */
        pid_t pid;
} HawkerdDump;

/* 0 or -errno. What it says of errors goes to our stderr. */
int hawkerd_dump_begin(const char *configuration, HawkerdDump *ret_dump);

/* The same, but the lines are what it says of errors and warnings: "Error: FILE:LINE: TEXT". */
int hawkerd_complaints_begin(const char *configuration, HawkerdDump *ret_dump);

/* The exit status of hawkerd, 128 + the signal that has ended it, or -errno. */
int hawkerd_dump_end(HawkerdDump *dump);
