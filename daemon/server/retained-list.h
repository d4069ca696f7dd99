/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The question which retained messages match a topic filter: answered in the order of topics, page
 * by page, without state in between. A topic that has one while all pages are asked for is on just
 * one of them. The first worker walks over them, a slice in each of its turns.
 *
 * Thread: control
 */
#pragma once

#include <stddef.h>

#include "server/first-rows.h"
#include "server/gather.h"
#include "server/retained-facts.h"

#define RETAINED_LIST_MAX 1000U

/* Texts of a page, bytes: it ends before, for a bus takes no message that is much larger, and a
 * topic may have 65535. */
#define RETAINED_LIST_BYTES (4U * 1024 * 1024)

typedef struct RetainedWanted {
        const char *filter; /* topics that start with `$` only where it does; "": as "#" */
        const char *after;  /* topics behind this one only; "": all */
        uint32_t max;       /* so many, and RETAINED_LIST_MAX at most; 0: that */
} RetainedWanted;

/* What is wanted is copied. 0; -EINVAL: that is no topic filter, or one that is shared; -ENOMEM or
 * -errno. */
int retained_list_new(const RetainedWanted *wanted, unsigned n_workers, Gather **ret_gather);

/* What has come of it; borrowed from the gathering. */
typedef struct RetainedPage {
        const FirstRow *rows; /* RetainedFacts */
        size_t n;
        bool has_more; /* behind these */
} RetainedPage;

/* When it was answered, with 0. */
void retained_list_page(Gather *gather, RetainedPage *ret_page);
