/* SPDX-License-Identifier: Apache-2.0 */

/* The first so many of rows. */

#include "server/first-rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int first_rows_init(FirstRows *rows, size_t max)
{
        FirstRow *array = calloc(max, sizeof(*array));

        if (!array)
                return -ENOMEM;
        *rows = (FirstRows){.rows = array, .max = max};
        return 0;
}

void first_rows_done(FirstRows *rows, void (*free_row)(void *))
{
        while (free_row && rows->n > 0)
                free_row(rows->rows[--rows->n].row);
        free(rows->rows);
        *rows = (FirstRows){};
}

/* Puts it at this free place, or above: before it comes only what is behind it in order. */
static void sift_up(FirstRows *rows, size_t at, FirstRow row)
{
        while (at > 0) {
                const size_t above = (at - 1) / 2;

                if (strcmp(rows->rows[above].key, row.key) >= 0)
                        break;
                rows->rows[at] = rows->rows[above];
                at = above;
        }
        rows->rows[at] = row;
}

/* Puts it at the top, which is free, or below. */
static void sift_down(FirstRows *rows, FirstRow row)
{
        size_t at = 0, below;

        while ((below = 2 * at + 1) < rows->n) {
                if (below + 1 < rows->n &&
                    strcmp(rows->rows[below + 1].key, rows->rows[below].key) > 0)
                        below++;
                if (strcmp(rows->rows[below].key, row.key) <= 0)
                        break;
                rows->rows[at] = rows->rows[below];
                at = below;
        }
        rows->rows[at] = row;
}

bool first_rows_want(const FirstRows *rows, const char *key)
{
        return rows->n < rows->max || (rows->n > 0 && strcmp(key, rows->rows[0].key) < 0);
}

void *first_rows_put(FirstRows *rows, FirstRow row)
{
        void *last;

        if (!first_rows_want(rows, row.key))
                return row.row;
        if (rows->n < rows->max) {
                sift_up(rows, rows->n++, row);
                return NULL;
        }
        last = rows->rows[0].row;
        sift_down(rows, row);
        return last;
}

static int compare(const void *a, const void *b)
{
        const FirstRow *one = a, *other = b;

        return strcmp(one->key, other->key);
}

void first_rows_sort(FirstRows *rows)
{
        qsort(rows->rows, rows->n, sizeof(*rows->rows), compare);
}
