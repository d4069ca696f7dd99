/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl kick: a client is disconnected. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/broker.h"
#include "admin/client-near.h"
#include "util/macro.h"

/* Administrative action. */
#define REASON_DEFAULT 0x98U

enum { OPTION_WITHOUT_WILL = 256 };

static const struct option options[] = {
        {"code", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {"reason", required_argument, NULL, 'r'},
        {"without-will", no_argument, NULL, OPTION_WITHOUT_WILL},
        {},
};

typedef struct Order {
        const char *client, *text;
        uint32_t reason;
        int without_will;
} Order;

static int print_help(void)
{
        puts("Usage: hawkerctl kick [OPTION]... ID\n"
             "\n"
             "Disconnects this client, which may come again: 'hawkerctl ban client' keeps it out.\n"
             "\n"
             "  -c, --code NUMBER    the reason code that MQTT 5 tells it, else 0x98\n"
             "  -h, --help           print this\n"
             "  -r, --reason TEXT    why, for the client and the log\n"
             "      --without-will   its will is not published");
        return EXIT_DONE;
}

static int usage(const char *what)
{
        fprintf(stderr, "hawkerctl: kick: %s\nTry 'hawkerctl kick --help'.\n", what);
        return EXIT_USAGE;
}

static int parse_code(const char *text, uint32_t *ret_code)
{
        unsigned long code;
        char *end;

        errno = 0;
        code = strtoul(text, &end, 0);
        if (errno != 0 || end == text || *end || code > UINT8_MAX)
                return usage("--code is a number such as 0x98");
        *ret_code = (uint32_t)code;
        return -1;
}

/* -1: go on. */
static int parse(const Command *command, Order *order)
{
        int option, status = -1;

        optind = 0;
        while ((option = getopt_long(command->argc, command->argv, "c:hr:", options, NULL)) != -1) {
                if (option == 'h')
                        return print_help();
                if (option == '?') {
                        fputs("Try 'hawkerctl kick --help'.\n", stderr);
                        return EXIT_USAGE;
                }
                if (option == 'c')
                        status = parse_code(optarg, &order->reason);
                if (option == 'r')
                        order->text = optarg;
                if (option == OPTION_WITHOUT_WILL)
                        order->without_will = true;
                if (status >= 0)
                        return status;
        }
        if (command->argc - optind != 1)
                return usage("whom? One client identifier");
        order->client = command->argv[optind];
        return -1;
}

static int ask(const Broker *broker, const Order *order)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r, status;

        r = broker_new_call(broker, BROKER_MANAGER, "Disconnect", &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "subs", order->client, order->reason,
                                          !order->without_will, order->text);
        if (r < 0)
                return broker_failed(r);
        r = sd_bus_call(broker->bus, call, 0, &error, &reply);
        if (r >= 0)
                return EXIT_DONE;
        status = broker_explain(broker, &error, r);
        if (sd_bus_error_has_name(&error, "org.hawker.Error.NoSuchClient"))
                client_near_print(broker, "kick", order->client);
        return status;
}

int verb_kick(const Command *command)
{
        _cleanup_(broker_done) Broker broker = {};
        Order order = {.text = "", .reason = REASON_DEFAULT};
        int status;

        status = parse(command, &order);
        if (status >= 0)
                return status;
        status = broker_init(&broker, command);
        return status == EXIT_DONE ? ask(&broker, &order) : status;
}
