/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl client: all about one that is connected. */
#include <stdio.h>

#include "admin/broker.h"
#include "admin/client-near.h"
#include "admin/facts.h"
#include "admin/json.h"
#include "util/macro.h"

static int print_answer(const Command *command, sd_bus_message *reply)
{
        int r = command->json ? json_write_value(stdout, reply) : facts_print(reply);

        if (r >= 0 && command->json)
                fputc('\n', stdout);
        return r < 0 ? broker_failed(r) : EXIT_DONE;
}

static int ask(const Broker *broker, const Command *command)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r, status;

        r = broker_new_call(broker, BROKER_MANAGER, "GetClient", &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "s", command->argument);
        if (r < 0)
                return broker_failed(r);
        r = broker_send(broker, call, 0, &error, &reply);
        if (r >= 0)
                return print_answer(command, reply);
        status = broker_explain(broker, &error, r);
        if (sd_bus_error_has_name(&error, "org.hawker.Error.NoSuchClient"))
                client_near_print(broker, "client", command->argument);
        return status;
}

int verb_client(const Command *command)
{
        _cleanup_(broker_done) Broker broker = {};
        int status;

        status = broker_init(&broker, command);
        return status == EXIT_DONE ? ask(&broker, command) : status;
}
