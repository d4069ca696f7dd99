/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The retained messages that the broker lists, row by row, over all pages.
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>

#include "admin/broker.h"

/* Strings are those of the page. */
typedef struct RetainedRow {
        const char *topic, *user, *client;
        uint64_t size;   /* bytes of payload */
        uint64_t expiry; /* s; 0: never */
        uint8_t qos;
} RetainedRow;

typedef struct RetainedList {
        const Broker *broker;
        const char *filter;
        sd_bus_message *page; /* NULL: none was asked for */
} RetainedList;

/* Asks for the first page. EXIT_DONE, or another status, which stderr explains. */
int retained_list_begin(const Broker *broker, const char *filter, RetainedList *ret_list);
void retained_list_done(RetainedList *list);

/* 1, 0: that was the last of this page, or -errno. */
int retained_list_next(RetainedList *list, RetainedRow *ret_row);
/* The rows of this page once more. 0 or -errno. */
int retained_list_rewind(RetainedList *list);

/* Behind the last row of a page: asks for the next one. EXIT_DONE; -1: there is none; or another
 * status, which stderr explains. */
int retained_list_turn(RetainedList *list);
