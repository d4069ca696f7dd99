/* SPDX-License-Identifier: Apache-2.0 */

/* Which sessions are like this. */

#include "server/session-list.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/session.h"

typedef struct Wanted {
        SessionState state;
        uint64_t queued;
} Wanted;

static int visit(const void *filter, PageShare *share, PageVisit *visit)
{
        const bool is_connected = session_is_attached(visit->session);
        const Wanted *wanted = filter;
        SessionFacts *facts;
        int r;

        if (wanted->state == (is_connected ? SESSION_AWAY : SESSION_CONNECTED) ||
            !page_wants(share, visit->id) || session_n_queued(visit->session) < wanted->queued)
                return 0;
        r = session_facts_new(visit, &facts);
        if (r == 0)
                page_add(share, facts->client, facts);
        return r;
}

static const PageType type = {visit, free};

static int begin(const SessionFilter *filter, const PageQuery *query, unsigned n_workers,
                 Gather **ret_gather)
{
        Wanted *wanted = calloc(1, sizeof(*wanted));
        int r;

        if (!wanted)
                return -ENOMEM;
        *wanted = (Wanted){filter->state, filter->queued};
        r = session_pages_new(&type, wanted, query, n_workers, ret_gather);
        if (r < 0)
                free(wanted);
        return r;
}

int session_list_new(const SessionFilter *filter, unsigned n_workers, Gather **ret_gather)
{
        const PageQuery query = {
                .client = filter->client,
                .after = filter->after,
                .max = filter->max,
        };

        return begin(filter, &query, n_workers, ret_gather);
}

int session_list_new_one(const char *client, unsigned n_workers, Gather **ret_gather)
{
        return begin(&(SessionFilter){}, &(PageQuery){.one = client, .max = 1}, n_workers,
                     ret_gather);
}
