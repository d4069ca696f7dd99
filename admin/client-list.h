/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The clients that the broker lists, row by row, over all pages.
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>

#include "admin/pages.h"

/* Strings are those of the page. */
typedef struct ClientRow {
        const char *client, *user, *address, *listener, *protocol;
        uint64_t subscriptions, inflight, queued, queued_bytes;
        uint64_t messages_received, messages_sent, bytes_received, bytes_sent;
} ClientRow;

/* "": any. */
typedef struct ClientsWanted {
        const char *client, *listener, *user, *address;
} ClientsWanted;

typedef struct ClientList {
        Pages pages;
        ClientsWanted wanted;
} ClientList;

/* Asks for the first page. EXIT_DONE, or another status, which stderr explains. */
int client_list_begin(const Broker *broker, const ClientsWanted *wanted, ClientList *ret_list);
void client_list_done(ClientList *list);

/* 1, 0: that was the last of this page, or -errno. */
int client_list_next(ClientList *list, ClientRow *ret_row);

/* Behind the last row of a page: asks for the next one. EXIT_DONE; -1: there is none; or another
 * status, which stderr explains. */
int client_list_turn(ClientList *list);

/* All of them as a JSON array. EXIT_DONE, or another status. */
int client_list_print_json(ClientList *list);
