/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A walk over the whole store of retained messages, to write it down so that it can be made again
 * with the same order inside: then a cursor that is half through goes on from the same place and
 * meets what it would have met.
 *
 * Places are yielded from the last to the first, but each behind those above it: a tree puts what
 * is new in front of its siblings, so adding them in this order makes the same tree.
 *
 * Thread: any (while nobody changes the store)
 */
#pragma once

#include "broker/message.h"
#include "broker/retained.h"
#include "util/buffer.h"
#include "util/bytes.h"

typedef struct TopicNode TopicNode;

typedef struct RetainedWalk {
        Retained *retained;
        const TopicNode *node; /* the last one; NULL: not begun */
} RetainedWalk;

/* A message; or, without one, a topic that had a message and that a cursor still stands on. */
typedef struct RetainedPlace {
        Message *message; /* borrowed */
        const TopicNode *node;
} RetainedPlace;

/* False at the end. */
bool retained_walk_next(RetainedWalk *walk, RetainedPlace *ret_place);

/* Appends the topic of the place. 0 or -ENOMEM. */
int retained_place_topic(const Retained *retained, const RetainedPlace *place, Buffer *topic);

/* Makes a place without a message, which stays until it is released. 0, -ENOMEM or -E2BIG as
 * retained_set(). */
int retained_hold_place(Retained *retained, Bytes topic, TopicNode **ret_node);
void retained_release_place(Retained *retained, TopicNode *node);
