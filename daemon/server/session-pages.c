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

/* What a worker does in a turn, in places of sessions that it looks at: some 15 µs, by which a
 * message is later that comes meanwhile. */
#define SLICE 256U

/* A row that is kept is copied and put in order. */
#define ROW_COST 16U

typedef struct SessionPages SessionPages;

/* Of one worker. */
struct PageShare {
        const SessionPages *pages;
        uint32_t at;       /* the next place to look at */
        uint32_t left;     /* of this slice */
        SessionId visited; /* whose visit it is */
        PageVisit visit;
        bool has_one;
        FirstRows rows; /* one more than is wanted: if it comes there is another page */
        char *id;       /* of who is looked at, clean */
        size_t id_size;
};

struct SessionPages {
        const PageType *type;
        void *filter;
        char *client, *after; /* "": any */
        char *one;
        bool is_one;
        size_t max;
        FirstRows merged; /* of all shares, which own them */
        unsigned n_workers;
        PageShare shares[];
};

/* --- rows --- */

void page_add(PageShare *share, const char *key, void *row)
{
        free(first_rows_put(&share->rows, (FirstRow){key, row}));
        page_charge(share, ROW_COST);
}

bool page_wants(const PageShare *share, const char *key)
{
        return strcmp(key, share->pages->after) > 0 && first_rows_want(&share->rows, key);
}

bool page_wants_prefix(const PageShare *share, const char *prefix)
{
        return strncmp(prefix, share->pages->after, strlen(prefix)) >= 0 &&
               first_rows_want(&share->rows, prefix);
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

        if (!session)
                return 0;
        share->has_one = true;
        return visit(share, shard, session);
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
        return share->at < n ? GATHER_GOES_ON : GATHER_DONE;
}

/* --- the question --- */

/* Here, as malloc() takes the time of a large allocation to put all in order that was freed. */
static int share_init(PageShare *share, const SessionPages *pages)
{
        share->pages = pages;
        return first_rows_init(&share->rows, pages->max + 1);
}

static void share_done(PageShare *share)
{
        first_rows_done(&share->rows, free);
        free(share->id);
}

static void free_all_but_filter(SessionPages *pages)
{
        for (unsigned i = 0; i < pages->n_workers; i++)
                share_done(&pages->shares[i]);
        free(pages->client);
        free(pages->one);
        free(pages->after);
        first_rows_done(&pages->merged, NULL);
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
        r = take_query(pages, query);
        for (unsigned i = 0; r == 0 && i < n_workers; i++)
                r = share_init(&pages->shares[i], pages);
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
static size_t count_page(const SessionPages *pages)
{
        const FirstRows *merged = &pages->merged;
        size_t count = 0, bytes = 0;

        while (count < MIN(merged->n, pages->max) && (count == 0 || bytes <= PAGE_BYTES))
                bytes += malloc_usable_size(merged->rows[count++].row);
        return count;
}

int session_pages_result(Gather *gather, Page *ret_page)
{
        SessionPages *pages = gather_question(gather);
        FirstRows *merged = &pages->merged;
        int r;

        first_rows_done(merged, NULL);
        r = first_rows_init(merged, pages->max + 1);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < pages->n_workers; i++) {
                const FirstRows *rows = &pages->shares[i].rows;

                for (size_t j = 0; j < rows->n; j++)
                        first_rows_put(merged, rows->rows[j]);
        }
        first_rows_sort(merged);
        *ret_page = (Page){merged->rows, count_page(pages), ""};
        if (ret_page->n < merged->n)
                ret_page->next = merged->rows[ret_page->n - 1].key;
        return 0;
}
