/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl bans: who is banned. */
#include <time.h>

#include "admin/ban-list.h"
#include "admin/ban-time.h"
#include "admin/broker.h"
#include "admin/table.h"
#include "util/macro.h"

#define USEC_PER_SEC UINT64_C(1000000)

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

static int add_next(Pages *pages, Table *table)
{
        struct timespec clock;
        BanRow row;
        int r = ban_list_next(pages, &row);

        if (r <= 0)
                return r;
        clock_gettime(CLOCK_REALTIME, &clock);
        r = add_row(table, &row, (uint64_t)clock.tv_sec * USEC_PER_SEC);
        return r < 0 ? r : 1;
}

int verb_bans(const Command *command)
{
        static const char *const names[] = {"kind", "subject", "until", "reason", "file"};
        _cleanup_(broker_done) Broker broker = {};
        _cleanup_(pages_done) Pages pages = {};
        int status;

        status = broker_init(&broker, command);
        if (status == EXIT_DONE)
                status = ban_list_begin(&broker, &pages);
        if (status != EXIT_DONE)
                return status;
        if (command->json)
                return pages_print_json(&pages, names);
        return pages_print_table(&pages, TABLE_FOR(command, columns), add_next,
                                 "Nobody is banned.");
}
