/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl sessions: what the broker keeps for clients, connected or not. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "admin/ban-time.h"
#include "admin/session-list.h"
#include "admin/table.h"
#include "util/macro.h"

#define USEC_PER_SEC UINT64_C(1000000)

/* As the broker has it for a session that does not expire. */
#define NEVER UINT32_MAX

static const TableColumn columns[] = {
        {"CLIENT", false, 1},
        {"STATE"},
        {"SUBSCRIPTIONS", true},
        {"IN FLIGHT", true},
        {"QUEUED", true},
        {"BYTES", true},
        {"ENDS"},
};

/* In how long, for one that is away. */
static const char *ends_in(const SessionRow *row, uint64_t now, char *buffer, size_t size)
{
        char left[BAN_TIME_MAX];

        if (row->connected || (row->ends == 0 && row->expiry != NEVER))
                return "";
        if (row->ends == 0)
                return "never";
        snprintf(buffer, size, "in %s", ban_time_format_left(row->ends, now, left, sizeof(left)));
        return buffer;
}

static int add_row(Table *table, const SessionRow *row, uint64_t now)
{
        const uint64_t numbers[] = {row->subscriptions, row->inflight, row->queued,
                                    row->queued_bytes};
        char ends[BAN_TIME_MAX + 4];
        int r;

        r = table_add(table, "%s", row->client);
        if (r == 0)
                r = table_add(table, "%s", row->connected ? "connected" : "away");
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(numbers); i++)
                r = table_add(table, "%" PRIu64, numbers[i]);
        return r < 0 ? r : table_add(table, "%s", ends_in(row, now, ends, sizeof(ends)));
}

static int print_all(Pages *pages)
{
        _cleanup_(table_done) Table table = TABLE_FOR(pages->broker->command, columns);
        const uint64_t now = (uint64_t)time(NULL) * USEC_PER_SEC;
        SessionRow row;
        int r, status;

        do {
                while ((r = session_list_next(pages, &row)) > 0) {
                        r = add_row(&table, &row, now);
                        if (r < 0)
                                break;
                }
                table_print(&table);
                status = pages_turn(pages, r);
        } while (status == EXIT_DONE);
        if (status > EXIT_DONE)
                return status;
        if (!table.has_head)
                puts("There is no such session.");
        return EXIT_DONE;
}

/* -1: go on. */
static int parse(const Command *command, SessionsWanted *wanted)
{
        const bool is_away = command_has(command, "away");
        const char *queued = command_value(command, "queued");
        char *end;

        wanted->client = command->argument ? command->argument : "";
        wanted->state = is_away ? "away" : "";
        if (command_has(command, "connected")) {
                if (is_away)
                        return command_usage(command, "none is connected and away at a time");
                wanted->state = "connected";
        }
        wanted->queued = 0;
        if (!queued)
                return -1;
        errno = 0;
        wanted->queued = strtoull(queued, &end, 10);
        if (errno != 0 || end == queued || *end || queued[0] == '-')
                return command_usage(command, "--queued is a number of messages");
        return -1;
}

int verb_sessions(const Command *command)
{
        _cleanup_(broker_done) Broker broker = {};
        _cleanup_(pages_done) Pages pages = {};
        SessionsWanted wanted;
        int status = parse(command, &wanted);

        if (status >= 0)
                return status;
        status = broker_init(&broker, command);
        if (status == EXIT_DONE)
                status = session_list_begin(&broker, &wanted, &pages);
        if (status != EXIT_DONE)
                return status;
        return command->json ? session_list_print_json(&pages) : print_all(&pages);
}
