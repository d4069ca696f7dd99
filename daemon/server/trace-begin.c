/* SPDX-License-Identifier: Apache-2.0 */

/* A trace of a client that may be connected already. */

#include "server/trace-begin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/client-trace.h"
#include "server/gather.h"

typedef struct Beginning {
        char *client;
        int reader;
} Beginning;

static int work(void *question, Shard *shard)
{
        const Beginning *beginning = question;
        const Bytes client = bytes_from_string(beginning->client);
        Session *session = sessions_find(shard->sessions, client);
        Connection *connection = session ? session_connection(session) : NULL;

        return connection ? client_trace_attach(connection, client) : 0;
}

static void beginning_free(void *question)
{
        Beginning *beginning = question;

        if (beginning->reader >= 0)
                close(beginning->reader);
        free(beginning->client);
        free(beginning);
}

static const GatherType type = {work, beginning_free};

int trace_begin_new(const char *client, int reader, unsigned n_workers, Gather **ret_gather)
{
        Beginning *beginning = calloc(1, sizeof(*beginning));
        int r = -ENOMEM;

        if (!beginning)
                return -ENOMEM;
        beginning->reader = -1;
        beginning->client = strdup(client);
        if (beginning->client)
                r = gather_new(&type, beginning, n_workers, ret_gather);
        if (r < 0)
                beginning_free(beginning);
        else
                beginning->reader = reader;
        return r;
}

int trace_begin_reader(Gather *gather)
{
        const Beginning *beginning = gather_question(gather);

        return beginning->reader;
}
