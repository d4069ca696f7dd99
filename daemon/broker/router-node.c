/* SPDX-License-Identifier: Apache-2.0 */
/* A topic filter in the router: who takes what it matches. */

#include "broker/router-node.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "util/macro.h"

static_assert(offsetof(TopicNode, number) + sizeof(uint32_t) == sizeof(TopicNode) &&
                      sizeof(RouterNode) == sizeof(TopicNode) + sizeof(SessionId),
              "documented: no padding");

/* The options byte of MQTT has two reserved bits: they make room for the kind. */
static void node_set_mark(RouterNode *node, RouterNodeKind kind, SubscriptionOptions options)
{
        unsigned mark = kind | ((unsigned)options << ROUTER_NODE_KIND_BITS);

        assert(mark <= UINT8_MAX);

        if (router_node_kind(node) == ROUTER_NODE_EMPTY && kind != ROUTER_NODE_EMPTY)
                topic_node_ref(&node->topic);
        if (router_node_kind(node) != ROUTER_NODE_EMPTY && kind == ROUTER_NODE_EMPTY) {
                node->topic.references--;
                assert(node->topic.references > 0);
        }
        node->topic.mark = (uint8_t)mark;
}

static void node_set_one(RouterNode *node, const Taker *taker)
{
        node->one = taker->session;
        node->topic.number = taker->identifier;
        node_set_mark(node, ROUTER_NODE_ONE, taker->options);
}

static WorkerTakers *worker_takers_new(unsigned worker, WorkerTakers *next)
{
        WorkerTakers *takers = malloc(sizeof(*takers));

        if (takers)
                *takers = (WorkerTakers){.next = next, .worker = worker};
        return takers;
}

static void worker_takers_free(WorkerTakers *takers)
{
        taker_set_done(&takers->set);
        free(takers);
}

/* Adds to the set of the taker's worker: one that is not there yet. */
static int sets_add(RouterSets *sets, const Taker *taker)
{
        unsigned worker = session_id_worker(taker->session);
        WorkerTakers *takers = sets->workers;

        while (takers && takers->worker != worker)
                takers = takers->next;
        if (takers)
                return taker_set_add(&takers->set, taker);
        takers = worker_takers_new(worker, sets->workers);
        if (!takers)
                return -ENOMEM;
        if (taker_set_add(&takers->set, taker) < 0) {
                worker_takers_free(takers);
                return -ENOMEM;
        }
        sets->workers = takers;
        return 0;
}

/* From the form with one taker, or none, to that with sets. */
static int node_expand(RouterNode *node)
{
        _cleanup_free_ RouterSets *sets = NULL;

        if (router_node_kind(node) == ROUTER_NODE_MANY)
                return 0;
        sets = calloc(1, sizeof(*sets));
        if (!sets)
                return -ENOMEM;
        if (router_node_kind(node) == ROUTER_NODE_ONE) {
                Taker one = router_node_one(node);

                if (sets_add(sets, &one) < 0)
                        return -ENOMEM;
        }
        node->sets = TAKE_PTR(sets);
        node_set_mark(node, ROUTER_NODE_MANY, 0);
        return 0;
}

/* Back to the smallest form that holds what is left; also after an addition that failed half-way.
 */
static void node_settle(RouterNode *node)
{
        RouterSets *sets = node->sets;
        WorkerTakers *takers;

        if (router_node_kind(node) != ROUTER_NODE_MANY || sets->groups)
                return;
        takers = sets->workers;
        if (!takers) {
                node_set_mark(node, ROUTER_NODE_EMPTY, 0);
        } else if (!takers->next && takers->set.n_takers == 1) {
                node_set_one(node, &takers->set.takers[0]);
                worker_takers_free(takers);
        } else {
                return;
        }
        free(sets);
}

/* Where the session's taker is in the sets, or NULL. */
static Taker *sets_find(const RouterSets *sets, SessionId session)
{
        for (WorkerTakers *takers = sets->workers; takers; takers = takers->next)
                if (takers->worker == session_id_worker(session)) {
                        uint32_t position = taker_set_find(&takers->set, session);

                        return position == TAKER_NOT_FOUND ? NULL : &takers->set.takers[position];
                }
        return NULL;
}

static bool taker_same(const Taker *a, const Taker *b)
{
        return a->identifier == b->identifier && a->options == b->options;
}

int router_node_add(RouterNode *node, const Taker *taker, bool *ret_same)
{
        Taker one = router_node_one(node), *old = NULL;
        int r;

        if (router_node_kind(node) == ROUTER_NODE_EMPTY) {
                node_set_one(node, taker);
                return 1;
        }
        if (router_node_kind(node) == ROUTER_NODE_ONE && one.session == taker->session) {
                *ret_same = taker_same(&one, taker);
                node_set_one(node, taker);
                return 0;
        }
        if (router_node_kind(node) == ROUTER_NODE_MANY)
                old = sets_find(node->sets, taker->session);
        if (old) {
                *ret_same = taker_same(old, taker);
                *old = *taker;
                return 0;
        }
        r = node_expand(node);
        if (r < 0)
                return r;
        r = sets_add(node->sets, taker);
        if (r < 0)
                node_settle(node);
        return r < 0 ? r : 1;
}

bool router_node_remove(RouterNode *node, SessionId session)
{
        WorkerTakers **link, *takers;
        uint32_t position;

        if (router_node_kind(node) == ROUTER_NODE_ONE && node->one == session) {
                node_set_mark(node, ROUTER_NODE_EMPTY, 0);
                return true;
        }
        if (router_node_kind(node) != ROUTER_NODE_MANY)
                return false;
        link = &node->sets->workers;
        while (*link && (*link)->worker != session_id_worker(session))
                link = &(*link)->next;
        takers = *link;
        position = takers ? taker_set_find(&takers->set, session) : TAKER_NOT_FOUND;
        if (position == TAKER_NOT_FOUND)
                return false;
        taker_set_remove(&takers->set, position);
        if (takers->set.n_takers == 0) {
                *link = takers->next;
                worker_takers_free(takers);
        }
        node_settle(node);
        return true;
}

int router_node_link_group(RouterNode *node, ShareGroup *group)
{
        int r = node_expand(node);

        if (r < 0)
                return r;
        group->node = node;
        group->previous = NULL;
        group->next = node->sets->groups;
        if (group->next)
                group->next->previous = group;
        node->sets->groups = group;
        return 0;
}

void router_node_unlink_group(RouterNode *node, ShareGroup *group)
{
        if (group->previous)
                group->previous->next = group->next;
        else
                node->sets->groups = group->next;
        if (group->next)
                group->next->previous = group->previous;
        node_settle(node);
}

void router_node_done(TopicNode *topic)
{
        RouterNode *node = (RouterNode *)topic;
        WorkerTakers *takers;
        ShareGroup *group;

        if (router_node_kind(node) != ROUTER_NODE_MANY)
                return;
        while ((takers = node->sets->workers)) {
                node->sets->workers = takers->next;
                worker_takers_free(takers);
        }
        while ((group = node->sets->groups)) {
                node->sets->groups = group->next;
                share_group_disband(group);
                share_group_unref(group);
        }
        free(node->sets);
}
