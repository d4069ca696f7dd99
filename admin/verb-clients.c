/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl clients: who is connected. */
#include <inttypes.h>
#include <stdio.h>

#include "admin/client-list.h"
#include "admin/table.h"
#include "util/macro.h"

static const char *wanted(const char *value)
{
        return value ? value : "";
}

static int add_row(Table *table, const ClientRow *row)
{
        const char *const texts[] = {row->client, row->user, row->address, row->listener,
                                     row->protocol};
        int r = 0;

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(texts); i++)
                r = table_add(table, "%s", texts[i]);
        if (r == 0)
                r = table_add(table, "%" PRIu64, row->subscriptions);
        return r < 0 ? r : table_add(table, "%" PRIu64, row->queued);
}

static int print_all(ClientList *list)
{
        static const TableColumn columns[] = {
                {"CLIENT", false, 1},   {"USER", false, 3}, {"ADDRESS", false, 2},
                {"LISTENER", false, 4}, {"MQTT"},           {"SUBSCRIPTIONS", true},
                {"QUEUED", true},
        };
        _cleanup_(table_done) Table table = TABLE_FOR(list->pages.broker->command, columns);
        ClientRow row;
        int r, status;

        do {
                while ((r = client_list_next(list, &row)) > 0) {
                        r = add_row(&table, &row);
                        if (r < 0)
                                break;
                }
                table_print(&table);
                status = r < 0 ? broker_failed(r) : client_list_turn(list);
        } while (status == EXIT_DONE);
        if (status > EXIT_DONE)
                return status;
        if (!table.has_head)
                puts("No such client is connected.");
        return EXIT_DONE;
}

int verb_clients(const Command *command)
{
        _cleanup_(broker_done) Broker broker = {};
        _cleanup_(client_list_done) ClientList list = {};
        const ClientsWanted clients = {
                .client = wanted(command->argument),
                .listener = wanted(command_value(command, "listener")),
                .user = wanted(command_value(command, "user")),
                .address = wanted(command_value(command, "address")),
        };
        int status;

        status = broker_init(&broker, command);
        if (status == EXIT_DONE)
                status = client_list_begin(&broker, &clients, &list);
        if (status != EXIT_DONE)
                return status;
        return command->json ? client_list_print_json(&list) : print_all(&list);
}
