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

static int add_row(Pages *pages, Table *table)
{
        const uint64_t now = (uint64_t)time(NULL) * USEC_PER_SEC;
        char ends[BAN_TIME_MAX + 4];
        SessionRow row;
        int r = session_list_next(pages, &row);

        if (r <= 0)
                return r;
        r = table_add(table, "%s", row.client);
        if (r == 0)
                r = table_add(table, "%s", row.connected ? "connected" : "away");
        for (size_t i = 0; r == 0 && i < 4; i++)
                r = table_add(table, "%" PRIu64,
                              ((const uint64_t[]){row.subscriptions, row.inflight, row.queued,
                                                  row.queued_bytes})[i]);
        if (r == 0)
                r = table_add(table, "%s", ends_in(&row, now, ends, sizeof(ends)));
        return r < 0 ? r : 1;
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
        if (command->json)
                return session_list_print_json(&pages);
        return pages_print_table(&pages, TABLE_FOR(command, columns), add_row,
                                 "There is no such session.");
}
