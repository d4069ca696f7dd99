/* SPDX-License-Identifier: Apache-2.0 */
/* What a walk through the router gathers for one topic and one worker. */

#include "broker/route-match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/macro.h"

/* Takers; a larger array is not kept for the next topic, which most likely has few. */
#define KEEP_MAX 4096U

void route_match_clear(RouteMatch *match)
{
        while (match->n_groups > 0)
                share_group_unref(match->groups[--match->n_groups]);
        if (match->takers_capacity > KEEP_MAX || match->groups_capacity > KEEP_MAX)
                route_match_done(match);
        match->workers = match->n_filters = 0;
        match->n_takers = 0;
}

void route_match_done(RouteMatch *match)
{
        while (match->n_groups > 0)
                share_group_unref(match->groups[--match->n_groups]);
        free(match->takers);
        free(match->groups);
        *match = (RouteMatch){0};
}

static int match_add_takers(RouteMatch *match, const Taker *takers, size_t n)
{
        if (_unlikely_(match->takers_capacity - match->n_takers < n)) {
                size_t capacity = MAX(2 * match->takers_capacity, match->n_takers + n);
                Taker *larger = realloc(match->takers, capacity * sizeof(*larger));

                if (!larger)
                        return -ENOMEM;
                match->takers = larger;
                match->takers_capacity = capacity;
        }
        memcpy(match->takers + match->n_takers, takers, n * sizeof(*takers));
        match->n_takers += n;
        match->n_filters++;
        return 0;
}

static int match_add_group(RouteMatch *match, ShareGroup *group)
{
        if (match->n_groups == match->groups_capacity) {
                size_t capacity = match->groups_capacity ? match->groups_capacity * 2 : 4;
                ShareGroup **larger = realloc(match->groups, capacity * sizeof(ShareGroup *));

                if (!larger)
                        return -ENOMEM;
                match->groups = larger;
                match->groups_capacity = capacity;
        }
        match->groups[match->n_groups++] = share_group_ref(group);
        return 0;
}

static int match_add_sets(RouteMatch *match, unsigned worker, const RouterSets *sets)
{
        int r = 0;

        for (const WorkerTakers *takers = sets->workers; takers && r == 0; takers = takers->next) {
                match->workers |= 1U << takers->worker;
                if (takers->worker == worker)
                        r = match_add_takers(match, takers->set.takers, takers->set.n_takers);
        }
        for (ShareGroup *group = sets->groups; group && r == 0; group = group->next)
                r = match_add_group(match, group);
        return r;
}

int route_match_add_node(RouteMatch *match, unsigned worker, const RouterNode *node)
{
        Taker one;

        if (router_node_kind(node) == ROUTER_NODE_EMPTY)
                return 0;
        if (router_node_kind(node) == ROUTER_NODE_MANY)
                return match_add_sets(match, worker, node->sets);
        one = router_node_one(node);
        match->workers |= 1U << session_id_worker(one.session);
        return session_id_worker(one.session) == worker ? match_add_takers(match, &one, 1) : 0;
}
