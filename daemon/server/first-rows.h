/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The first so many of rows that come in any order, by their keys. A row costs some comparisons
 * when it comes, and nothing more is to be done for all of them together until all have come: who
 * has little time at once can collect in slices.
 *
 * Thread: any (one owner)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct FirstRow {
        const char *key; /* in the row */
        void *row;
} FirstRow;

/* All zero: none are wanted. */
typedef struct FirstRows {
        FirstRow *rows; /* a heap, the last one first; or in order, see first_rows_sort() */
        size_t n, max;
} FirstRows;

/* For so many. 0 or -ENOMEM. */
int first_rows_init(FirstRows *rows, size_t max);
/* Frees the rows themselves by this, unless it is NULL. */
void first_rows_done(FirstRows *rows, void (*free_row)(void *));

/* Whether one of this key would be among the first. */
bool first_rows_want(const FirstRows *rows, const char *key);
/* Takes it over. Returns the row, if any, that is not among the first any more, or has never been:
 * the caller's. */
void *first_rows_put(FirstRows *rows, FirstRow row);

/* In the order of the keys; nothing is put behind that. */
void first_rows_sort(FirstRows *rows);
