/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl retained: what is retained. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/pager.h"
#include "admin/retained-list.h"
#include "admin/retained.h"
#include "util/macro.h"
#include "util/utf8.h"

static const TableColumn columns[] = {
        {"TOPIC", false, 1}, {"QOS", true},      {"BYTES", true},
        {"EXPIRES", true},   {"USER", false, 3}, {"CLIENT", false, 2},
};

static int add_row(Pages *pages, Table *table)
{
        RetainedRow row;
        int r = retained_list_next(pages, &row);

        if (r <= 0)
                return r;
        r = table_add(table, "%s", row.topic);
        if (r == 0)
                r = table_add(table, "%u", row.qos);
        if (r == 0)
                r = table_add(table, "%" PRIu64, row.size);
        if (r == 0 && row.expiry == 0)
                r = table_add(table, "never");
        else if (r == 0)
                r = table_add(table, "in %" PRIu64 " s", row.expiry);
        if (r == 0)
                r = table_add_texts(table, 2, (const char *const[]){row.user, row.client});
        return r < 0 ? r : 1;
}

static int list_all(const Broker *broker, const Command *command)
{
        _cleanup_(pages_done) Pages pages = {};
        const char *filter = command->argument ? command->argument : "#";
        int status = retained_list_begin(broker, filter, &pages);
        Pager pager;

        if (status != EXIT_DONE)
                return status;
        pager_begin(command, &pager);
        status = command->json ? retained_list_print_json(&pages)
                               : pages_print_table(&pages, TABLE_FOR(command, columns), add_row,
                                                   "No such message is retained.");
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
