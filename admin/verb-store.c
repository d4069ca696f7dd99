/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl store: what a broker keeps on the disk, when it does not run. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/state-folder.h"
#include "admin/store-work.h"
#include "util/macro.h"

/* `file_at`: which of its words is the file; 0: it has none. The other one is the folder. */
static const struct {
        const char *name;
        unsigned file_at;
        int (*run)(const StoreOrder *order);
} works[] = {
        {"check", 0, store_work_check},   {"dump", 0, store_work_dump},
        {"load", 1, store_work_load},     {"compact", 0, store_work_compact},
        {"backup", 2, store_work_backup},
};

static int run(size_t work, StoreOrder *order)
{
        _cleanup_free_ char *of_service = NULL;

        if (order->folder)
                return works[work].run(order);
        of_service = state_folder_of(order->command, order->configuration);
        if (!of_service) {
                fprintf(stderr, "hawkerctl: store: %s\n", strerror(ENOMEM));
                return EXIT_FAILED;
        }
        order->folder = of_service;
        order->is_of_service = !order->configuration;
        return works[work].run(order);
}

static int run_words(StoreOrder *order, int n, char **words)
{
        size_t work = 0;
        int most;

        if (n == 0)
                return command_usage(order->command, "what shall be done?");
        while (work < ARRAY_SIZE(works) && strcmp(works[work].name, words[0]) != 0)
                work++;
        if (work == ARRAY_SIZE(works))
                return command_usage(order->command, "there is no %s", words[0]);
        most = works[work].file_at > 0 ? 3 : 2;
        if (n > most || n < most - 1)
                return command_usage(order->command, "%s takes %s", words[0],
                                     works[work].file_at > 0 ? "FILE and DIR" : "DIR alone");
        if (works[work].file_at == 0)
                order->folder = n > 1 ? words[1] : NULL;
        else if (n == 2)
                order->file = words[1];
        else {
                order->file = words[works[work].file_at];
                order->folder = words[3 - works[work].file_at];
        }
        return run(work, order);
}

int verb_store(const Command *command)
{
        StoreOrder order = {
                .command = command,
                .configuration = command_value(command, "config"),
                .partial = command_has(command, "partial"),
                .json = command->json,
        };

        return run_words(&order, (int)command->n_words, command->words);
}
