/* SPDX-License-Identifier: Apache-2.0 */

/* The broker as it is on the bus. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "admin/broker.h"
#include "admin/polkit-agent.h"
#include "util/macro.h"

/* Of a call that somebody types a password for, in microseconds: longer than the broker waits. */
#define PASSWORD_TIMEOUT UINT64_C(130000000)

static const char *bus_name(const Command *command)
{
        return command->session ? "session" : "system";
}

int broker_failed(int error)
{
        /* Of a string that is none. */
        fprintf(stderr, "hawkerctl: %s%s\n", strerror(-error),
                error == -EINVAL ? ": what the broker is told must be UTF-8" : "");
        return EXIT_FAILED;
}

static bool set_name(Broker *broker)
{
        const char *instance = broker->command->instance;
        int n = snprintf(broker->name, sizeof(broker->name), "org.hawker.Broker1%s%s",
                         instance ? ".instance_" : "", instance ? instance : "");

        return (size_t)n < sizeof(broker->name) && sd_bus_service_name_is_valid(broker->name);
}

static int open_bus(Broker *broker)
{
        return broker->command->session ? sd_bus_open_user(&broker->bus)
                                        : sd_bus_open_system(&broker->bus);
}

int broker_init(Broker *broker, const Command *command)
{
        int r;

        *broker = (Broker){.command = command};
        if (!set_name(broker)) {
                fprintf(stderr, "hawkerctl: %s is no name of an instance\n", command->instance);
                return EXIT_USAGE;
        }
        r = open_bus(broker);
        if (r < 0) {
                fprintf(stderr, "hawkerctl: cannot reach the %s bus: %s\n", bus_name(command),
                        strerror(-r));
                return EXIT_FAILED;
        }
        return EXIT_DONE;
}

void broker_done(Broker *broker)
{
        broker->bus = sd_bus_flush_close_unref(broker->bus);
}

bool broker_is_running(const Command *command)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(broker_done) Broker broker = {.command = command};
        int has_owner = 0;

        return set_name(&broker) && open_bus(&broker) >= 0 &&
               sd_bus_call_method(broker.bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                  "org.freedesktop.DBus", "NameHasOwner", NULL, &reply, "s",
                                  broker.name) >= 0 &&
               sd_bus_message_read(reply, "b", &has_owner) >= 0 && has_owner;
}

int broker_new_call(const Broker *broker, const char *interface, const char *method,
                    sd_bus_message **ret_call)
{
        return broker_new_call_at(broker, BROKER_PATH, interface, method, ret_call);
}

int broker_new_call_at(const Broker *broker, const char *path, const char *interface,
                       const char *method, sd_bus_message **ret_call)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = sd_bus_message_new_method_call(broker->bus, &call, broker->name, path, interface,
                                           method);
        if (r >= 0)
                r = sd_bus_message_set_auto_start(call, false);
        if (r < 0)
                return r;
        *ret_call = TAKE_PTR(call);
        return 0;
}

int broker_explain_absent(const Broker *broker)
{
        const char *instance = broker->command->instance;

        fprintf(stderr,
                "hawkerctl: the broker is not running: there is no %s on the %s bus.\n"
                "Start it:  systemctl start hawker%s%s\n",
                broker->name, bus_name(broker->command), instance ? "@" : "",
                instance ? instance : "");
        return EXIT_NOT_RUNNING;
}

int broker_explain(const Broker *broker, const sd_bus_error *error, int r)
{
        if (sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
            sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                return broker_explain_absent(broker);
        if (sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED) ||
            sd_bus_error_has_name(error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED)) {
                fprintf(stderr, "hawkerctl: %s\n",
                        error->message ? error->message : "the broker does not allow this");
                return EXIT_NO_RIGHT;
        }
        if (!error->message)
                return broker_failed(r);
        fprintf(stderr, "%s\n", error->message);
        return EXIT_FAILED;
}

/* The same call; now polkit may ask for a password. */
static int new_interactive(const Broker *broker, sd_bus_message *call, sd_bus_message **ret_call)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *again = NULL;
        int r;

        r = sd_bus_message_rewind(call, true);
        if (r >= 0)
                r = sd_bus_message_new_method_call(
                        broker->bus, &again, broker->name, sd_bus_message_get_path(call),
                        sd_bus_message_get_interface(call), sd_bus_message_get_member(call));
        if (r >= 0)
                r = sd_bus_message_set_auto_start(again, false);
        if (r >= 0)
                r = sd_bus_message_set_allow_interactive_authorization(again, true);
        if (r >= 0)
                r = sd_bus_message_copy(again, call, true);
        if (r < 0)
                return r;
        *ret_call = TAKE_PTR(again);
        return 0;
}

int broker_send(const Broker *broker, sd_bus_message *call, uint64_t timeout, sd_bus_error *error,
                sd_bus_message **ret_reply)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *again = NULL;
        pid_t agent = 0;
        int r;

        r = sd_bus_call(broker->bus, call, timeout, error, ret_reply);
        if (r >= 0 ||
            !sd_bus_error_has_name(error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED) ||
            new_interactive(broker, call, &again) < 0 || polkit_agent_start(&agent) < 0)
                return r;
        sd_bus_error_free(error);
        r = sd_bus_call(broker->bus, again, MAX(timeout, PASSWORD_TIMEOUT), error, ret_reply);
        polkit_agent_end(agent);
        return r;
}

int broker_call(const Broker *broker, sd_bus_message *call, uint64_t timeout,
                sd_bus_message **ret_reply)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        r = broker_send(broker, call, timeout, &error, ret_reply);
        return r < 0 ? broker_explain(broker, &error, r) : EXIT_DONE;
}
