/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A table for people: its columns are as wide as what was added before it was printed first, of
 * names NAME_WIDTH_MAX at most. Cells may be names that peers have chosen (name.h).
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/macro.h"

#define TABLE_COLUMNS_MAX 12U

typedef struct TableColumn {
        const char *head;
        bool is_number; /* stands to the right */
} TableColumn;

/* Zeroed but for the first two; then table_done() is due. */
typedef struct Table {
        const TableColumn *columns;
        size_t n_columns;
        unsigned widths[TABLE_COLUMNS_MAX];
        bool has_head; /* it was printed */
        char **cells;
        size_t n, capacity;
} Table;

void table_done(Table *table);

/* The next cell, row by row. 0 or -ENOMEM. */
int table_add(Table *table, const char *format, ...) _printf_(2, 3);

/* To stdout: the rows since the last time, and what the columns are before the first. */
void table_print(Table *table);
