/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A question to all workers about their sessions (gather.h), answered in rows: in the order of the
 * rows' keys, page by page. Each worker walks over all places of its sessions, which do not move,
 * and keeps only what can be on the page (first-rows.h); so pages need no state between them, and
 * what is there while all pages are asked for is on just one of them.
 *
 * Thread: control; page_*() and what a PageType does: worker
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/first-rows.h"
#include "server/gather.h"

typedef struct Session Session;

#define PAGE_ROWS_MAX 1000U

/* Of the rows of a page: it ends there, for a bus takes no message that is much larger. */
#define PAGE_BYTES (4U * 1024 * 1024)

/* No identifier, filter or topic of MQTT has more bytes. */
#define PAGE_TEXT_MAX 65535U

typedef struct PageQuery {
        const char *client; /* a pattern (glob.h) of client identifiers; NULL or "": all */
        const char *one;    /* only the session of this client, whose identifier it is; NULL: all */
        const char *after;  /* rows whose key is behind this one only; NULL or "": all */
        uint32_t max;       /* so many, and PAGE_ROWS_MAX at most; 0: that */
} PageQuery;

typedef struct PageShare PageShare;

/* A session that is looked at. */
typedef struct PageVisit {
        const Shard *shard;
        Session *session;
        const char *id;         /* its client identifier, clean (utf8_clean()) */
        uint32_t part, n_parts; /* how far the visit is, as the type has it; 0 at first */
} PageVisit;

/* A kind of question. */
typedef struct PageType {
        /* Adds what is wanted of this session. 0; 1: there is more of it, for the next slice;
         * -errno. */
        int (*visit)(const void *filter, PageShare *share, PageVisit *visit);
        void (*free)(void *filter);
} PageType;

/* The query is copied, the filter taken over on success. 0, -ENOMEM or -errno. */
int session_pages_new(const PageType *type, void *filter, const PageQuery *query,
                      unsigned n_workers, Gather **ret_gather);

/* Whether there is PageQuery.one, when all have answered. */
bool session_pages_has_one(Gather *gather);

/* What has come of it; borrowed from the gathering. */
typedef struct Page {
        const FirstRow *rows; /* each as page_add() got it */
        size_t n;
        const char *next; /* what PageQuery.after of the next page is; "": there is none */
} Page;

/* When all have answered, with 0. 0 or -ENOMEM. */
int session_pages_result(Gather *gather, Page *ret_page);

/* --- workers --- */

/* Whether a row of this key can be on the page. */
bool page_wants(const PageShare *share, const char *key);
/* Whether one whose key begins so can. */
bool page_wants_prefix(const PageShare *share, const char *prefix);
/* A row of one allocation, with its key; taken over. */
void page_add(PageShare *share, const char *key, void *row);
/* The work of looking at so many sessions has been done. False: that was enough for a slice. */
bool page_charge(PageShare *share, uint32_t n);
