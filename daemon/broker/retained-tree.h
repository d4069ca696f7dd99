/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The tree behind the retained messages, for those who walk over it: the store itself, cursors, and
 * who writes it down.
 *
 * Thread: any (under the lock)
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "broker/holdings.h"
#include "broker/message.h"
#include "broker/topic-tree.h"
#include "util/macro.h"

/* Nodes that one slice of work looks at: some ten microseconds under the lock. */
#define RETAINED_SLICE 256U

typedef struct RetainedNode {
        TopicLinkedNode linked; /* its references: one for the message */
        Message *message;
} RetainedNode;

typedef struct Retained Retained; /* retained.h */

struct Retained {
        pthread_mutex_t lock;
        TopicTree tree;
        TopicNode *sweep;  /* where retained_expire() is, with a reference; NULL: at the start */
        size_t n_expiring; /* messages that will expire */
        struct CommitLane *lane; /* retained_use_lane() */
        atomic_size_t count, bytes;
        Holdings *holdings; /* NULL: nobody is limited */
};

_unused_ static inline void retained_unlockp(pthread_mutex_t **lock)
{
        pthread_mutex_unlock(*lock);
}

static inline pthread_mutex_t *retained_lock(Retained *retained)
{
        pthread_mutex_lock(&retained->lock);
        return &retained->lock;
}

static inline Message **retained_node_message(TopicNode *node)
{
        return &((RetainedNode *)node)->message;
}

static inline TopicNode *retained_first_child(const TopicNode *node)
{
        TopicLinkedNode *child = ((const TopicLinkedNode *)node)->first_child;

        return child ? &child->topic : NULL;
}

static inline TopicNode *retained_next_sibling(const TopicNode *node)
{
        TopicLinkedNode *next = ((const TopicLinkedNode *)node)->next;

        return next ? &next->topic : NULL;
}

/* Puts a reference on a node that may be NULL in the place of another. */
static inline void retained_move(Retained *retained, TopicNode **place, TopicNode *node)
{
        TopicNode *old = *place;

        *place = node ? topic_node_ref(node) : NULL;
        if (old)
                topic_tree_unref(&retained->tree, old);
}
