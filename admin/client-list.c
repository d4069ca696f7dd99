/* SPDX-License-Identifier: Apache-2.0 */

/* The clients that the broker lists. */

#include "admin/client-list.h"

#include "util/macro.h"

#define ROW_TYPE "(ssssstttttttt)"

static int append(sd_bus_message *call, const void *data)
{
        const ClientsWanted *wanted = data;

        return sd_bus_message_append(call, "ssss", wanted->client, wanted->listener, wanted->user,
                                     wanted->address);
}

int client_list_begin(const Broker *broker, const ClientsWanted *wanted, ClientList *ret_list)
{
        *ret_list = (ClientList){.wanted = *wanted};
        ret_list->pages = (Pages){
                .broker = broker,
                .method = "ListClients",
                .row = ROW_TYPE,
                .append = append,
                .wanted = &ret_list->wanted,
        };
        return pages_begin(&ret_list->pages);
}

void client_list_done(ClientList *list)
{
        pages_done(&list->pages);
}

int client_list_next(ClientList *list, ClientRow *ret_row)
{
        return sd_bus_message_read(
                list->pages.page, ROW_TYPE, &ret_row->client, &ret_row->user, &ret_row->address,
                &ret_row->listener, &ret_row->protocol, &ret_row->subscriptions, &ret_row->inflight,
                &ret_row->queued, &ret_row->queued_bytes, &ret_row->messages_received,
                &ret_row->messages_sent, &ret_row->bytes_received, &ret_row->bytes_sent);
}

int client_list_turn(ClientList *list)
{
        return pages_turn(&list->pages, 0);
}

int client_list_print_json(ClientList *list)
{
        static const char *const names[] = {
                "client",        "user",           "address",   "listener",     "protocol",
                "subscriptions", "inflight",       "queued",    "queued_bytes", "messages_received",
                "messages_sent", "bytes_received", "bytes_sent"};

        return pages_print_json(&list->pages, names);
}
