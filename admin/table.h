/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A table for people: as wide as what is in it, but no wider than the terminal. Nothing in it
 * drives the terminal.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "util/macro.h"

#define TABLE_COLUMNS_MAX 12U

typedef struct TableColumn {
        const char *head;
        bool is_number;     /* stands to the right */
        unsigned shortened; /* 0: never; of the others the one with most is cut first */
} TableColumn;

/* Zeroed but for the first five, of which the last three may be; then table_done() is due. */
typedef struct Table {
        const TableColumn *columns;
        size_t n_columns;
        FILE *to;       /* NULL: stdout */
        unsigned width; /* that it must fit; 0: any */
        bool has_colours;
        unsigned widths[TABLE_COLUMNS_MAX];
        bool has_head; /* it was printed */
        char **cells;
        size_t n, capacity;
} Table;

/* An empty one of an array of columns, for the terminal of the command. */
#define TABLE_FOR(_command, _columns)                                                              \
        ((Table){.columns = (_columns),                                                            \
                 .n_columns = ARRAY_SIZE(_columns),                                                \
                 .width = (_command)->width,                                                       \
                 .has_colours = (_command)->has_colours})

void table_done(Table *table);

/* The next cell, row by row. 0 or -ENOMEM. */
int table_add(Table *table, const char *format, ...) _printf_(2, 3);

/* The next ones as they are. 0 or -ENOMEM. */
int table_add_texts(Table *table, size_t n, const char *const texts[]);

/* The rows since the last time, and what the columns are before the first; without rows nothing. */
void table_print(Table *table);
