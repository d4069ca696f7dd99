/* SPDX-License-Identifier: Apache-2.0 */

/* A question about all sessions, page by page. */

#include "server/session-pages.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "server/shard.h"
#include "util/glob.h"
#include "util/utf8.h"

/* Places of sessions that a worker looks at in a turn: some 50 µs. */
#define SLICE 256U

typedef struct SessionPages SessionPages;

/* Of one worker. */
struct PageShare {
        const SessionPages *pages;
        uint32_t at;       /* the next place to look at */
        uint32_t left;     /* of this slice */
        SessionId visited; /* whose visit it is */
        PageVisit visit;
        bool has_one, has_more;
        PageRow *rows; /* up to twice as many as are wanted */
        size_t n;
        char *bound; /* only keys before this one can still be wanted; NULL: all */
        char *id;    /* of who is looked at, clean */
        size_t id_size;
};

struct SessionPages {
        const PageType *type;
        void *filter;
        char *client, *after; /* "": any */
        char *one;
        bool is_one;
        size_t max;
        PageRow *merged;
        unsigned n_workers;
        PageShare shares[];
};

/* --- rows in order --- */

static int compare(const void *a, const void *b)
{
        const PageRow *one = a, *other = b;

        return strcmp(one->key, other->key);
}

/* Only the first ones are wanted. 0 or -ENOMEM. */
static int cut(PageShare *share, size_t max)
{
        char *bound;

        if (share->n <= max) /* session_pages_result() sorts */
                return 0;
        qsort(share->rows, share->n, sizeof(PageRow), compare);
        bound = strdup(share->rows[max - 1].key);
        if (!bound)
                return -ENOMEM;
        free(share->bound);
        share->bound = bound;
        share->has_more = true;
        while (share->n > max)
                free(share->rows[--share->n].row);
        return 0;
}

int page_add(PageShare *share, const char *key, void *row)
{
        const size_t max = share->pages->max;

        if (!share->rows)
                share->rows = calloc(2 * max, sizeof(PageRow));
        if (!share->rows) {
                free(row);
                return -ENOMEM;
        }
        share->rows[share->n++] = (PageRow){key, row};
        return share->n == 2 * max ? cut(share, max) : 0;
}

bool page_wants(const PageShare *share, const char *key)
{
        if (strcmp(key, share->pages->after) <= 0)
                return false;
        return !share->bound || strcmp(key, share->bound) < 0;
}

bool page_wants_prefix(const PageShare *share, const char *prefix)
{
        if (strncmp(prefix, share->pages->after, strlen(prefix)) < 0)
                return false;
        return !share->bound || strcmp(prefix, share->bound) < 0;
}

bool page_charge(PageShare *share, uint32_t n)
{
        share->left -= MIN(share->left, n);
        return share->left > 0;
}

/* --- workers --- */

/* As it is shown, for that is what others know of it. 0 or -ENOMEM. */
static int take_id(PageShare *share, const Session *session)
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

static int visit(PageShare *share, const Shard *shard, Session *session)
{
        const SessionPages *pages = share->pages;
        int r = take_id(share, session);

        if (r < 0)
                return r;
        if (pages->client[0] && !glob_matches(pages->client, share->id))
                return 0;
        if (share->visited != session_id(session))
                share->visit = (PageVisit){};
        share->visited = session_id(session);
        share->visit.shard = shard;
        share->visit.session = session;
        share->visit.id = share->id;
        return pages->type->visit(pages->filter, share, &share->visit);
}

static int visit_one(PageShare *share, const Shard *shard)
{
        Session *session = sessions_find(shard->sessions, bytes_from_string(share->pages->one));
        int r;

        if (session)
                share->has_one = true;
        r = session ? visit(share, shard, session) : 0;
        return r != 0 ? r : cut(share, share->pages->max);
}

static int work(void *question, Shard *shard)
{
        const SessionPages *pages = question;
        PageShare *share = &((SessionPages *)question)->shares[shard->index];
        const uint32_t n = sessions_n_places(shard->sessions);

        share->left = SLICE;
        if (pages->is_one)
                return visit_one(share, shard);
        while (share->left > 0 && share->at < n) {
                Session *session = sessions_at(shard->sessions, share->at);
                int r = session ? visit(share, shard, session) : 0;

                if (r != 0)
                        return r;
                share->at++;
                page_charge(share, 1);
        }
        return share->at < n ? 1 : cut(share, pages->max);
}

/* --- the question --- */

static void share_done(PageShare *share)
{
        while (share->n > 0)
                free(share->rows[--share->n].row);
        free(share->rows);
        free(share->bound);
        free(share->id);
}

static void free_all_but_filter(SessionPages *pages)
{
        for (unsigned i = 0; i < pages->n_workers; i++)
                share_done(&pages->shares[i]);
        free(pages->client);
        free(pages->one);
        free(pages->after);
        free(pages->merged);
        free(pages);
}

static void pages_free(void *question)
{
        SessionPages *pages = question;

        pages->type->free(pages->filter);
        free_all_but_filter(pages);
}

static int copy(const char *text, char **ret_copy)
{
        *ret_copy = strdup(text ? text : "");
        return *ret_copy ? 0 : -ENOMEM;
}

static int take_query(SessionPages *pages, const PageQuery *query)
{
        int r;

        r = copy(query->client, &pages->client);
        if (r == 0)
                r = copy(query->one, &pages->one);
        if (r == 0)
                r = copy(query->after, &pages->after);
        pages->is_one = query->one;
        pages->max = query->max == 0 ? PAGE_ROWS_MAX : MIN(query->max, PAGE_ROWS_MAX);
        return r;
}

static const GatherType type_of_gather = {work, pages_free};

int session_pages_new(const PageType *type, void *filter, const PageQuery *query,
                      unsigned n_workers, Gather **ret_gather)
{
        SessionPages *pages = calloc(1, sizeof(*pages) + n_workers * sizeof(*pages->shares));
        int r;

        if (!pages)
                return -ENOMEM;
        pages->type = type;
        pages->filter = filter;
        pages->n_workers = n_workers;
        for (unsigned i = 0; i < n_workers; i++)
                pages->shares[i].pages = pages;
        r = take_query(pages, query);
        if (r == 0)
                r = gather_new(&type_of_gather, pages, n_workers, ret_gather);
        if (r < 0)
                free_all_but_filter(pages);
        return r;
}

bool session_pages_has_one(Gather *gather)
{
        const SessionPages *pages = gather_question(gather);

        for (unsigned i = 0; i < pages->n_workers; i++)
                if (pages->shares[i].has_one)
                        return true;
        return false;
}

/* How many of the rows, which are in order, are on the page. A row is one allocation. */
static size_t count_page(const SessionPages *pages, size_t n)
{
        size_t count = 0, bytes = 0;

        while (count < MIN(n, pages->max) && (count == 0 || bytes <= PAGE_BYTES))
                bytes += malloc_usable_size(pages->merged[count++].row);
        return count;
}

int session_pages_result(Gather *gather, Page *ret_page)
{
        SessionPages *pages = gather_question(gather);
        bool has_more = false;
        size_t n = 0;

        for (unsigned i = 0; i < pages->n_workers; i++)
                n += pages->shares[i].n;
        free(pages->merged);
        pages->merged = calloc(n + 1, sizeof(PageRow));
        if (!pages->merged)
                return -ENOMEM;
        n = 0;
        for (unsigned i = 0; i < pages->n_workers; i++) {
                const PageShare *share = &pages->shares[i];

                if (share->n > 0)
                        memcpy(pages->merged + n, share->rows, share->n * sizeof(PageRow));
                n += share->n;
                has_more |= share->has_more;
        }
        qsort(pages->merged, n, sizeof(PageRow), compare);
        *ret_page = (Page){pages->merged, count_page(pages, n), ""};
        if (has_more || ret_page->n < n)
                ret_page->next = pages->merged[ret_page->n - 1].key;
        return 0;
}
