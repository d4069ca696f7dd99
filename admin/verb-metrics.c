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

static bool ends_in(const char *name, size_t length, const char *ending)
{
        const size_t n = strlen(ending);

        return length > n && strncmp(name + length - n, ending, n) == 0;
}

/* Length of the family's name, and what kind that is. */
static size_t find_family(const char *name, const char *told, const char **ret_type)
{
        static const char *const endings[] = {"_sum", "_count"};
        const size_t length = strcspn(name, "{");

        *ret_type = "histogram";
        if (ends_in(name, length, "_bucket"))
                return length - strlen("_bucket");
        for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
                const size_t n = length - strlen(endings[i]);

                if (ends_in(name, length, endings[i]) && strncmp(name, told, n) == 0 &&
                    told[n] == 0)
                        return n;
        }
        *ret_type = ends_in(name, length, "_total") ? "counter" : "gauge";
        return length;
}

/* Figures with labels have the same name, and stand together: it is told once what they are. */
static void print_type(const char *name, char *told, size_t size)
{
        const char *type;
        const size_t length = find_family(name, told, &type);

        if (length >= size || (strncmp(name, told, length) == 0 && told[length] == 0))
                return;
        memcpy(told, name, length);
        told[length] = 0;
        printf("# TYPE %s %s\n", told, type);
}

static int print_value(sd_bus_message *reply, const char *name)
{
        const char *type;
        double real;
        uint64_t whole;
        int r = sd_bus_message_peek_type(reply, NULL, &type);

        if (r < 0)
                return r;
        r = strcmp(type, "d") == 0 ? sd_bus_message_read(reply, "v", "d", &real)
                                   : sd_bus_message_read(reply, "v", "t", &whole);
        if (r < 0)
                return r;
        if (strcmp(type, "d") == 0)
                printf("%s %.6f\n", name, real);
        else
                printf("%s %" PRIu64 "\n", name, whole);
        return 0;
}

static int print_metric(sd_bus_message *reply, Format format, char *told, size_t size)
{
        const char *name;
        int r = sd_bus_message_read(reply, "s", &name);

        if (r < 0)
                return r;
        if (format == FORMAT_PROMETHEUS)
                print_type(name, told, size);
        r = print_value(reply, name);
        return r < 0 ? r : sd_bus_message_exit_container(reply);
}

static int print_all(sd_bus_message *reply, Format format)
{
        char told[128] = "";
        int r = sd_bus_message_enter_container(reply, 'a', "{sv}");

        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0)
                r = print_metric(reply, format, told, sizeof(told));
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
