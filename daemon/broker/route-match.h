/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a walk through the router gathers for one topic and one worker. Its arrays are kept from
 * topic to topic.
 *
 * Thread: worker
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "broker/route-versions.h"
#include "broker/router-node.h"

/* All zero is one without memory. */
typedef struct RouteMatch {
        RouteStamp stamp;   /* from before the walk */
        uint32_t workers;   /* a bit for each that has ordinary takers */
        uint32_t n_filters; /* that have takers of the own worker; from 2 on, sessions may repeat */
        Taker *takers;      /* of the own worker */
        size_t n_takers, takers_capacity;
        ShareGroup **groups; /* of the whole broker, each with a reference */
        size_t n_groups, groups_capacity;
} RouteMatch;

/* Ready for the next topic: drops the references, keeps the memory unless it is large. */
void route_match_clear(RouteMatch *match);

/* Drops the references and gives all memory back. */
void route_match_done(RouteMatch *match);

/* Adds those who take what matches the node, under the router's lock. 0 or -ENOMEM. */
int route_match_add_node(RouteMatch *match, unsigned worker, const RouterNode *node);
