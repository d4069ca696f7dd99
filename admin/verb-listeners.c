/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl listeners: where clients come in. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin/broker.h"
#include "admin/json.h"
#include "admin/listener-list.h"
#include "admin/table.h"
#include "util/macro.h"

#define USEC_PER_SEC UINT64_C(1000000)
#define SEC_PER_DAY  INT64_C(86400)

/* --- for programs --- */

static int print_all_json(ListenerList *list)
{
        const char *before = "[";
        int r;

        while ((r = listener_list_enter(list)) > 0) {
                fputs(before, stdout);
                before = ",\n";
                r = json_write_value(stdout, list->reply);
                if (r >= 0)
                        r = listener_list_leave(list);
                if (r < 0)
                        return r;
        }
        if (r == 0)
                puts(before[0] == '[' ? "[]" : "]");
        return r;
}

/* --- for people --- */

static const TableColumn columns[] = {
        {"NAME", false, 1},
        {"ADDRESS", false, 2},
        {"STATE"},
        {"PROTOCOL"},
        {"TLS"},
        {"CONNECTIONS", true},
        {"ACCEPTED", true},
        {"REFUSED", true},
        {"CERTIFICATE", false, 3},
};

static int add_certificate(Table *table, const ListenerRow *row, time_t now)
{
        const time_t end = (time_t)(row->not_after / USEC_PER_SEC);
        const int64_t days = ((int64_t)end - (int64_t)now) / SEC_PER_DAY;
        char date[20] = "";
        struct tm parts;

        if (row->not_after == 0)
                return table_add(table, "%s", "");
        if (localtime_r(&end, &parts))
                strftime(date, sizeof(date), "%Y-%m-%d", &parts);
        if (end < now)
                return table_add(table, "expired %s: %s", date, row->subject);
        return table_add(table, "until %s, %" PRIi64 " day%s: %s", date, days, days == 1 ? "" : "s",
                         row->subject);
}

static int add_row(Table *table, const ListenerRow *row, time_t now)
{
        const char *const texts[] = {row->name, row->address, row->paused ? "paused" : "open",
                                     row->protocol, row->tls ? "yes" : "no"};
        const uint64_t numbers[] = {row->connections, row->accepted, row->refused};
        int r = table_add_texts(table, ARRAY_SIZE(texts), texts);

        for (size_t i = 0; i < ARRAY_SIZE(numbers) && r == 0; i++)
                r = table_add(table, "%" PRIu64, numbers[i]);
        if (r == 0)
                r = add_certificate(table, row, now);
        /* Behind the first of several addresses. */
        for (size_t i = 1; i < row->n_addresses && r == 0; i++) {
                const char *const more[ARRAY_SIZE(columns)] = {
                        "", row->addresses[i], "", "", "", "", "", "", ""};

                r = table_add_texts(table, ARRAY_SIZE(more), more);
        }
        return r;
}

static int print_all(const Command *command, ListenerList *list)
{
        _cleanup_(table_done) Table table = TABLE_FOR(command, columns);
        const time_t now = time(NULL);
        ListenerRow row;
        int r;

        while ((r = listener_list_next(list, &row)) > 0) {
                r = add_row(&table, &row, now);
                if (r < 0)
                        break;
        }
        table_print(&table);
        return r;
}

int verb_listeners(const Command *command)
{
        _cleanup_(listener_list_done) ListenerList list = {};
        _cleanup_(broker_done) Broker broker = {};
        int r, status;

        status = broker_init(&broker, command);
        if (status == EXIT_DONE)
                status = listener_list_ask(&broker, &list);
        if (status != EXIT_DONE)
                return status;
        r = command->json ? print_all_json(&list) : print_all(command, &list);
        return r < 0 ? broker_failed(r) : EXIT_DONE;
}
