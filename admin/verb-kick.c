/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl kick: a client is disconnected. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/broker.h"
#include "admin/client-near.h"
#include "util/macro.h"

/* Administrative action. */
#define REASON_DEFAULT 0x98U

typedef struct Order {
        const char *client, *text;
        uint32_t reason;
        int without_will;
} Order;

/* -1: go on. */
static int parse_code(const Command *command, const char *text, uint32_t *ret_code)
{
        unsigned long code;
        char *end;

        errno = 0;
        code = strtoul(text, &end, 0);
        if (errno != 0 || end == text || *end || code > UINT8_MAX)
                return command_usage(command, "--code is a number such as 0x98");
        *ret_code = (uint32_t)code;
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
        r = broker_send(broker, call, 0, &error, &reply);
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
        Order order = {
                .client = command->argument,
                .text = command_has(command, "reason") ? command_value(command, "reason") : "",
                .reason = REASON_DEFAULT,
                .without_will = command_has(command, "without-will"),
        };
        const char *code = command_value(command, "code");
        int status = code ? parse_code(command, code, &order.reason) : -1;

        if (status >= 0)
                return status;
        status = broker_init(&broker, command);
        return status == EXIT_DONE ? ask(&broker, &order) : status;
}
