/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl restart and test-config: what other programs do. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/command.h"

#define NAME_SIZE 512U

/* Only if it cannot be run does it come back. */
static int run(const char *const *words)
{
        fflush(stdout);
        execvp(words[0], (char *const *)words);
        fprintf(stderr, "hawkerctl: cannot run %s: %s\n", words[0], strerror(errno));
        return EXIT_FAILED;
}

/* It belongs to systemd, which knows who may, hands the connections over and says how it went. */
int verb_restart(const Command *command)
{
        char unit[NAME_SIZE] = "hawker.service";

        if (command->instance)
                snprintf(unit, sizeof(unit), "hawker@%s.service", command->instance);
        return run((const char *[]){"systemctl", "restart", "--", unit, NULL});
}

int verb_test_config(const Command *command)
{
        const char *program = getenv("HAWKERD");
        char file[NAME_SIZE] = "/etc/hawker/hawker.conf";

        if (command->argument)
                snprintf(file, sizeof(file), "%s", command->argument);
        else if (command->instance)
                snprintf(file, sizeof(file), "/etc/hawker/%s.conf", command->instance);
        return run(
                (const char *[]){program ? program : HAWKERD, "--test-config", "-c", file, NULL});
}
