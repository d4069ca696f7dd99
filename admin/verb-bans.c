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
#include "admin/name.h"
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

static void print_row(const BanRow *row, unsigned width, uint64_t now)
{
        char left[BAN_TIME_MAX], date[BAN_DATE_MAX];

        printf("%-7s  ", row->of.kind);
        name_print(row->of.name, width);
        printf("  %-8s  %-24s  %s%s%s%s\n",
               ban_time_format_left(row->until, now, left, sizeof(left)),
               ban_time_format_date(row->until, date, sizeof(date)), row->reason,
               row->file[0] ? " (" : "", row->file, row->file[0] ? ")" : "");
}

static int print_all(sd_bus_message *reply)
{
        struct timespec clock;
        unsigned width = 4;
        uint64_t now;
        BanRow row;
        size_t n = 0;
        int r;

        clock_gettime(CLOCK_REALTIME, &clock);
        now = (uint64_t)clock.tv_sec * USEC_PER_SEC;
        while ((r = ban_list_next(reply, &row)) > 0) {
                width = MAX(width, MIN(name_width(row.of.name), NAME_WIDTH_MAX));
                n++;
        }
        if (r == 0)
                r = ban_list_rewind(reply);
        if (n == 0 && r == 0)
                puts("Nobody is banned.");
        else if (r == 0)
                printf("%-7s  %-*s  %-8s  %-24s  %s\n", "KIND", (int)width, "WHOM", "LEFT", "UNTIL",
                       "REASON");
        while (r >= 0 && (r = ban_list_next(reply, &row)) > 0)
                print_row(&row, width, now);
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
        r = command->json ? print_all_json(reply) : print_all(reply);
        return r < 0 ? broker_failed(r) : EXIT_DONE;
}
