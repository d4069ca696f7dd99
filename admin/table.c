/* SPDX-License-Identifier: Apache-2.0 */

/* A table for people. */

#include "admin/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/name.h"
#include "admin/terminal.h"

#define BETWEEN 2U

/* A column that is cut keeps so many letters. */
#define LEAST 6U

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

int table_add_texts(Table *table, size_t n, const char *const texts[])
{
        int r = 0;

        for (size_t i = 0; i < n && r == 0; i++)
                r = table_add(table, "%s", texts[i]);
        return r;
}

/* --- widths --- */

/* Where all must fit, it is known what to cut; else a long one pushes the rest aside. */
static void measure(Table *table)
{
        const unsigned most = table->width > 0 ? table->width : NAME_WIDTH_MAX;

        for (size_t i = 0; i < table->n_columns; i++)
                table->widths[i] = name_width(table->columns[i].head);
        for (size_t i = 0; i < table->n; i++) {
                unsigned *width = &table->widths[i % table->n_columns];

                *width = MAX(*width, MIN(name_width(table->cells[i]), most));
        }
}

static unsigned sum(const Table *table)
{
        unsigned all = (unsigned)(table->n_columns - 1) * BETWEEN;

        for (size_t i = 0; i < table->n_columns; i++)
                all += table->widths[i];
        return all;
}

static bool may_cut(const Table *table, size_t column)
{
        return table->width > 0 && table->columns[column].shortened > 0;
}

/* The column to cut next, or n_columns if none is left. */
static size_t find_victim(const Table *table)
{
        size_t victim = table->n_columns;

        for (size_t i = 0; i < table->n_columns; i++)
                if (may_cut(table, i) && table->widths[i] > LEAST &&
                    (victim == table->n_columns ||
                     table->columns[i].shortened > table->columns[victim].shortened))
                        victim = i;
        return victim;
}

static void fit(Table *table)
{
        unsigned all;
        size_t victim;

        while (table->width > 0 && (all = sum(table)) > table->width &&
               (victim = find_victim(table)) < table->n_columns)
                table->widths[victim] -= MIN(all - table->width, table->widths[victim] - LEAST);
}

/* --- rows --- */

/* So many letters of it, the last of which says so if there are more. */
static void print_text(FILE *to, const char *text, unsigned width)
{
        const bool is_cut = name_width(text) > width;
        unsigned left = is_cut ? width - 1 : width;

        while (*text && left-- > 0)
                text = name_print_letter(to, text);
        if (is_cut)
                fputs("…", to);
}

/* Nothing stands behind the last one. */
static void print_cell(const Table *table, FILE *to, size_t column, const char *text)
{
        const bool is_last = column + 1 == table->n_columns;
        const unsigned all = name_width(text), width = table->widths[column];
        const unsigned shown = may_cut(table, column) ? MIN(all, width) : all;
        const int room = (int)(width - MIN(width, shown));

        fprintf(to, "%*s", table->columns[column].is_number ? room : 0, "");
        print_text(to, text, shown);
        fprintf(to, "%*s", table->columns[column].is_number || is_last ? 0 : room, "");
        fputs(is_last ? "\n" : "  ", to);
}

static void print_head(const Table *table, FILE *to)
{
        fputs(terminal_colour(table->has_colours, COLOUR_TITLE), to);
        for (size_t i = 0; i < table->n_columns; i++) {
                if (i + 1 == table->n_columns)
                        fputs(terminal_colour(table->has_colours, COLOUR_NONE), to);
                print_cell(table, to, i, table->columns[i].head);
        }
}

void table_print(Table *table)
{
        FILE *to = table->to ? table->to : stdout;

        if (table->n == 0)
                return;
        if (!table->has_head) {
                measure(table);
                fit(table);
                print_head(table, to);
        }
        table->has_head = true;
        for (size_t i = 0; i < table->n; i++)
                print_cell(table, to, i % table->n_columns, table->cells[i]);
        clear(table);
}
