/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl completion: what shells need to know of the verbs. */
#include <string.h>

#include "admin/command.h"
#include "admin/completion.h"
#include "util/macro.h"

static const struct {
        const char *name;
        void (*print)(void);
} shells[] = {
        {"bash", completion_print_bash},
        {"zsh", completion_print_zsh},
};

int verb_completion(const Command *command)
{
        for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
                if (strcmp(shells[i].name, command->argument) == 0) {
                        shells[i].print();
                        return EXIT_DONE;
                }
        return command_usage(command, "there is none for %s", command->argument);
}
