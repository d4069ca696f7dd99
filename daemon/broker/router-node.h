/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A topic filter in the router: who takes what it matches. Most filters have one taker, which lies
 * in the node itself, in places that would be empty else (48 bytes for a level of up to 8, all
 * told); others have a set of takers for each worker, and groups of shared subscriptions.
 *
 * Thread: under the router's lock
 */
#pragma once

#include <stdbool.h>

#include "broker/share.h"
#include "broker/taker-set.h"
#include "broker/topic-tree.h"

typedef enum RouterNodeKind {
        ROUTER_NODE_EMPTY, /* nobody: it only leads further */
        ROUTER_NODE_ONE,   /* one ordinary taker */
        ROUTER_NODE_MANY,
} RouterNodeKind;

/* The takers at one node that belong to one worker. */
typedef struct WorkerTakers WorkerTakers;
struct WorkerTakers {
        WorkerTakers *next;
        unsigned worker;
        TakerSet set;
};

typedef struct RouterSets {
        WorkerTakers *workers;
        ShareGroup *groups;
} RouterSets;

typedef struct RouterNode {
        TopicNode topic; /* mark: the kind and the one's options; number: the one's identifier */
        union {
                SessionId one;
                RouterSets *sets;
        };
} RouterNode;

#define ROUTER_NODE_KIND_BITS 2

static inline RouterNodeKind router_node_kind(const RouterNode *node)
{
        return (RouterNodeKind)(node->topic.mark & ((1U << ROUTER_NODE_KIND_BITS) - 1));
}

/* The taker of a node of kind one. */
static inline Taker router_node_one(const RouterNode *node)
{
        return (Taker){
                .session = node->one,
                .identifier = node->topic.number,
                .options = (SubscriptionOptions)(node->topic.mark >> ROUTER_NODE_KIND_BITS),
        };
}

/*
 * Adds an ordinary taker, or replaces that of the session. 1: it is new, 0: it is replaced;
 * *ret_same: by what it was; -ENOMEM (then nothing has changed).
 */
int router_node_add(RouterNode *node, const Taker *taker, bool *ret_same);

/* Whether it was there. An empty node drops its own reference, which the caller must have another
 * of. */
bool router_node_remove(RouterNode *node, SessionId session);

/* Puts a group, whose reference it takes over, in the list. 0 or -ENOMEM (then it is not taken). */
int router_node_link_group(RouterNode *node, ShareGroup *group);

/* Takes it out; the reference is the caller's again. As for router_node_remove(). */
void router_node_unlink_group(RouterNode *node, ShareGroup *group);

/* For topic_tree_done(). */
void router_node_done(TopicNode *node);
