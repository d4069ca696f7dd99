/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl: the command line of the admin, verb by verb. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/command.h"
#include "util/macro.h"

static const struct {
        const char *name;
        const char *argument; /* NULL: it takes none */
        const char *doc;
        int (*run)(const Command *command);
        bool is_on_its_own; /* it reads its words and options itself */
} verbs[] = {
        {"status", NULL, "how the broker is", verb_status},
        {"reload", NULL, "have the configuration read again", verb_reload},
        {"restart", NULL, "restart the broker, with its connections", verb_restart},
        {"test-config", "[FILE]", "say what is wrong in a configuration", verb_test_config},
        {"clients", "...", "list who is connected: clients --help", verb_clients, true},
        {"client", "ID", "all about one that is connected", verb_client},
        {"kick", "...", "disconnect a client: kick --help", verb_kick, true},
        {"listeners", NULL, "where clients come in, and with which certificates", verb_listeners},
        {"metrics", "...", "all figures, also for Prometheus: metrics --help", verb_metrics, true},
        {"bans", NULL, "list who is banned", verb_bans},
        {"ban", "...", "keep an address, a user or a client out: ban --help", verb_ban, true},
        {"unban", "...", "take a ban back: unban --help", verb_unban, true},
        {"passwd", "...", "set passwords in a file: passwd --help", verb_passwd, true},
        {"acl-test", "...", "may a client do that: acl-test --help", verb_acl_test, true},
        {"import", "...", "take over what Mosquitto has kept: import --help", verb_import, true},
        {"store", "...", "look after what the broker keeps: store --help", verb_store, true},
};

enum { OPTION_JSON = 256, OPTION_SESSION, OPTION_VERSION };

static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},
        {"instance", required_argument, NULL, 'i'},
        {"json", no_argument, NULL, OPTION_JSON},
        {"session", no_argument, NULL, OPTION_SESSION},
        {"version", no_argument, NULL, OPTION_VERSION},
        {"wait", no_argument, NULL, 'w'},
        {},
};

static void print_help(void)
{
        puts("hawkerctl " VERSION ", administers the Hawker MQTT broker\n"
             "\n"
             "Usage: hawkerctl [OPTION]... VERB\n");
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
                printf("  %-11s %-6s  %s\n", verbs[i].name,
                       verbs[i].argument ? verbs[i].argument : "", verbs[i].doc);
        puts("\n"
             "  -i, --instance NAME   the broker of hawker@NAME.service\n"
             "      --json            write JSON (status, reload --wait, bans, client, listeners)\n"
             "      --session         look on the bus of the session, not on that of the system\n"
             "  -w, --wait            (reload) wait, print what has changed, fail if it failed\n"
             "      --version         print the version\n"
             "  -h, --help            print this\n"
             "\n"
             "Exit status: 0 done, 1 failed, 2 wrong usage, 3 the broker is not running,\n"
             "4 not allowed; test-config as hawkerd does.");
}

static int usage(const char *what, const char *word)
{
        fprintf(stderr, "hawkerctl: %s%s\nTry 'hawkerctl --help'.\n", what, word);
        return EXIT_USAGE;
}

/* -1: go on. */
static int parse(int argc, char **argv, const char *letters, Command *command)
{
        int option;

        optind = 0;
        while ((option = getopt_long(argc, argv, letters, options, NULL)) != -1) {
                if (option == 'h' || option == OPTION_VERSION) {
                        if (option == 'h')
                                print_help();
                        else
                                puts("hawkerctl " VERSION);
                        return EXIT_DONE;
                }
                if (option == '?') {
                        fputs("Try 'hawkerctl --help'.\n", stderr);
                        return EXIT_USAGE;
                }
                if (option == 'i')
                        command->instance = optarg;
                command->json |= option == OPTION_JSON;
                command->session |= option == OPTION_SESSION;
                command->wait |= option == 'w';
        }
        return -1;
}

static int run(size_t i, const Command *command)
{
        int status = verbs[i].run(command);

        if (fflush(stdout) != 0 && status == EXIT_DONE)
                status = EXIT_FAILED;
        return status;
}

/* The options of all verbs may stand behind the verb, too. */
static int run_plain(size_t i, int argc, char **argv, Command *command)
{
        int n, status = parse(argc, argv, "hi:w", command);

        if (status >= 0)
                return status;
        n = argc - optind;
        if (n > (verbs[i].argument ? 2 : 1))
                return usage("too many words behind ", verbs[i].name);
        command->argument = n > 1 ? argv[optind + 1] : NULL;
        return run(i, command);
}

int main(int argc, char **argv)
{
        Command command = {};
        int status;

        status = parse(argc, argv, "+hi:w", &command);
        if (status >= 0)
                return status;
        if (optind == argc)
                return usage("what shall be done?", "");
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
                if (strcmp(verbs[i].name, argv[optind]) != 0)
                        continue;
                if (!verbs[i].is_on_its_own)
                        return run_plain(i, argc, argv, &command);
                command.argc = argc - optind;
                command.argv = argv + optind;
                return run(i, &command);
        }
        return usage("there is no verb ", argv[optind]);
}
