/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The question to all workers, which sessions are like this: rows of session-pages.h, whose key is
 * the client identifier.
 *
 * Thread: control
 */
#pragma once

#include "server/session-facts.h"

typedef enum SessionState {
        SESSION_ANY,
        SESSION_CONNECTED,
        SESSION_AWAY,
} SessionState;

typedef struct SessionFilter {
        const char *client; /* a pattern (glob.h) of its identifier; NULL or "": any */
        SessionState state;
        uint64_t queued;   /* so many messages wait, or more */
        const char *after; /* as of a PageQuery */
        uint32_t max;
} SessionFilter;

/* The filter is copied; rows are SessionFacts. 0, -ENOMEM or -errno. */
int session_list_new(const SessionFilter *filter, unsigned n_workers, Gather **ret_gather);
/* Only about that of this client, whose identifier it is. 0, -ENOMEM or -errno. */
int session_list_new_one(const char *client, unsigned n_workers, Gather **ret_gather);
