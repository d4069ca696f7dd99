/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The retained messages that the broker lists, row by row, over all pages.
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>

#include "admin/pages.h"

/* Strings are those of the page. */
typedef struct RetainedRow {
        const char *topic, *user, *client;
        uint64_t size;   /* bytes of payload */
        uint64_t expiry; /* s; 0: never */
        uint8_t qos;
} RetainedRow;

/* Asks for the first page of what matches the filter, which outlives the pages. EXIT_DONE, or
 * another status, which stderr explains. */
int retained_list_begin(const Broker *broker, const char *filter, Pages *ret_pages);

/* 1, 0: that was the last of this page, or -errno. */
int retained_list_next(Pages *pages, RetainedRow *ret_row);

int retained_list_print_json(Pages *pages);
