/* SPDX-License-Identifier: Apache-2.0 */

/* Which topics are published to most. */

#include "server/topic-list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/shard.h"

/* Of what each worker answers. More than are wanted: one that is busy for all may be less so for
 * each. */
#define EACH (4U * TOPIC_LIST_MAX)

typedef struct Part {
        BusyTopic *rows;
        size_t n;
} Part;

typedef struct TopicList {
        unsigned max, n_parts;
        BusyTopic *rows; /* of all, once they are put together */
        size_t n;
        Part parts[]; /* one for each worker */
} TopicList;

static int work(void *question, Shard *shard)
{
        const msec_t now = loop_now(&shard->loop);
        TopicList *list = question;
        Part *part = &list->parts[shard->index];

        if (!shard->busy_topics)
                return busy_topics_new(now, &shard->busy_topics);
        return busy_topics_look(shard->busy_topics, EACH, now, &part->rows, &part->n);
}

static void list_free(void *question)
{
        TopicList *list = question;

        for (unsigned i = 0; i < list->n_parts; i++)
                busy_topics_rows_free(list->parts[i].rows, list->parts[i].n);
        free(list->rows);
        free(list);
}

static const GatherType type = {work, list_free};

int topic_list_new(unsigned max, unsigned n_workers, Gather **ret_gather)
{
        TopicList *list = calloc(1, sizeof(*list) + n_workers * sizeof(Part));
        int r;

        if (!list)
                return -ENOMEM;
        list->max = max == 0 ? TOPIC_LIST_MAX : MIN(max, TOPIC_LIST_MAX);
        list->n_parts = n_workers;
        r = gather_new(&type, list, n_workers, ret_gather);
        if (r < 0)
                list_free(list);
        return r;
}

/* --- all workers together --- */

static int compare_names(const void *a, const void *b)
{
        return strcmp(((const BusyTopic *)a)->name, ((const BusyTopic *)b)->name);
}

/* Of the rows, whose names stay the parts'. */
static void put_together(TopicList *list)
{
        size_t n = 0;

        qsort(list->rows, list->n, sizeof(*list->rows), compare_names);
        for (size_t i = 0; i < list->n; i++)
                if (n > 0 && compare_names(&list->rows[n - 1], &list->rows[i]) == 0) {
                        list->rows[n - 1].messages += list->rows[i].messages;
                        list->rows[n - 1].bytes += list->rows[i].bytes;
                } else {
                        list->rows[n++] = list->rows[i];
                }
        qsort(list->rows, n, sizeof(*list->rows), busy_topics_compare);
        list->n = MIN(n, list->max);
}

static int collect(TopicList *list)
{
        size_t n = 0;

        for (unsigned i = 0; i < list->n_parts; i++)
                n += list->parts[i].n;
        list->rows = calloc(MAX(n, (size_t)1), sizeof(*list->rows));
        if (!list->rows)
                return -ENOMEM;
        for (unsigned i = 0; i < list->n_parts; i++)
                for (size_t j = 0; j < list->parts[i].n; j++)
                        list->rows[list->n++] = list->parts[i].rows[j];
        put_together(list);
        return 0;
}

int topic_list_rows(Gather *gather, const BusyTopic **ret_rows, size_t *ret_n)
{
        TopicList *list = gather_question(gather);
        int r = list->rows ? 0 : collect(list);

        if (r < 0)
                return r;
        *ret_rows = list->rows;
        *ret_n = list->n;
        return 0;
}
