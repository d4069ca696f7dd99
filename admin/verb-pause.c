/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl pause and resume: whether a listener accepts. */
#include <errno.h>
#include <stdio.h>

#include "admin/broker.h"
#include "admin/listener-list.h"
#include "admin/name.h"
#include "util/macro.h"

static int new_call(const Broker *broker, const char *name, const char *method,
                    sd_bus_message **ret_call)
{
        _cleanup_free_ char *path = NULL;
        int r = sd_bus_path_encode(BROKER_LISTENER_PATH, name, &path);

        return r < 0 ? r : broker_new_call_at(broker, path, BROKER_LISTENER, method, ret_call);
}

/* It is the name that is wrong, most often. */
static int list_names(const Broker *broker)
{
        _cleanup_(listener_list_done) ListenerList list = {};
        ListenerRow row;
        int r, status;

        status = listener_list_ask(broker, &list);
        if (status != EXIT_DONE)
                return status;
        fputs("There are:", stderr);
        while ((r = listener_list_next(&list, &row)) > 0) {
                fputc(' ', stderr);
                name_print_word(stderr, row.name);
        }
        fputc('\n', stderr);
        return r < 0 ? broker_failed(r) : EXIT_FAILED;
}

static int ask(const Command *command, const char *method)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        _cleanup_(broker_done) Broker broker = {};
        int r, status;

        status = broker_init(&broker, command);
        if (status != EXIT_DONE)
                return status;
        r = new_call(&broker, command->argument, method, &call);
        if (r < 0)
                return broker_failed(r);
        r = broker_send(&broker, call, 0, &error, NULL);
        if (r >= 0)
                return EXIT_DONE;
        if (!sd_bus_error_has_name(&error, "org.hawker.Error.NoSuchListener"))
                return broker_explain(&broker, &error, r);
        fputs("hawkerctl: there is no listener ", stderr);
        name_print_word(stderr, command->argument);
        fputc('\n', stderr);
        return list_names(&broker);
}

int verb_pause(const Command *command)
{
        return ask(command, "Pause");
}

int verb_resume(const Command *command)
{
        return ask(command, "Resume");
}
