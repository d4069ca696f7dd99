/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl session, drop: all about the session of one client, and its end. */
#include <stdio.h>

#include "admin/facts.h"
#include "admin/json.h"
#include "admin/session-list.h"
#include "admin/verb.h"
#include "util/macro.h"

static int print_answer(const Command *command, sd_bus_message *reply)
{
        int r = command->json ? json_write_value(stdout, reply) : facts_print(reply);

        if (r >= 0 && command->json)
                fputc('\n', stdout);
        return r < 0 ? broker_failed(r) : EXIT_DONE;
}

/* Who may have been meant, where there is no such session. */
static int send_call(const Broker *broker, const Command *command, sd_bus_message *call,
                     sd_bus_message **ret_reply)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r, status;

        r = broker_send(broker, call, 0, &error, ret_reply);
        if (r >= 0)
                return EXIT_DONE;
        status = broker_explain(broker, &error, r);
        if (sd_bus_error_has_name(&error, NO_SUCH_SESSION))
                session_near_print(broker, command->verb->name, command->argument);
        return status;
}

int verb_session(const Command *command)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_(broker_done) Broker broker = {};
        int r, status;

        status = broker_init(&broker, command);
        if (status != EXIT_DONE)
                return status;
        r = broker_new_call(&broker, BROKER_MANAGER, "GetSession", &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "s", command->argument);
        if (r < 0)
                return broker_failed(r);
        status = send_call(&broker, command, call, &reply);
        return status == EXIT_DONE ? print_answer(command, reply) : status;
}

int verb_drop(const Command *command)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        const char *text = command_value(command, "reason");
        _cleanup_(broker_done) Broker broker = {};
        int r, status;

        status = broker_init(&broker, command);
        if (status != EXIT_DONE)
                return status;
        r = broker_new_call(&broker, BROKER_MANAGER, "DropSession", &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "sbs", command->argument,
                                          (int)!command_has(command, "without-will"),
                                          text ? text : "");
        if (r < 0)
                return broker_failed(r);
        return send_call(&broker, command, call, &reply);
}
