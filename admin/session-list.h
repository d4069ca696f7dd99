/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The sessions that the broker lists, over all pages, and which of them may have been meant.
 *
 * Thread: any
 */
#pragma once

#include "admin/pages.h"

#define NO_SUCH_SESSION "org.hawker.Error.NoSuchSession"

/* "": any. */
typedef struct SessionsWanted {
        const char *client, *state;
        uint64_t queued;
} SessionsWanted;

/* Strings are those of the page. */
typedef struct SessionRow {
        const char *client;
        int connected;
        uint64_t subscriptions, inflight, queued, queued_bytes, expiry, ends;
} SessionRow;

/* Asks for the first page of what is wanted, which outlives the pages. EXIT_DONE, or another
 * status, which stderr explains. */
int session_list_begin(const Broker *broker, const SessionsWanted *wanted, Pages *ret_pages);

/* 1, 0: that was the last of this page, or -errno. */
int session_list_next(Pages *pages, SessionRow *ret_row);

int session_list_print_json(Pages *pages);

/* After NO_SUCH_SESSION: the verb with each client identifier that is near, on stderr. */
void session_near_print(const Broker *broker, const char *verb, const char *wanted);
