/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The question to all workers, which of the clients that are connected are like this: answered in
 * the order of client identifiers, page by page. Who is connected while all pages are asked for is
 * on one of them.
 *
 * Thread: control
 */
#pragma once

#include <stddef.h>

#include "server/client-facts.h"
#include "server/gather.h"

#define CLIENT_LIST_MAX 1000U

/* NULL or "": any. */
typedef struct ClientFilter {
        const char *client;   /* a pattern (glob.h) of its identifier */
        const char *listener; /* the name */
        const char *user;
        const char *address; /* of the peer, or a prefix */
        const char *after;   /* identifiers behind this one only */
        uint32_t max;        /* so many, and CLIENT_LIST_MAX at most; 0: that */
} ClientFilter;

/* The filter is copied. 0; -EINVAL: that is no address, nor a prefix; -ENOMEM or -errno. */
int client_list_new(const ClientFilter *filter, unsigned n_workers, Gather **ret_gather);
/* Only about this one, whose identifier it is. 0, -ENOMEM or -errno. */
int client_list_new_one(const char *client, unsigned n_workers, Gather **ret_gather);

/* What has come of it; borrowed from the gathering. */
typedef struct ClientPage {
        ClientFacts **rows;
        size_t n;
        bool has_more; /* behind these */
} ClientPage;

/* When all have answered, with 0. 0 or -ENOMEM. */
int client_list_page(Gather *gather, ClientPage *ret_page);
