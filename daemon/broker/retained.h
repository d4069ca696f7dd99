/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The retained messages: the last one of each topic, found by topic filter (retained-cursor.h).
 * Shared by all workers behind one lock, held for a slice of work at a time.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/message.h"
#include "store/change.h"
#include "store/committer.h"
#include "util/clock.h"
#include "util/macro.h"

typedef struct Retained Retained;

int retained_new(Retained **ret_retained);
Retained *retained_free(Retained *retained); /* all cursors are gone before */
DEFINE_CLEANUP(Retained, retained_free)

/*
 * Keeps the message (a reference of its own) as the one of its topic; an empty payload takes the
 * old one out [MQTT-3.3.1-6] and never fails. 0, -ENOMEM, or -E2BIG for a topic of more levels than
 * MQTT_TOPIC_LEVELS_MAX and a mount point of as many (then the old one stays).
 */
int retained_set(Retained *retained, Message *message);

/* What one author may have among them, UINT64_MAX: anything. */
typedef struct RetainedLimits {
        uint64_t client_messages, client_bytes;
        uint64_t user_messages, user_bytes;
} RetainedLimits;

typedef enum RetainedLimit {
        RETAINED_CLIENT_MESSAGES,
        RETAINED_CLIENT_BYTES,
        RETAINED_USER_MESSAGES,
        RETAINED_USER_BYTES,
        RETAINED_LIMITS_N
} RetainedLimit;

/*
 * As retained_set(), unless its author would have more than the limits allow: then
 * REASON_QUOTA_EXCEEDED, *ret_limit is the first of them, and the old message stays. Who has less
 * than before by it is not refused. Only what knows its author, and came while they were counted or
 * was there when that began, counts.
 */
int retained_offer(Retained *retained, Message *message, const RetainedLimits *limits,
                   RetainedLimit *ret_limit);

/* From here on what happens is written by this lane (NULL: not any more), which nobody else uses:
 * what expires, and the changes of retained_keep(). */
void retained_use_lane(Retained *retained, CommitLane *lane);

/* As retained_offer(), and hands the change, which it takes over, to the lane under the same lock:
 * the store sees changes of a topic in the order of memory. Also -errno of committer_submit(). */
int retained_keep(Retained *retained, Message *message, const RetainedLimits *limits,
                  RetainedLimit *ret_limit, Change *change);

/* What each author has is counted from now on, or not any more. All that is there is looked at once
 * under the lock: a fifth of a second for a million messages. 0 or -ENOMEM, but not for false. */
int retained_count_authors(Retained *retained, bool count);

/* Takes out those of these messages that still are the ones of their topics, and from the store of
 * the lane. One slice of work: RETAINED_REMOVE_MAX at most. 0, *ret_n: how many; or -ENOMEM: none,
 * or the store does not know yet. */
#define RETAINED_REMOVE_MAX 256U
int retained_remove(Retained *retained, Message *const *messages, size_t n, size_t *ret_n);

/* Relaxed figures for $SYS. */
size_t retained_count(const Retained *retained);
size_t retained_bytes(const Retained *retained);

/*
 * Takes out up to max expired messages; goes round the whole store over repeated calls. Returns how
 * many. One call looks at 16 nodes for each of max at most, in slices; it looks at none while no
 * message is going to expire.
 */
size_t retained_expire(Retained *retained, msec_t now, size_t max);
