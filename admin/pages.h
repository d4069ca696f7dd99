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

/* All rows as a JSON array of objects, whose members have these names. EXIT_DONE, or another
 * status. */
int pages_print_json(Pages *pages, const char *const *names);
