/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl ban: somebody is kept out. */
#include <stdio.h>
#include <time.h>

#include "admin/ban-subject.h"
#include "admin/ban-time.h"
#include "admin/broker.h"
#include "util/macro.h"

typedef struct Order {
        BanSubject of;
        const char *reason;
        uint64_t seconds; /* 0: for good */
} Order;

/* -1: go on. */
static int parse(const Command *command, Order *order)
{
        const char *length = command_value(command, "for"), *fault;

        if (command_has(command, "reason"))
                order->reason = command_value(command, "reason");
        if (length && ban_time_parse(length, &order->seconds) < 0)
                return command_usage(command, "--for is a number with s, m, h, d or w behind it, "
                                              "as in 12h");
        fault = ban_subject_parse((int)command->n_words, command->words, &order->of);
        return fault ? command_usage(command, "%s", fault) : -1;
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
