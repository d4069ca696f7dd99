/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl retained: what is retained. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/json.h"
#include "admin/name.h"
#include "admin/pager.h"
#include "admin/retained-list.h"
#include "admin/retained.h"
#include "util/macro.h"
#include "util/utf8.h"

/* --- for programs --- */

static void print_json(const RetainedRow *row)
{
        fputs("{\"topic\":", stdout);
        json_write_string(stdout, row->topic);
        printf(",\"qos\":%u,\"size\":%" PRIu64 ",\"expiry\":%" PRIu64 ",\"user\":", row->qos,
               row->size, row->expiry);
        json_write_string(stdout, row->user);
        fputs(",\"client\":", stdout);
        json_write_string(stdout, row->client);
        putchar('}');
}

static int print_all_json(RetainedList *list)
{
        const char *before = "[";
        RetainedRow row;
        int r, status;

        do {
                while ((r = retained_list_next(list, &row)) > 0) {
                        fputs(before, stdout);
                        print_json(&row);
                        before = ",\n";
                }
                status = r < 0 ? broker_failed(r) : retained_list_turn(list);
        } while (status == EXIT_DONE);
        if (status > EXIT_DONE)
                return status;
        puts(before[0] == '[' ? "[]" : "]");
        return EXIT_DONE;
}

/* --- for people --- */

typedef struct Widths {
        unsigned topic, user;
} Widths;

static void widen(unsigned *width, const char *text)
{
        *width = MAX(*width, MIN(name_width(text), NAME_WIDTH_MAX));
}

/* Those of the first page have to do for all. */
static int measure(RetainedList *list, Widths *widths)
{
        RetainedRow row;
        int r;

        *widths = (Widths){5, 4};
        while ((r = retained_list_next(list, &row)) > 0) {
                widen(&widths->topic, row.topic);
                widen(&widths->user, row.user);
        }
        return r < 0 ? r : retained_list_rewind(list);
}

static void print_row(const RetainedRow *row, const Widths *widths)
{
        name_print(row->topic, widths->topic + 2);
        printf("%3u  %10" PRIu64 "  ", row->qos, row->size);
        if (row->expiry > 0)
                printf("%11" PRIu64 "  ", row->expiry);
        else
                printf("%11s  ", "never");
        name_print(row->user, widths->user + 2);
        name_print(row->client, 0);
        putchar('\n');
}

static int print_all(RetainedList *list)
{
        Widths widths;
        RetainedRow row;
        size_t n = 0;
        int r, status;

        r = measure(list, &widths);
        if (r < 0)
                return broker_failed(r);
        do {
                while ((r = retained_list_next(list, &row)) > 0) {
                        if (n++ == 0)
                                printf("%-*s  QOS       BYTES  EXPIRES (S)  %-*s  CLIENT\n",
                                       (int)widths.topic, "TOPIC", (int)widths.user, "USER");
                        print_row(&row, &widths);
                }
                status = r < 0 ? broker_failed(r) : retained_list_turn(list);
        } while (status == EXIT_DONE);
        if (status > EXIT_DONE)
                return status;
        if (n == 0)
                puts("No such message is retained.");
        return EXIT_DONE;
}

static int list_all(const Broker *broker, const Command *command)
{
        _cleanup_(retained_list_done) RetainedList list = {};
        const char *filter = command->argument ? command->argument : "#";
        int status = retained_list_begin(broker, filter, &list);
        Pager pager;

        if (status != EXIT_DONE)
                return status;
        pager_begin(command, &pager);
        status = command->json ? print_all_json(&list) : print_all(&list);
        if (pager_end(&pager) < 0 && status == EXIT_DONE)
                status = EXIT_FAILED;
        return status;
}

/* EXIT_DONE, or another status, which stderr explains. */
static int check(const Command *command)
{
        const char *topic = command->argument;

        if (command_has(command, "clear") && command_has(command, "show"))
                return command_usage(command, "--show or --clear");
        if (command_has(command, "show") && !topic)
                return command_usage(command, "which one? A topic");
        if (command_has(command, "clear") && !topic)
                return command_usage(command, "which ones? A filter; '#' is all of them");
        if (topic && !utf8_is_valid((const uint8_t *)topic, strlen(topic)))
                return command_usage(command, "that is no UTF-8");
        return EXIT_DONE;
}

int verb_retained(const Command *command)
{
        _cleanup_(broker_done) Broker broker = {};
        int status;

        status = check(command);
        if (status == EXIT_DONE)
                status = broker_init(&broker, command);
        if (status != EXIT_DONE)
                return status;
        if (command_has(command, "clear"))
                return retained_clear(&broker, command->argument, command_has(command, "yes"));
        if (command_has(command, "show"))
                return retained_show(&broker, command->argument, command->json);
        return list_all(&broker, command);
}
