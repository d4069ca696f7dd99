/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl listeners: where clients come in. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin/broker.h"
#include "admin/json.h"
#include "admin/listener-list.h"
#include "admin/name.h"
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

typedef struct Widths {
        unsigned name, address;
} Widths;

static void print_certificate(const ListenerRow *row, time_t now)
{
        const time_t end = (time_t)(row->not_after / USEC_PER_SEC);
        const int64_t days = ((int64_t)end - (int64_t)now) / SEC_PER_DAY;
        char date[20] = "";
        struct tm parts;

        if (row->not_after == 0)
                return;
        if (localtime_r(&end, &parts))
                strftime(date, sizeof(date), "%Y-%m-%d", &parts);
        if (end < now)
                printf("expired %s", date);
        else
                printf("until %s, %" PRIi64 " day%s", date, days, days == 1 ? "" : "s");
        fputs(": ", stdout);
        name_print(row->subject, 0);
}

static void print_row(const ListenerRow *row, const Widths *widths, time_t now)
{
        name_print(row->name, widths->name + 2);
        name_print(row->address, widths->address + 2);
        printf("%-8s  %-3s  %11" PRIu64 "  %9" PRIu64 "  %8" PRIu64 "  ", row->protocol,
               row->tls ? "yes" : "no", row->connections, row->accepted, row->refused);
        print_certificate(row, now);
        fputc('\n', stdout);
        /* Behind the first of several addresses. */
        for (size_t i = 1; i < row->n_addresses; i++) {
                printf("%*s", (int)widths->name + 2, "");
                name_print(row->addresses[i], 0);
                fputc('\n', stdout);
        }
}

static int measure(ListenerList *list, Widths *widths)
{
        ListenerRow row;
        int r;

        *widths = (Widths){4, 7};
        while ((r = listener_list_next(list, &row)) > 0) {
                widths->name = MAX(widths->name, MIN(name_width(row.name), NAME_WIDTH_MAX));
                widths->address =
                        MAX(widths->address, MIN(name_width(row.address), NAME_WIDTH_MAX));
        }
        return r < 0 ? r : listener_list_rewind(list);
}

static int print_all(ListenerList *list)
{
        const time_t now = time(NULL);
        Widths widths;
        ListenerRow row;
        int r;

        r = measure(list, &widths);
        if (r >= 0)
                printf("%-*s  %-*s  %-8s  %-3s  %11s  %9s  %8s  %s\n", (int)widths.name, "NAME",
                       (int)widths.address, "ADDRESS", "PROTOCOL", "TLS", "CONNECTIONS", "ACCEPTED",
                       "REFUSED", "CERTIFICATE");
        while (r >= 0 && (r = listener_list_next(list, &row)) > 0)
                print_row(&row, &widths, now);
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
        r = command->json ? print_all_json(&list) : print_all(&list);
        return r < 0 ? broker_failed(r) : EXIT_DONE;
}
