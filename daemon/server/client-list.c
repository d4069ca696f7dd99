/* SPDX-License-Identifier: Apache-2.0 */

/* Which of the clients that are connected are like this. */

#include "server/client-list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/connection.h"
#include "util/glob.h"
#include "util/prefix.h"
#include "util/utf8.h"

/* Places of sessions that a worker looks at in a turn: some 50 µs. */
#define SLICE 256U

/* Of one worker. */
typedef struct Share {
        uint32_t at; /* the next place to look at */
        bool has_more;
        ClientFacts **rows; /* up to twice as many as are wanted */
        size_t n;
        char *bound; /* only identifiers before this one can still be wanted; NULL: all */
        char *id;    /* of who is looked at, clean */
        size_t id_size;
} Share;

typedef struct ClientList {
        char *client, *listener, *user, *after; /* "": any */
        bool is_one;
        bool has_prefix;
        Prefix prefix;
        size_t max;
        ClientFacts **merged;
        unsigned n_workers;
        Share shares[];
} ClientList;

/* --- rows in order --- */

static int compare(const void *a, const void *b)
{
        const ClientFacts *const *one = a, *const *other = b;

        return strcmp((*one)->client, (*other)->client);
}

/* Only the first ones are wanted. 0 or -ENOMEM. */
static int cut(Share *share, size_t max)
{
        char *bound;

        if (share->n <= max) /* client_list_page() sorts */
                return 0;
        qsort(share->rows, share->n, sizeof(ClientFacts *), compare);
        bound = strdup(share->rows[max - 1]->client);
        if (!bound)
                return -ENOMEM;
        free(share->bound);
        share->bound = bound;
        share->has_more = true;
        while (share->n > max)
                client_facts_free(share->rows[--share->n]);
        return 0;
}

static int keep(const ClientList *list, Share *share, const Connection *connection)
{
        int r;

        if (!share->rows)
                share->rows = calloc(2 * list->max, sizeof(ClientFacts *));
        if (!share->rows)
                return -ENOMEM;
        r = client_facts_new(connection, &share->rows[share->n]);
        if (r < 0)
                return r;
        return ++share->n == 2 * list->max ? cut(share, list->max) : 0;
}

/* --- the filter --- */

static bool is_like(const char *wanted, const char *text)
{
        return !wanted[0] || (text && strcmp(wanted, text) == 0);
}

static bool is_in_prefix(const ClientList *list, const Connection *connection)
{
        Prefix peer;

        return !list->has_prefix || (prefix_of_address(&connection->peer.any, 32, 128, &peer) &&
                                     prefix_contains(&list->prefix, &peer));
}

/* As it is shown, for that is what others know of it. 0 or -ENOMEM. */
static int take_id(Share *share, const Session *session)
{
        const Bytes id = session_client_id(session);

        if (id.length >= share->id_size) {
                const size_t size = 2 * id.length + 64;
                char *larger = realloc(share->id, size);

                if (!larger)
                        return -ENOMEM;
                share->id = larger;
                share->id_size = size;
        }
        memcpy(share->id, id.data, id.length);
        share->id[id.length] = 0;
        utf8_clean(share->id);
        return 0;
}

static bool is_on_page(const ClientList *list, Share *share)
{
        if (strcmp(share->id, list->after) <= 0)
                return false;
        return !list->client[0] || glob_matches(list->client, share->id);
}

/* 0 or -ENOMEM. */
static int look_at(const ClientList *list, Share *share, const Session *session)
{
        const Connection *connection = session_connection(session);
        int r;

        if (!connection || !is_like(list->user, connection->username) ||
            !is_like(list->listener, connection->endpoint->name) || !is_in_prefix(list, connection))
                return 0;
        r = take_id(share, session);
        if (r < 0 || !is_on_page(list, share))
                return r;
        if (share->bound && strcmp(share->id, share->bound) >= 0)
                return 0;
        return keep(list, share, connection);
}

/* --- workers --- */

static int find_one(const ClientList *list, Share *share, const Shard *shard)
{
        const Session *session = sessions_find(shard->sessions, bytes_from_string(list->client));
        const Connection *connection = session ? session_connection(session) : NULL;

        return connection ? keep(list, share, connection) : 0;
}

static int work(void *question, Shard *shard)
{
        const ClientList *list = question;
        Share *share = &((ClientList *)question)->shares[shard->index];
        const uint32_t n = sessions_n_places(shard->sessions);

        if (list->is_one)
                return find_one(list, share, shard);
        for (unsigned i = 0; i < SLICE && share->at < n; i++) {
                const Session *session = sessions_at(shard->sessions, share->at++);
                int r = session ? look_at(list, share, session) : 0;

                if (r < 0)
                        return r;
        }
        return share->at < n ? 1 : cut(share, list->max);
}

/* --- the question --- */

static void list_free(void *question)
{
        ClientList *list = question;

        for (unsigned i = 0; i < list->n_workers; i++) {
                Share *share = &list->shares[i];

                while (share->n > 0)
                        client_facts_free(share->rows[--share->n]);
                free(share->rows);
                free(share->bound);
                free(share->id);
        }
        free(list->client);
        free(list->listener);
        free(list->user);
        free(list->after);
        free(list->merged);
        free(list);
}

static int copy(const char *text, char **ret_copy)
{
        *ret_copy = strdup(text ? text : "");
        return *ret_copy ? 0 : -ENOMEM;
}

static int list_init_filter(ClientList *list, const ClientFilter *filter)
{
        int r;

        r = copy(filter->client, &list->client);
        if (r == 0)
                r = copy(filter->listener, &list->listener);
        if (r == 0)
                r = copy(filter->user, &list->user);
        if (r == 0)
                r = copy(filter->after, &list->after);
        list->has_prefix = filter->address && filter->address[0];
        if (r == 0 && list->has_prefix)
                r = prefix_parse(filter->address, &list->prefix);
        list->max = filter->max == 0 ? CLIENT_LIST_MAX : MIN(filter->max, CLIENT_LIST_MAX);
        return r;
}

static const GatherType type = {work, list_free};

static int begin(const ClientFilter *filter, bool is_one, unsigned n_workers, Gather **ret_gather)
{
        ClientList *list = calloc(1, sizeof(*list) + n_workers * sizeof(*list->shares));
        int r;

        if (!list)
                return -ENOMEM;
        list->n_workers = n_workers;
        list->is_one = is_one;
        r = list_init_filter(list, filter);
        if (r == 0)
                r = gather_new(&type, list, n_workers, ret_gather);
        if (r < 0)
                list_free(list);
        return r;
}

int client_list_new(const ClientFilter *filter, unsigned n_workers, Gather **ret_gather)
{
        return begin(filter, false, n_workers, ret_gather);
}

int client_list_new_one(const char *client, unsigned n_workers, Gather **ret_gather)
{
        return begin(&(ClientFilter){.client = client, .max = 1}, true, n_workers, ret_gather);
}

int client_list_page(Gather *gather, ClientPage *ret_page)
{
        ClientList *list = gather_question(gather);
        ClientPage page = {};
        size_t n = 0;

        for (unsigned i = 0; i < list->n_workers; i++)
                n += list->shares[i].n;
        free(list->merged);
        list->merged = calloc(n + 1, sizeof(ClientFacts *));
        if (!list->merged)
                return -ENOMEM;
        for (unsigned i = 0; i < list->n_workers; i++) {
                const Share *share = &list->shares[i];

                if (share->n > 0)
                        memcpy(list->merged + page.n, share->rows, share->n * sizeof(*share->rows));
                page.n += share->n;
                page.has_more |= share->has_more;
        }
        qsort(list->merged, page.n, sizeof(ClientFacts *), compare);
        page.has_more |= page.n > list->max;
        page.n = MIN(page.n, list->max);
        page.rows = list->merged;
        *ret_page = page;
        return 0;
}
