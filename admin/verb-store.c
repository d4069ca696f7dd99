/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl store: what a broker keeps on the disk, when it does not run. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/state-folder.h"
#include "admin/store-work.h"
#include "util/macro.h"

enum { OPTION_CONFIG = 256, OPTION_JSON, OPTION_PARTIAL };

static const struct option options[] = {
        {"config", required_argument, NULL, OPTION_CONFIG},
        {"help", no_argument, NULL, 'h'},
        {"json", no_argument, NULL, OPTION_JSON},
        {"partial", no_argument, NULL, OPTION_PARTIAL},
        {},
};

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

static int print_help(void)
{
        puts("Usage: hawkerctl store check [DIR]         say what is damaged\n"
             "       hawkerctl store dump [DIR]          write all of it as lines of JSON\n"
             "       hawkerctl store load FILE [DIR]     what dump has written, to an empty store\n"
             "       hawkerctl store compact [DIR]       give unused room back\n"
             "       hawkerctl store backup [DIR] FILE   copy it\n"
             "\n"
             "DIR is the folder of the store, by default that of the service. The broker is\n"
             "stopped; but without DIR, backup asks one that runs.\n"
             "\n"
             "      --config FILE   the store of this configuration, not that of the service\n"
             "      --json          (check) write JSON\n"
             "      --partial       (not load) of a store that is damaged, what is left of it\n"
             "  -h, --help          print this\n"
             "\n"
             "Exit status: 0 done, 1 failed or damaged, 2 wrong usage, 4 not allowed.");
        return EXIT_DONE;
}

static int usage(const char *what, const char *word)
{
        fprintf(stderr, "hawkerctl: store: %s%s\nTry 'hawkerctl store --help'.\n", what, word);
        return EXIT_USAGE;
}

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
                return usage("what shall be done?", "");
        while (work < ARRAY_SIZE(works) && strcmp(works[work].name, words[0]) != 0)
                work++;
        if (work == ARRAY_SIZE(works))
                return usage("there is no ", words[0]);
        most = works[work].file_at > 0 ? 3 : 2;
        if (n > most || n < most - 1)
                return usage(works[work].file_at > 0 ? "it takes FILE and DIR: "
                                                     : "it takes DIR alone: ",
                             words[0]);
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
        StoreOrder order = {.command = command, .json = command->json};
        int option;

        optind = 0;
        while ((option = getopt_long(command->argc, command->argv, "h", options, NULL)) != -1) {
                if (option == 'h')
                        return print_help();
                if (option == '?') {
                        fputs("Try 'hawkerctl store --help'.\n", stderr);
                        return EXIT_USAGE;
                }
                if (option == OPTION_CONFIG)
                        order.configuration = optarg;
                order.json |= option == OPTION_JSON;
                order.partial |= option == OPTION_PARTIAL;
        }
        return run_words(&order, command->argc - optind, command->argv + optind);
}
