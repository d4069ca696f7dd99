/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl subscriptions: of a client, or who would get a message. */
#include <inttypes.h>
#include <stdio.h>

#include "admin/session-list.h"
#include "admin/table.h"
#include "util/macro.h"

#define ROW_TYPE "(sssbuubbu)"

typedef struct Wanted {
        const char *client, *filter, *topic; /* "": any */
} Wanted;

/* Strings are those of the page. */
typedef struct Row {
        const char *client, *filter, *group;
        int connected, no_local, retain_as_published;
        uint32_t qos, retain_handling, identifier;
} Row;

static const TableColumn columns[] = {
        {"CLIENT", false, 2}, {"STATE"}, {"QOS", true}, {"FILTER", false, 1}, {"OPTIONS"},
};

static int append(sd_bus_message *call, const void *data)
{
        const Wanted *wanted = data;

        return sd_bus_message_append(call, "sss", wanted->client, wanted->filter, wanted->topic);
}

static int next(const Pages *pages, Row *ret_row)
{
        return sd_bus_message_read(pages->page, ROW_TYPE, &ret_row->client, &ret_row->filter,
                                   &ret_row->group, &ret_row->connected, &ret_row->qos,
                                   &ret_row->retain_handling, &ret_row->no_local,
                                   &ret_row->retain_as_published, &ret_row->identifier);
}

/* What is not the default, in words. */
static const char *format_options(const Row *row, char *buffer, size_t size)
{
        static const char *const handling[] = {"", ", retained-if-new", ", retained-never", ""};
        char identifier[24] = "";

        if (row->identifier > 0)
                snprintf(identifier, sizeof(identifier), ", id=%" PRIu32, row->identifier);
        snprintf(buffer, size, "%s%s%s%s", row->no_local ? ", no-local" : "",
                 row->retain_as_published ? ", retain-as-published" : "",
                 handling[row->retain_handling & 3], identifier);
        return buffer[0] ? buffer + 2 : buffer;
}

static int add_row(Pages *pages, Table *table)
{
        char options[96];
        Row row;
        int r = next(pages, &row);

        if (r <= 0)
                return r;
        r = table_add(table, "%s", row.client);
        if (r == 0)
                r = table_add(table, "%s", row.connected ? "connected" : "away");
        if (r == 0)
                r = table_add(table, "%" PRIu32, row.qos);
        if (r == 0)
                r = table_add(table, "%s", row.filter);
        if (r == 0)
                r = table_add(table, "%s", format_options(&row, options, sizeof(options)));
        return r < 0 ? r : 1;
}

static int print_all_json(Pages *pages)
{
        static const char *const names[] = {
                "client",    "filter",          "group",    "connected",
                "qos",       "retain_handling", "no_local", "retain_as_published",
                "identifier"};

        return pages_print_json(pages, names);
}

int verb_subscriptions(const Command *command)
{
        const char *filter = command_value(command, "filter"),
                   *topic = command_value(command, "topic");
        _cleanup_(broker_done) Broker broker = {};
        _cleanup_(pages_done) Pages pages = {};
        const Wanted wanted = {
                .client = command->argument ? command->argument : "",
                .filter = filter ? filter : "",
                .topic = topic ? topic : "",
        };
        int status;

        if (topic && !topic[0])
                return command_usage(command, "--topic is the name of one, such as 'a/b'");
        pages = (Pages){
                .broker = &broker,
                .method = "ListSubscriptions",
                .row = ROW_TYPE,
                .append = append,
                .wanted = &wanted,
        };
        status = broker_init(&broker, command);
        if (status == EXIT_DONE)
                status = pages_begin(&pages);
        if (pages_failed_with(&pages, NO_SUCH_SESSION))
                session_near_print(&broker, "subscriptions", wanted.client);
        if (status != EXIT_DONE)
                return status;
        if (command->json)
                return print_all_json(&pages);
        return pages_print_table(&pages, TABLE_FOR(command, columns), add_row,
                                 "There is no such subscription.");
}
