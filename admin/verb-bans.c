/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl bans: who is banned. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin/ban-list.h"
#include "admin/ban-time.h"
#include "admin/broker.h"
#include "admin/json.h"
#include "admin/table.h"
#include "util/macro.h"

#define USEC_PER_SEC UINT64_C(1000000)

static void print_json(const BanRow *row)
{
        const struct {
                const char *name, *value;
        } fields[] = {
                {"kind", row->of.kind},
                {"subject", row->of.name},
                {"reason", row->reason},
                {"file", row->file},
        };

        for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
                printf("%s\"%s\":", i > 0 ? "," : "{", fields[i].name);
                json_write_string(stdout, fields[i].value);
        }
        printf(",\"until\":%" PRIu64 "}", row->until);
}

static int print_all_json(sd_bus_message *reply)
{
        BanRow row;
        size_t n = 0;
        int r;

        fputc('[', stdout);
        while ((r = ban_list_next(reply, &row)) > 0) {
                if (n++ > 0)
                        fputc(',', stdout);
                print_json(&row);
        }
        puts("]");
        return r;
}

/* --- for people --- */

static const TableColumn columns[] = {
        {"KIND"}, {"WHOM", false, 1}, {"LEFT"}, {"UNTIL", false, 3}, {"REASON", false, 2}};

static int add_row(Table *table, const BanRow *row, uint64_t now)
{
        char left[BAN_TIME_MAX], date[BAN_DATE_MAX];
        int r;

        r = table_add(table, "%s", row->of.kind);
        if (r == 0)
                r = table_add(table, "%s", row->of.name);
        if (r == 0)
                r = table_add(table, "%s",
                              ban_time_format_left(row->until, now, left, sizeof(left)));
        if (r == 0)
                r = table_add(table, "%s", ban_time_format_date(row->until, date, sizeof(date)));
        return r < 0 ? r
                     : table_add(table, "%s%s%s%s", row->reason, row->file[0] ? " (" : "",
                                 row->file, row->file[0] ? ")" : "");
}

static int print_all(const Command *command, sd_bus_message *reply)
{
        _cleanup_(table_done) Table table = TABLE_FOR(command, columns);
        struct timespec clock;
        uint64_t now;
        BanRow row;
        int r;

        clock_gettime(CLOCK_REALTIME, &clock);
        now = (uint64_t)clock.tv_sec * USEC_PER_SEC;
        while ((r = ban_list_next(reply, &row)) > 0) {
                r = add_row(&table, &row, now);
                if (r < 0)
                        break;
        }
        if (r == 0 && table.n == 0)
                puts("Nobody is banned.");
        table_print(&table);
        return r;
}

int verb_bans(const Command *command)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(broker_done) Broker broker = {};
        int r, status;

        status = broker_init(&broker, command);
        if (status == EXIT_DONE)
                status = ban_list_ask(&broker, &reply);
        if (status != EXIT_DONE)
                return status;
        r = command->json ? print_all_json(reply) : print_all(command, reply);
        return r < 0 ? broker_failed(r) : EXIT_DONE;
}
