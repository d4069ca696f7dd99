/* SPDX-License-Identifier: Apache-2.0 */

/* The command line of hawkerd. */
#include <errno.h>
#include <getopt.h>

#include "command-line.h"
#include "util/parse.h"

enum { OPTION_TEST_CONFIG = 256, OPTION_DUMP_CONFIG, OPTION_RUNNING, OPTION_VERSION };

static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"daemon", no_argument, NULL, 'd'},
        {"dump-config", no_argument, NULL, OPTION_DUMP_CONFIG},
        {"help", no_argument, NULL, 'h'},
        {"instance", required_argument, NULL, 'i'},
        {"port", required_argument, NULL, 'p'},
        {"quiet", no_argument, NULL, 'q'},
        {"running", no_argument, NULL, OPTION_RUNNING},
        {"test-config", no_argument, NULL, OPTION_TEST_CONFIG},
        {"verbose", no_argument, NULL, 'v'},
        {"version", no_argument, NULL, OPTION_VERSION},
        {},
};

void command_line_help(FILE *to)
{
        fputs("hawkerd " VERSION ", an MQTT broker\n"
              "\n"
              "Usage: hawkerd [OPTION]...\n"
              "\n"
              "  -c, --config FILE   read the settings from FILE (without it: local clients only)\n"
              "  -p, --port PORT     listen on PORT instead of 1883 while the settings name no\n"
              "                      listener; up to 10 times\n"
              "  -i, --instance NAME which of several brokers of this machine it is: its name on\n"
              "                      the bus ends in it\n"
              "  -d, --daemon        go into the background once all is well\n"
              "  -v, --verbose       log everything\n"
              "  -q, --quiet         log nothing\n"
              "      --test-config   try the settings with every file and port they name, say "
              "what\n"
              "                      is wrong, and end\n"
              "      --running       with --test-config: ports in use are those of the broker that "
              "runs\n"
              "      --dump-config   print the settings in force and where each comes from\n"
              "      --version       print the version\n"
              "  -h, --help          print this\n"
              "\n"
              "Signals: SIGTERM and SIGINT stop it in order, SIGHUP and SIGRTMIN open the log "
              "file\n"
              "again, SIGUSR2 logs what it holds and has done.\n"
              "Exit status: 0 stopped in order, 1 could not start, 3 wrong settings.\n",
              to);
}

static int add_port(SettingsSource *source, const char *text)
{
        int64_t port;

        if (parse_int(text, 1, UINT16_MAX, &port) < 0) {
                fprintf(stderr, "hawkerd: %s is not a port: 1 to 65535\n", text);
                return -EINVAL;
        }
        if (source->n_ports == SETTINGS_PORTS_MAX) {
                fprintf(stderr, "hawkerd: at most %d ports\n", SETTINGS_PORTS_MAX);
                return -EINVAL;
        }
        source->ports[source->n_ports++] = (uint16_t)port;
        return 0;
}

/* Those without an argument. False: not one of them. */
static bool take_flag(CommandLine *command, int option)
{
        static const struct {
                int option;
                CommandAction action;
        } actions[] = {
                {'h', COMMAND_HELP},
                {OPTION_DUMP_CONFIG, COMMAND_DUMP_CONFIG},
                {OPTION_TEST_CONFIG, COMMAND_TEST_CONFIG},
                {OPTION_VERSION, COMMAND_VERSION},
        };

        for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
                if (actions[i].option == option) {
                        command->action = actions[i].action;
                        return true;
                }
        command->background |= option == 'd';
        command->source.verbose |= option == 'v';
        command->source.quiet |= option == 'q';
        command->is_running |= option == OPTION_RUNNING;
        return option == 'd' || option == 'v' || option == 'q' || option == OPTION_RUNNING;
}

int command_line_parse(int argc, char **argv, CommandLine *ret_command)
{
        CommandLine command = {.action = COMMAND_RUN};
        int option, r = 0;

        while (r == 0 && (option = getopt_long(argc, argv, "c:dhi:p:qv", options, NULL)) != -1) {
                if (option == 'c')
                        command.source.file = optarg;
                else if (option == 'i')
                        command.source.instance = optarg;
                else if (option == 'p')
                        r = add_port(&command.source, optarg);
                else if (!take_flag(&command, option))
                        r = -EINVAL; /* getopt has said what it is */
        }
        if (r == 0 && optind < argc) {
                fprintf(stderr, "hawkerd: %s: there are no arguments beside the options\n",
                        argv[optind]);
                r = -EINVAL;
        }
        if (r < 0) {
                fputs("Try 'hawkerd --help'.\n", stderr);
                return r;
        }
        *ret_command = command;
        return 0;
}
