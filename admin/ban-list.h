/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The bans that the broker lists, row by row.
 *
 * Thread: any
 */
#pragma once

#include "admin/ban-subject.h"
#include "admin/pages.h"

/* Strings are those of the page. */
typedef struct BanRow {
        BanSubject of;
        uint64_t until; /* us since 1970; 0: for good */
        const char *reason;
        const char *file; /* of the admin that says so; "": the broker's own list */
} BanRow;

/* EXIT_DONE, and the first page is there; or another status, which stderr explains. */
int ban_list_begin(const Broker *broker, Pages *ret_pages);

/* 1, 0: there is no more on this page (pages_turn()), or -errno. */
int ban_list_next(Pages *pages, BanRow *ret_row);
