/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl help and version: what hawkerctl knows about itself. */
#include <stdio.h>

#include "admin/command.h"
#include "admin/help.h"

int verb_help(const Command *command)
{
        const Verb *verb = command->argument ? verb_find(command->argument) : NULL;

        if (command->argument && !verb)
                return command_usage(command, "there is no verb %s", command->argument);
        if (verb)
                help_print_verb(verb);
        else
                help_print();
        return EXIT_DONE;
}

int verb_version(const Command *command)
{
        puts(command->json ? "{\"version\":\"" VERSION "\"}" : "hawkerctl " VERSION);
        return EXIT_DONE;
}
