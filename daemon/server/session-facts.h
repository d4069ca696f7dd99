/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is known of a session, whether or not its client is connected: a copy of one moment, which
 * others than its worker may read.
 *
 * Thread: any (one owner); session_facts_new(): worker
 */
#pragma once

#include "server/session-pages.h"

typedef struct SessionFacts {
        const char *client; /* its identifier, clean (utf8_clean()) */
        bool connected;
        bool stored; /* it outlives the process */
        bool will;
        uint64_t will_delay; /* s that its will waits when the client has left */
        uint64_t subscriptions;
        uint64_t inflight; /* exchanges that are not complete */
        uint64_t queued, queued_bytes;
        uint64_t expiry; /* s after its client has left; SESSION_NEVER_EXPIRES */
        uint64_t ends;   /* µs since 1970; 0: it does not, or its client is connected */
        char text[];
} SessionFacts;

/* Of one allocation, for free(). 0 or -ENOMEM. */
int session_facts_new(const PageVisit *visit, SessionFacts **ret_facts);
