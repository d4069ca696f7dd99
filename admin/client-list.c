/* SPDX-License-Identifier: Apache-2.0 */

/* The clients that the broker lists. */

#include "admin/client-list.h"

#include "util/macro.h"

#define ROW_TYPE "(ssssstttt)"

static int enter(sd_bus_message *page)
{
        return MIN(sd_bus_message_enter_container(page, 'a', ROW_TYPE), 0);
}

/* after is read before the page that it may stand in goes. */
static int ask(ClientList *list, const char *after)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *page = NULL;
        const ClientsWanted *wanted = &list->wanted;
        int r, status;

        r = broker_new_call(list->broker, BROKER_MANAGER, "ListClients", &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "sssssu", wanted->client, wanted->listener,
                                          wanted->user, wanted->address, after, (uint32_t)0);
        if (r < 0)
                return broker_failed(r);
        status = broker_call(list->broker, call, 0, &page);
        if (status != EXIT_DONE)
                return status;
        r = enter(page);
        if (r < 0)
                return broker_failed(r);
        sd_bus_message_unref(list->page);
        list->page = TAKE_PTR(page);
        return EXIT_DONE;
}

int client_list_begin(const Broker *broker, const ClientsWanted *wanted, ClientList *ret_list)
{
        *ret_list = (ClientList){.broker = broker, .wanted = *wanted};
        return ask(ret_list, "");
}

void client_list_done(ClientList *list)
{
        list->page = sd_bus_message_unref(list->page);
}

int client_list_next(ClientList *list, ClientRow *ret_row)
{
        return sd_bus_message_read(list->page, ROW_TYPE, &ret_row->client, &ret_row->user,
                                   &ret_row->address, &ret_row->listener, &ret_row->protocol,
                                   &ret_row->subscriptions, &ret_row->inflight, &ret_row->queued,
                                   &ret_row->queued_bytes);
}

int client_list_rewind(ClientList *list)
{
        int r = sd_bus_message_rewind(list->page, true);

        return r < 0 ? r : enter(list->page);
}

int client_list_turn(ClientList *list)
{
        const char *next;
        int r;

        r = sd_bus_message_exit_container(list->page);
        if (r >= 0)
                r = sd_bus_message_read(list->page, "s", &next);
        if (r < 0)
                return broker_failed(r);
        return next[0] ? ask(list, next) : -1;
}
