/* SPDX-License-Identifier: Apache-2.0 */
/* Who publishes to which topics, and who subscribes to what: the geometry of a run. */
/* Thread: immutable */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/fleet.h"

typedef enum ShapeKind {
        SHAPE_PAIRS,   /* publisher n -> subscriber n */
        SHAPE_FANOUT,  /* one publisher -> all subscribers */
        SHAPE_FANIN,   /* all publishers -> one subscriber */
        SHAPE_SHARED,  /* all publishers -> one of the group of subscribers each */
        SHAPE_FILTERS, /* pairs; each subscriber has `filters` filters, 30 % of them with wildcards
                        */
        SHAPE_SPREAD,  /* publisher n -> its own `topics` subscribers in turn */
        SHAPE_QUEUE,   /* publishers whose one subscriber is away (1), or who have none (0) */
} ShapeKind;

typedef struct Shape {
        ShapeKind kind;
        uint32_t publishers;
        uint32_t subscribers;
        uint32_t topics;  /* per publisher */
        uint32_t filters; /* per subscriber */
} Shape;

/* The `index`th topic of a publisher (index < topics). */
void shape_topic(const Shape *shape, unsigned publisher, unsigned index,
                 char name[static FLEET_NAME_SIZE]);

/* The `index`th filter of a subscriber (index < filters). Exactly the subscribers of the kind's
 * description match a topic; a FleetFilter with the Shape as data. */
void shape_filter(void *shape, unsigned subscriber, unsigned index,
                  char name[static FLEET_NAME_SIZE]);

/* How many subscribers get each message. */
uint32_t shape_copies(const Shape *shape);

/* Which of its topics a publisher uses for its message `sequence`. */
unsigned shape_turn(const Shape *shape, uint32_t sequence);
