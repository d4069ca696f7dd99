/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl test-config: the daemon itself tries a configuration. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/broker.h"
#include "admin/hawkerd.h"
#include "util/macro.h"

int verb_test_config(const Command *command)
{
        _cleanup_free_ char *of_service = hawkerd_configuration(command);
        const char *file = command->argument ? command->argument : of_service;
        const char *program = hawkerd_program();

        errno = ENOMEM;
        if (file)
                execlp(program, program, "--test-config", "-c", file,
                       broker_is_running(command) ? "--running" : NULL, NULL);
        fprintf(stderr, "hawkerctl: cannot run %s: %s\n", program, strerror(errno));
        return EXIT_FAILED;
}
