/* SPDX-License-Identifier: Apache-2.0 */

/* The sessions that the broker lists. */

#include "admin/session-list.h"

#include <stdio.h>

#include "admin/near.h"
#include "util/macro.h"

#define ROW_TYPE "(sbtttttt)"

static int append(sd_bus_message *call, const void *data)
{
        const SessionsWanted *wanted = data;

        return sd_bus_message_append(call, "sst", wanted->client, wanted->state, wanted->queued);
}

int session_list_begin(const Broker *broker, const SessionsWanted *wanted, Pages *ret_pages)
{
        *ret_pages = (Pages){
                .broker = broker,
                .method = "ListSessions",
                .row = ROW_TYPE,
                .append = append,
                .wanted = wanted,
        };
        return pages_begin(ret_pages);
}

int session_list_next(Pages *pages, SessionRow *ret_row)
{
        return sd_bus_message_read(pages->page, ROW_TYPE, &ret_row->client, &ret_row->connected,
                                   &ret_row->subscriptions, &ret_row->inflight, &ret_row->queued,
                                   &ret_row->queued_bytes, &ret_row->expiry, &ret_row->ends);
}

int session_list_print_json(Pages *pages)
{
        static const char *const names[] = {"client", "connected",    "subscriptions", "inflight",
                                            "queued", "queued_bytes", "expiry",        "ends"};

        return pages_print_json(pages, names);
}

void session_near_print(const Broker *broker, const char *verb, const char *wanted)
{
        _cleanup_(pages_done) Pages pages = {};
        const SessionsWanted all = {"", "", 0};
        Near near = {.verb = verb, .wanted = wanted};
        SessionRow row;
        int r;

        if (session_list_begin(broker, &all, &pages) != EXIT_DONE)
                return;
        do {
                while ((r = session_list_next(&pages, &row)) > 0 && near_look_at(&near, row.client))
                        ;
        } while (!near_is_full(&near) && pages_turn(&pages, r) == EXIT_DONE);
        if (near.n == 0)
                fputs("'hawkerctl sessions' lists who has one.\n", stderr);
}
