/* SPDX-License-Identifier: Apache-2.0 */
/* Who publishes to which topics, and who subscribes to what. */

#include <stdio.h>

#include "bench/shape.h"

/* A prime, so that the topics of SHAPE_FILTERS come in an order that no cache line foresees. */
#define TOPIC_STEP 7919u

/* Filter k = owner * filters + index of SHAPE_FILTERS: of ten, one ends with #, one has + at a deep
 * level, one has + near the root over a hundred thousand siblings, seven are plain. No topic
 * matches two. */
static void filters_filter(unsigned k, char name[static FLEET_NAME_SIZE])
{
        unsigned site = k / 1000, device = k % 1000;

        switch (k % 10) {
        case 0:
                snprintf(name, FLEET_NAME_SIZE, "site-%u/device-%u/#", site, device);
                break;
        case 1:
                snprintf(name, FLEET_NAME_SIZE, "site-%u/device-%u/+", site, device);
                break;
        case 2:
                snprintf(name, FLEET_NAME_SIZE, "+/unit-%u/heat", k);
                break;
        default:
                snprintf(name, FLEET_NAME_SIZE, "site-%u/device-%u/heat", site, device);
        }
}

static void filters_topic(unsigned k, char name[static FLEET_NAME_SIZE])
{
        unsigned site = k / 1000, device = k % 1000;

        if (k % 10 == 2)
                snprintf(name, FLEET_NAME_SIZE, "site-%u/unit-%u/heat", site, k);
        else
                snprintf(name, FLEET_NAME_SIZE, "site-%u/device-%u/heat", site, device);
}

void shape_topic(const Shape *shape, unsigned publisher, unsigned index,
                 char name[static FLEET_NAME_SIZE])
{
        unsigned step;

        switch (shape->kind) {
        case SHAPE_FANOUT:
                snprintf(name, FLEET_NAME_SIZE, "bench/fan");
                break;
        case SHAPE_SHARED:
                snprintf(name, FLEET_NAME_SIZE, "bench/shared");
                break;
        case SHAPE_FILTERS:
                /* One of each `step` filters, another of them each time: all kinds get their share.
                 */
                step = shape->filters / shape->topics;
                filters_topic(publisher * shape->filters + index * step + index % step, name);
                break;
        case SHAPE_SPREAD:
                snprintf(name, FLEET_NAME_SIZE, "bench/from-%u/%u", publisher, index);
                break;
        case SHAPE_QUEUE:
                snprintf(name, FLEET_NAME_SIZE, "bench/sensor-%u/heat", index);
                break;
        case SHAPE_PAIRS:
        case SHAPE_FANIN:
                snprintf(name, FLEET_NAME_SIZE, "bench/from-%u", publisher);
                break;
        }
}

void shape_filter(void *data, unsigned subscriber, unsigned index,
                  char name[static FLEET_NAME_SIZE])
{
        const Shape *shape = data;

        switch (shape->kind) {
        case SHAPE_PAIRS:
                snprintf(name, FLEET_NAME_SIZE, "bench/from-%u", subscriber);
                break;
        case SHAPE_FANOUT:
                snprintf(name, FLEET_NAME_SIZE, "bench/fan");
                break;
        case SHAPE_SHARED:
                snprintf(name, FLEET_NAME_SIZE, "$share/group/bench/shared");
                break;
        case SHAPE_FILTERS:
                filters_filter(subscriber * shape->filters + index, name);
                break;
        case SHAPE_SPREAD:
                snprintf(name, FLEET_NAME_SIZE, "bench/from-%u/%u", subscriber / shape->topics,
                         subscriber % shape->topics);
                break;
        case SHAPE_FANIN:
        case SHAPE_QUEUE:
                snprintf(name, FLEET_NAME_SIZE, "bench/#");
                break;
        }
}

uint32_t shape_copies(const Shape *shape)
{
        if (shape->kind == SHAPE_FANOUT || shape->kind == SHAPE_QUEUE)
                return shape->subscribers;
        return 1;
}

unsigned shape_turn(const Shape *shape, uint32_t sequence)
{
        if (shape->topics == 1)
                return 0;
        if (shape->kind == SHAPE_FILTERS)
                return (unsigned)((uint64_t)sequence * TOPIC_STEP % shape->topics);
        return sequence % shape->topics;
}
