/* SPDX-License-Identifier: Apache-2.0 */

/* What is known of a session. */

#include "server/session-facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/shard.h"

/* By the calendar, though it is reckoned by a clock that nobody sets. */
static uint64_t end_of(const PageVisit *visit)
{
        const msec_t end = session_ends_at(visit->session), now = loop_now(&visit->shard->loop);

        if (end == MSEC_INFINITY)
                return 0;
        return (clock_realtime_ms() + (end - MIN(now, end))) * USEC_PER_MSEC;
}

int session_facts_new(const PageVisit *visit, SessionFacts **ret_facts)
{
        const Session *session = visit->session;
        SessionFacts *facts = calloc(1, sizeof(*facts) + strlen(visit->id) + 1);

        if (!facts)
                return -ENOMEM;
        facts->client = strcpy(facts->text, visit->id);
        facts->connected = session_is_attached(session);
        facts->stored = session_number(session) > 0;
        facts->will = session_has_will(session);
        facts->will_delay = facts->will ? session_will_delay(session) : 0;
        facts->subscriptions = session_n_subscriptions(session);
        facts->inflight = session_n_inflight(session);
        facts->queued = session_n_queued(session);
        facts->queued_bytes = session_queued_bytes(session);
        facts->expiry = session_expiry(session);
        facts->ends = end_of(visit);
        *ret_facts = facts;
        return 0;
}
