/* SPDX-License-Identifier: Apache-2.0 */

/* Which of the clients that are connected are like this. */

#include "server/client-list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/connection.h"
#include "util/prefix.h"

/* Of a client beside its identifier. */
typedef struct Wanted {
        char *listener, *user; /* "": any */
        bool has_prefix;
        Prefix prefix;
} Wanted;

static bool is_like(const char *wanted, const char *text)
{
        return !wanted[0] || (text && strcmp(wanted, text) == 0);
}

static bool is_in_prefix(const Wanted *wanted, const Connection *connection)
{
        Prefix peer;

        return !wanted->has_prefix || (prefix_of_address(&connection->peer.any, 32, 128, &peer) &&
                                       prefix_contains(&wanted->prefix, &peer));
}

static int visit(const void *filter, PageShare *share, PageVisit *visit)
{
        const Connection *connection = session_connection(visit->session);
        const Wanted *wanted = filter;
        ClientFacts *facts;
        int r;

        if (!connection || !page_wants(share, visit->id) ||
            !is_like(wanted->user, connection->username) ||
            !is_like(wanted->listener, connection->endpoint->name) ||
            !is_in_prefix(wanted, connection))
                return 0;
        r = client_facts_new(connection, &facts);
        if (r == 0)
                page_add(share, facts->client, facts);
        return r;
}

static void wanted_free(void *filter)
{
        Wanted *wanted = filter;

        free(wanted->listener);
        free(wanted->user);
        free(wanted);
}

static const PageType type = {visit, wanted_free};

static int wanted_new(const ClientFilter *filter, Wanted **ret_wanted)
{
        Wanted *wanted = calloc(1, sizeof(*wanted));
        int r = 0;

        if (!wanted)
                return -ENOMEM;
        wanted->listener = strdup(filter->listener ? filter->listener : "");
        wanted->user = strdup(filter->user ? filter->user : "");
        wanted->has_prefix = filter->address && filter->address[0];
        if (!wanted->listener || !wanted->user)
                r = -ENOMEM;
        if (r == 0 && wanted->has_prefix)
                r = prefix_parse(filter->address, &wanted->prefix);
        if (r < 0)
                wanted_free(wanted);
        else
                *ret_wanted = wanted;
        return r;
}

static int begin(const ClientFilter *filter, const PageQuery *query, unsigned n_workers,
                 Gather **ret_gather)
{
        Wanted *wanted;
        int r;

        r = wanted_new(filter, &wanted);
        if (r < 0)
                return r;
        r = session_pages_new(&type, wanted, query, n_workers, ret_gather);
        if (r < 0)
                wanted_free(wanted);
        return r;
}

int client_list_new(const ClientFilter *filter, unsigned n_workers, Gather **ret_gather)
{
        const PageQuery query = {
                .client = filter->client,
                .after = filter->after,
                .max = filter->max,
        };

        return begin(filter, &query, n_workers, ret_gather);
}

int client_list_new_one(const char *client, unsigned n_workers, Gather **ret_gather)
{
        return begin(&(ClientFilter){}, &(PageQuery){.one = client, .max = 1}, n_workers,
                     ret_gather);
}
