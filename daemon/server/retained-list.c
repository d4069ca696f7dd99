/* SPDX-License-Identifier: Apache-2.0 */

/* Which retained messages match a topic filter. */

#include "server/retained-list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/retained-cursor.h"
#include "server/retained-filter.h"
#include "server/shard.h"
#include "util/utf8.h"

/* Messages that are looked at in a turn, with the lock of all: some 20 µs if all are on the page.
 */
#define SLICE 64U

typedef struct RetainedList {
        char *filter, *after;
        RetainedCursor *cursor; /* NULL: not begun */
        size_t max;
        FirstRows rows; /* RetainedFacts; one more than is wanted: if it comes there is more */
        char *topic;    /* that is looked at, clean */
} RetainedList;

/* --- rows --- */

static void free_row(void *row)
{
        retained_facts_free(row);
}

/* As it is shown, for that is what others know of it. */
static void take_topic(RetainedList *list, Bytes topic)
{
        memcpy(list->topic, topic.data, topic.length);
        list->topic[topic.length] = 0;
        utf8_clean(list->topic);
}

static bool is_on_page(const RetainedList *list)
{
        return strcmp(list->topic, list->after) > 0 && first_rows_want(&list->rows, list->topic);
}

/* 0 or -ENOMEM. */
static int look_at(RetainedList *list, Message *message, msec_t now)
{
        RetainedFacts *facts;
        int r;

        take_topic(list, message_topic(message));
        if (!is_on_page(list))
                return 0;
        r = retained_facts_new(message, now, &facts);
        if (r < 0)
                return r;
        retained_facts_free(first_rows_put(&list->rows, (FirstRow){facts->topic, facts}));
        return 0;
}

/* --- the worker --- */

static int begin(RetainedList *list, const Shard *shard)
{
        list->topic = malloc(MESSAGE_TEXT_MAX + 1);
        if (!list->topic)
                return -ENOMEM;
        return retained_cursor_new(shard->plane->retained, bytes_from_string(list->filter),
                                   &list->cursor);
}

static int work(void *question, Shard *shard)
{
        const msec_t now = loop_now(&shard->loop);
        RetainedList *list = question;
        Message *messages[SLICE];
        bool end = true;
        size_t n;
        int r = 0;

        if (shard->index > 0)
                return 0;
        if (!list->cursor)
                r = begin(list, shard);
        if (r < 0)
                return r;
        n = retained_cursor_next(list->cursor, now, messages, SLICE, &end);
        for (size_t i = 0; i < n; i++) {
                if (r == 0)
                        r = look_at(list, messages[i], now);
                message_unref(messages[i]);
        }
        if (r < 0 || !end)
                return r < 0 ? r : GATHER_GOES_ON;
        list->cursor = retained_cursor_free(list->cursor);
        return GATHER_DONE;
}

/* --- the question --- */

static void list_free(void *question)
{
        RetainedList *list = question;

        first_rows_done(&list->rows, free_row);
        retained_cursor_free(list->cursor);
        free(list->topic);
        free(list->filter);
        free(list->after);
        free(list);
}

static const GatherType type = {work, list_free};

int retained_list_new(const RetainedWanted *wanted, unsigned n_workers, Gather **ret_gather)
{
        RetainedList *list = calloc(1, sizeof(*list));
        int r;

        if (!list)
                return -ENOMEM;
        list->max = wanted->max == 0 ? RETAINED_LIST_MAX : MIN(wanted->max, RETAINED_LIST_MAX);
        r = retained_filter_copy(wanted->filter, &list->filter);
        if (r == 0 && !(list->after = strdup(wanted->after)))
                r = -ENOMEM;
        if (r == 0)
                r = first_rows_init(&list->rows, list->max + 1);
        if (r == 0)
                r = gather_new(&type, list, n_workers, ret_gather);
        if (r < 0)
                list_free(list);
        return r;
}

static size_t row_size(const RetainedFacts *row)
{
        return strlen(row->topic) + strlen(row->user) + strlen(row->client);
}

void retained_list_page(Gather *gather, RetainedPage *ret_page)
{
        RetainedList *list = gather_question(gather);
        size_t n = 0, bytes = 0;

        first_rows_sort(&list->rows);
        while (n < MIN(list->rows.n, list->max) && (n == 0 || bytes <= RETAINED_LIST_BYTES))
                bytes += row_size(list->rows.rows[n++].row);
        *ret_page = (RetainedPage){list->rows.rows, n, n < list->rows.n};
}
