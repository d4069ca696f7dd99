/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl metrics: all figures, for people, programs and Prometheus. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/broker.h"
#include "admin/json.h"
#include "util/macro.h"

typedef enum Format {
        FORMAT_PLAIN,
        FORMAT_JSON,
        FORMAT_PROMETHEUS,
} Format;

static Format format_of(const Command *command)
{
        if (command->json)
                return FORMAT_JSON;
        return command_has(command, "prometheus") ? FORMAT_PROMETHEUS : FORMAT_PLAIN;
}

/* Figures with labels have the same name, and stand together: it is told once what they are. */
static void print_type(const char *name, char *told, size_t size)
{
        static const char grows[] = "_total";
        const size_t length = strcspn(name, "{"), ending = sizeof(grows) - 1;
        const bool is_counter =
                length > ending && strncmp(name + length - ending, grows, ending) == 0;

        if (length >= size || (strncmp(name, told, length) == 0 && told[length] == 0))
                return;
        memcpy(told, name, length);
        told[length] = 0;
        printf("# TYPE %s %s\n", told, is_counter ? "counter" : "gauge");
}

static int print_all(sd_bus_message *reply, Format format)
{
        char told[128] = "";
        const char *name;
        uint64_t value;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_read(reply, "{sv}", &name, "t", &value)) > 0) {
                if (format == FORMAT_PROMETHEUS)
                        print_type(name, told, sizeof(told));
                printf("%s %" PRIu64 "\n", name, value);
        }
        return r;
}

static int ask(const Broker *broker, sd_bus_message **ret_reply)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r = broker_new_call(broker, BROKER_MANAGER, "GetMetrics", &call);

        return r < 0 ? broker_failed(r) : broker_call(broker, call, 0, ret_reply);
}

int verb_metrics(const Command *command)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(broker_done) Broker broker = {};
        Format format = format_of(command);
        int r, status;

        status = broker_init(&broker, command);
        if (status == EXIT_DONE)
                status = ask(&broker, &reply);
        if (status != EXIT_DONE)
                return status;
        r = format == FORMAT_JSON ? json_write_value(stdout, reply) : print_all(reply, format);
        if (r < 0)
                return broker_failed(r);
        if (format == FORMAT_JSON)
                fputc('\n', stdout);
        return EXIT_DONE;
}
