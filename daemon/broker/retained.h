/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The retained messages: the last one of each topic, found by topic filter (retained-cursor.h).
 * Shared by all workers behind one lock, held for a slice of work at a time.
 *
 * Thread: any
 */
#pragma once

#include <stddef.h>

#include "broker/message.h"
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

/* Relaxed figures for $SYS. */
size_t retained_count(const Retained *retained);
size_t retained_bytes(const Retained *retained);

/*
 * Takes out up to max expired messages; goes round the whole store over repeated calls. Returns how
 * many. One call looks at 16 nodes for each of max at most, in slices; it looks at none while no
 * message is going to expire.
 */
size_t retained_expire(Retained *retained, msec_t now, size_t max);
