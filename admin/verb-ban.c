/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl ban: somebody is kept out. */
#include <getopt.h>
#include <stdio.h>
#include <time.h>

#include "admin/ban-subject.h"
#include "admin/ban-time.h"
#include "admin/broker.h"
#include "util/macro.h"

static const struct option options[] = {
        {"for", required_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {"reason", required_argument, NULL, 'r'},
        {},
};

typedef struct Order {
        BanSubject of;
        const char *reason;
        uint64_t seconds; /* 0: for good */
} Order;

static int print_help(void)
{
        puts("Usage: hawkerctl ban [OPTION]... [address] ADDRESS|PREFIX\n"
             "       hawkerctl ban [OPTION]... user NAME\n"
             "       hawkerctl ban [OPTION]... client IDENTIFIER\n"
             "\n"
             "Who is connected is disconnected at once. The ban outlives a restart.\n"
             "\n"
             "  -f, --for TIME      for so long: 90s, 15m, 12h, 7d, 4w; else for good\n"
             "  -r, --reason TEXT   why, for the list of bans and the log\n"
             "  -h, --help          print this");
        return EXIT_DONE;
}

static int usage(const char *what)
{
        fprintf(stderr, "hawkerctl: ban: %s\nTry 'hawkerctl ban --help'.\n", what);
        return EXIT_USAGE;
}

/* -1: go on. */
static int parse(const Command *command, Order *order)
{
        const char *fault;
        int option;

        optind = 0;
        while ((option = getopt_long(command->argc, command->argv, "f:hr:", options, NULL)) != -1) {
                if (option == 'h')
                        return print_help();
                if (option == '?') {
                        fputs("Try 'hawkerctl ban --help'.\n", stderr);
                        return EXIT_USAGE;
                }
                if (option == 'r')
                        order->reason = optarg;
                if (option == 'f' && ban_time_parse(optarg, &order->seconds) < 0)
                        return usage("--for is a number with s, m, h, d or w behind it, as in 12h");
        }
        fault = ban_subject_parse(command->argc - optind, command->argv + optind, &order->of);
        return fault ? usage(fault) : -1;
}

static int print_answer(const Order *order, sd_bus_message *reply)
{
        char date[BAN_DATE_MAX];
        uint64_t until;
        int kept, r;

        r = sd_bus_message_read(reply, "tb", &until, &kept);
        if (r < 0)
                return broker_failed(r);
        printf("Banned %s %s %s%s.\n", order->of.kind, order->of.name, until == 0 ? "" : "until ",
               ban_time_format_date(until, date, sizeof(date)));
        if (!kept)
                fputs("hawkerctl: a restart of the broker ends this ban: there is no place to keep "
                      "it in.\nA service of systemd has one (StateDirectory=); if this is one, its "
                      "journal says more.\n",
                      stderr);
        return EXIT_DONE;
}

int verb_ban(const Command *command)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_(broker_done) Broker broker = {};
        Order order = {.reason = ""};
        int r, status;

        status = parse(command, &order);
        if (status >= 0)
                return status;
        status = broker_init(&broker, command);
        if (status != EXIT_DONE)
                return status;
        r = broker_new_call(&broker, BROKER_MANAGER, "Ban", &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "ssst", order.of.kind, order.of.name, order.reason,
                                          order.seconds);
        if (r < 0)
                return broker_failed(r);
        status = broker_call(&broker, call, 0, &reply);
        return status == EXIT_DONE ? print_answer(&order, reply) : status;
}
