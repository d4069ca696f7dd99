/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The command line of hawkerd.
 *
 * Thread: control
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "config/settings.h"

typedef enum CommandAction {
        COMMAND_RUN,
        COMMAND_TEST_CONFIG,
        COMMAND_DUMP_CONFIG,
        COMMAND_VERSION,
        COMMAND_HELP,
} CommandAction;

typedef struct CommandLine {
        CommandAction action;
        SettingsSource source; /* its strings are those of argv */
        bool background;
        bool is_running; /* a broker that has its ports already: of COMMAND_TEST_CONFIG */
} CommandLine;

/* 0; or -EINVAL, with what is wrong written to stderr. */
int command_line_parse(int argc, char **argv, CommandLine *ret_command);

void command_line_help(FILE *to);
