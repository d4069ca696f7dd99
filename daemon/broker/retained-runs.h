/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The retained messages that new subscriptions of one session still have to get. They are fetched a
 * few at a time when there is room for them, the subscriptions taking turns, so a filter that
 * matches a million neither fills a queue nor blocks anybody; none is lost when the connection is.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "broker/message.h"
#include "broker/outgoing.h"
#include "broker/retained-cursor.h"
#include "broker/subscription.h"
#include "util/bytes.h"
#include "util/clock.h"
#include "util/hashmap.h"
#include "util/list.h"

#define RETAINED_RUNS_BATCH 16U

typedef struct RetainedRun {
        List link;
        RetainedCursor *cursor; /* NULL: all is fetched */
        uint32_t identifier;
        SubscriptionOptions options;
        uint16_t text_length;
        uint8_t text[]; /* of the subscription */
} RetainedRun;

typedef struct RetainedRuns {
        List runs;                           /* the batch is of the first one */
        Hashmap by_text;                     /* the same: one SUBSCRIBE may begin 100,000 of them */
        Message *batch[RETAINED_RUNS_BATCH]; /* fetched, counted; NULL: overtaken */
        uint8_t next, fetched;               /* batch[next..fetched) are still to be sent */
} RetainedRuns;

int retained_runs_new(RetainedRuns **ret_runs);
RetainedRuns *retained_runs_free(RetainedRuns *runs);

/* One more subscription, by its text, or the same one again from its beginning; takes the cursor
 * over, on failure too. 0 or -ENOMEM. */
int retained_runs_add(RetainedRuns *runs, Bytes filter_text, RetainedCursor *cursor,
                      SubscriptionOptions options, uint32_t identifier);

/* The subscription is gone: what it has not got yet it will not get [MQTT-3.10.4-2]. */
void retained_runs_remove(RetainedRuns *runs, Bytes filter_text);

/* A message that was published passes by: should it have taken the place of one in the batch, it
 * does so here too, lest the client gets the older one last. */
void retained_runs_overtake(RetainedRuns *runs, Message *message);

/*
 * The next message, borrowed, and the QoS it goes out with; it stays the next. 1; 0: there is none
 * left; -EAGAIN: the walk has done its slice and found nothing yet.
 */
int retained_runs_first(RetainedRuns *runs, msec_t now, Message **ret_message, uint8_t *ret_qos);

/* The same without fetching: false if it is not known yet whether there is one. */
bool retained_runs_peek(const RetainedRuns *runs, Message **ret_message, uint8_t *ret_qos);

/* Takes the one out that retained_runs_first() has shown. */
Outgoing retained_runs_pop(RetainedRuns *runs);

/* --- to be written down and read --- */

/* The run behind this one, NULL for the first; NULL: there is none. */
RetainedRun *retained_runs_next(const RetainedRuns *runs, const RetainedRun *run);

/* One more message, with a reference of its own, was fetched for the first run. 0, or -EBADMSG if
 * there is no run, or no room in the batch. */
int retained_runs_restore_batch(RetainedRuns *runs, Message *message);
