/* SPDX-License-Identifier: Apache-2.0 */

/* A table for people. */

#include "admin/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/name.h"

static void clear(Table *table)
{
        while (table->n > 0)
                free(table->cells[--table->n]);
}

void table_done(Table *table)
{
        clear(table);
        free(table->cells);
}

static int grow(Table *table)
{
        const size_t capacity = 2 * table->capacity + 64;
        char **cells;

        if (table->n < table->capacity)
                return 0;
        cells = reallocarray(table->cells, capacity, sizeof(char *));
        if (!cells)
                return -ENOMEM;
        table->cells = cells;
        table->capacity = capacity;
        return 0;
}

int table_add(Table *table, const char *format, ...)
{
        va_list arguments;
        char *cell;
        int r = grow(table);

        if (r < 0)
                return r;
        va_start(arguments, format);
        r = vasprintf(&cell, format, arguments);
        va_end(arguments);
        if (r < 0)
                return -ENOMEM;
        table->cells[table->n++] = cell;
        return 0;
}

static void measure(Table *table)
{
        for (size_t i = 0; i < table->n_columns; i++)
                table->widths[i] = name_width(table->columns[i].head);
        for (size_t i = 0; i < table->n; i++) {
                unsigned *width = &table->widths[i % table->n_columns];

                *width = MAX(*width, MIN(name_width(table->cells[i]), NAME_WIDTH_MAX));
        }
}

/* Nothing stands behind the last one. */
static void print_cell(const Table *table, size_t column, const char *text)
{
        const bool is_last = column + 1 == table->n_columns;
        const unsigned width = table->widths[column];

        if (table->columns[column].is_number) {
                printf("%*s", (int)(width - MIN(width, name_width(text))), "");
                name_print(text, 0);
        } else {
                name_print(text, is_last ? 0 : width);
        }
        fputs(is_last ? "\n" : "  ", stdout);
}

void table_print(Table *table)
{
        if (table->n == 0)
                return;
        if (!table->has_head) {
                measure(table);
                for (size_t i = 0; i < table->n_columns; i++)
                        print_cell(table, i, table->columns[i].head);
        }
        table->has_head = true;
        for (size_t i = 0; i < table->n; i++)
                print_cell(table, i % table->n_columns, table->cells[i]);
        clear(table);
}
