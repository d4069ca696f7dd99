/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The question to all workers, which of the clients that are connected are like this: rows of
 * session-pages.h, whose key is the client identifier.
 *
 * Thread: control
 */
#pragma once

#include "server/client-facts.h"
#include "server/session-pages.h"

/* NULL or "": any. */
typedef struct ClientFilter {
        const char *client;   /* a pattern (glob.h) of its identifier */
        const char *listener; /* the name */
        const char *user;
        const char *address; /* of the peer, or a prefix */
        const char *after;   /* as of a PageQuery */
        uint32_t max;
} ClientFilter;

/* The filter is copied; rows are ClientFacts. 0; -EINVAL: that is no address, nor a prefix; -ENOMEM
 * or -errno. */
int client_list_new(const ClientFilter *filter, unsigned n_workers, Gather **ret_gather);
/* Only about this one, whose identifier it is. 0, -ENOMEM or -errno. */
int client_list_new_one(const char *client, unsigned n_workers, Gather **ret_gather);
