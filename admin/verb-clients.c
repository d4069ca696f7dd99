/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl clients: who is connected. */
#include <inttypes.h>
#include <stdio.h>

#include "admin/client-list.h"
#include "admin/json.h"
#include "admin/name.h"
#include "util/macro.h"

static const char *wanted(const char *value)
{
        return value ? value : "";
}

/* --- for programs --- */

static void print_json(const ClientRow *row)
{
        const struct {
                const char *name, *value;
        } texts[] = {
                {"client", row->client},     {"user", row->user},         {"address", row->address},
                {"listener", row->listener}, {"protocol", row->protocol},
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                printf("%s\"%s\":", i > 0 ? "," : "{", texts[i].name);
                json_write_string(stdout, texts[i].value);
        }
        printf(",\"subscriptions\":%" PRIu64 ",\"inflight\":%" PRIu64 ",\"queued\":%" PRIu64
               ",\"queued_bytes\":%" PRIu64 "}",
               row->subscriptions, row->inflight, row->queued, row->queued_bytes);
}

static int print_all_json(ClientList *list)
{
        const char *before = "[";
        ClientRow row;
        int r, status;

        do {
                while ((r = client_list_next(list, &row)) > 0) {
                        fputs(before, stdout);
                        print_json(&row);
                        before = ",\n";
                }
                status = r < 0 ? broker_failed(r) : client_list_turn(list);
        } while (status == EXIT_DONE);
        if (status > EXIT_DONE)
                return status;
        puts(before[0] == '[' ? "[]" : "]");
        return EXIT_DONE;
}

/* --- for people --- */

typedef struct Widths {
        unsigned client, user, address, listener;
} Widths;

static void widen(unsigned *width, const char *text)
{
        *width = MAX(*width, MIN(name_width(text), NAME_WIDTH_MAX));
}

/* Those of the first page have to do for all. */
static int measure(ClientList *list, Widths *widths)
{
        ClientRow row;
        int r;

        *widths = (Widths){6, 4, 7, 8};
        while ((r = client_list_next(list, &row)) > 0) {
                widen(&widths->client, row.client);
                widen(&widths->user, row.user);
                widen(&widths->address, row.address);
                widen(&widths->listener, row.listener);
        }
        return r < 0 ? r : client_list_rewind(list);
}

static void print_row(const ClientRow *row, const Widths *widths)
{
        name_print(row->client, widths->client + 2);
        name_print(row->user, widths->user + 2);
        name_print(row->address, widths->address + 2);
        name_print(row->listener, widths->listener + 2);
        printf("%-5s  %13" PRIu64 "  %6" PRIu64 "\n", row->protocol, row->subscriptions,
               row->queued);
}

static void print_head(const Widths *widths)
{
        printf("%-*s  %-*s  %-*s  %-*s  %-5s  %13s  %6s\n", (int)widths->client, "CLIENT",
               (int)widths->user, "USER", (int)widths->address, "ADDRESS", (int)widths->listener,
               "LISTENER", "MQTT", "SUBSCRIPTIONS", "QUEUED");
}

static int print_all(ClientList *list)
{
        Widths widths;
        ClientRow row;
        size_t n = 0;
        int r, status;

        r = measure(list, &widths);
        if (r < 0)
                return broker_failed(r);
        do {
                while ((r = client_list_next(list, &row)) > 0) {
                        if (n++ == 0)
                                print_head(&widths);
                        print_row(&row, &widths);
                }
                status = r < 0 ? broker_failed(r) : client_list_turn(list);
        } while (status == EXIT_DONE);
        if (status > EXIT_DONE)
                return status;
        if (n == 0)
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
        return command->json ? print_all_json(&list) : print_all(&list);
}
