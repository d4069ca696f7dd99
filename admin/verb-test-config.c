/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl test-config: the daemon itself tries a configuration. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/command.h"

#define NAME_SIZE 512U

int verb_test_config(const Command *command)
{
        const char *program = getenv("HAWKERD");
        char of_service[NAME_SIZE];
        const char *file = command->argument;

        if (!file) {
                snprintf(of_service, sizeof(of_service), "/etc/hawker/%s.conf",
                         command->instance ? command->instance : "hawker");
                file = of_service;
        }
        if (!program)
                program = HAWKERD;
        execlp(program, program, "--test-config", "-c", file, NULL);
        fprintf(stderr, "hawkerctl: cannot run %s: %s\n", program, strerror(errno));
        return EXIT_FAILED;
}
