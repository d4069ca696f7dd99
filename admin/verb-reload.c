/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl reload: the configuration is read again. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "admin/broker.h"
#include "admin/json.h"
#include "util/macro.h"

/* The resolver may be asked, and PKCS#11 tokens. */
#define TIMEOUT (UINT64_C(300) * 1000 * 1000)

typedef struct ChangeRow {
        const char *listener, *option, *before, *after, *when;
} ChangeRow;

/* In the words of the log. */
static void print_row(const ChangeRow *row)
{
        if (strcmp(row->option, "listener") == 0) {
                printf("listener %s: %s\n", row->listener, row->after[0] ? "added" : "removed");
                return;
        }
        fputs(row->option, stdout);
        if (row->listener[0])
                printf(" of %s", row->listener);
        if (!row->before[0] && !row->after[0])
                fputs(": other content", stdout);
        else
                printf(": %s", row->after[0] ? row->after : "not set any more");
        if (row->before[0])
                printf(" (was %s)", row->before);
        printf(", %s\n", row->when);
}

static void print_row_json(const ChangeRow *row)
{
        const struct {
                const char *name, *value;
        } fields[] = {
                {"listener", row->listener}, {"option", row->option}, {"before", row->before},
                {"after", row->after},       {"when", row->when},
        };

        for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
                printf("%s\"%s\":", i > 0 ? "," : "{", fields[i].name);
                json_write_string(stdout, fields[i].value);
        }
        fputc('}', stdout);
}

static int print_changes(sd_bus_message *reply, bool json)
{
        ChangeRow row;
        size_t n = 0;
        int r;

        if (json)
                fputc('[', stdout);
        r = sd_bus_message_enter_container(reply, 'a', "(sssss)");
        for (; r >= 0; n++) {
                r = sd_bus_message_read(reply, "(sssss)", &row.listener, &row.option, &row.before,
                                        &row.after, &row.when);
                if (r <= 0)
                        break;
                if (json && n > 0)
                        fputc(',', stdout);
                if (json)
                        print_row_json(&row);
                else
                        print_row(&row);
        }
        if (r < 0)
                return broker_failed(r);
        if (json)
                puts("]");
        else if (n == 0)
                puts("Nothing has changed.");
        return EXIT_DONE;
}

/*
 * As a signal would do it. The answer to the second message shows that there is a broker, and that
 * it has asked the bus who we are: not before may we leave.
 */
static int ask(const Broker *broker)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *ping = NULL, *call = NULL, *reply = NULL;
        int r;

        r = broker_new_call(broker, BROKER_MANAGER, "Reload", &call);
        if (r >= 0)
                r = sd_bus_message_set_expect_reply(call, false);
        if (r >= 0)
                r = sd_bus_send(broker->bus, call, NULL);
        if (r >= 0)
                r = broker_new_call(broker, "org.freedesktop.DBus.Peer", "Ping", &ping);
        return r < 0 ? broker_failed(r) : broker_call(broker, ping, 0, &reply);
}

static int ask_and_wait(const Broker *broker)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        int r, status;

        r = broker_new_call(broker, BROKER_MANAGER, "Reload", &call);
        if (r < 0)
                return broker_failed(r);
        status = broker_call(broker, call, TIMEOUT, &reply);
        if (status != EXIT_DONE || command_has(broker->command, "quiet"))
                return status;
        return print_changes(reply, broker->command->json);
}

int verb_reload(const Command *command)
{
        _cleanup_(broker_done) Broker broker;
        int status;

        status = broker_init(&broker, command);
        if (status != EXIT_DONE)
                return status;
        return command_has(command, "wait") ? ask_and_wait(&broker) : ask(&broker);
}
