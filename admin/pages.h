/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The rows that a method of the broker lists page by page: its last two arguments are `after` and
 * `max`, it answers an array of rows and what the next `after` is.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

#include "admin/broker.h"
#include "admin/table.h"

typedef struct Pages {
        const Broker *broker;
        const char *method;
        const char *row; /* the type of one: "(sb)" */
        /* Appends the arguments before the last two. < 0: -errno. */
        int (*append)(sd_bus_message *call, const void *wanted);
        const void *wanted;
        sd_bus_message *page; /* in its array; NULL: none was asked for */
        sd_bus_error error;   /* what the last call failed with */
} Pages;

/* Asks for the first page. EXIT_DONE, or another status, which stderr explains. */
int pages_begin(Pages *pages);
void pages_done(Pages *pages);

/* Behind the last row of a page, where reading one has returned r: asks for the next one.
 * EXIT_DONE; -1: there is none; or another status, which stderr explains. */
int pages_turn(Pages *pages, int r);

/* Whether the last call failed with this error. */
bool pages_failed_with(const Pages *pages, const char *error);

/* Reads the next row of the page into the table: 1, 0: there is none; or -errno. */
typedef int (*PagesRow)(Pages *pages, Table *table);

/* All rows as a table of these columns, or `none` where there are no rows. EXIT_DONE, or another
 * status. */
int pages_print_table(Pages *pages, Table table, PagesRow row, const char *none);

/* All rows as a JSON array of objects, whose members have these names. EXIT_DONE, or another
 * status. */
int pages_print_json(Pages *pages, const char *const *names);
