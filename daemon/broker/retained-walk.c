/* SPDX-License-Identifier: Apache-2.0 */
/* retained-walk.c: all places of the tree, backwards. */
#include "broker/retained-walk.h"

#include "broker/retained-tree.h"

/* Each list of siblings is gone along twice, once to find its end. */
static const TopicNode *last_child(const TopicNode *node)
{
        const TopicNode *last = NULL;

        for (const TopicNode *child = retained_first_child(node); child;
             child = retained_next_sibling(child))
                last = child;
        return last;
}

static const TopicNode *previous_sibling(const TopicNode *node)
{
        const TopicLinkedNode *previous = ((const TopicLinkedNode *)node)->previous;

        return previous ? &previous->topic : NULL;
}

static const TopicNode *following(const TopicNode *node)
{
        const TopicNode *next = last_child(node);

        while (!next && node->parent) {
                next = previous_sibling(node);
                node = node->parent;
        }
        return next;
}

bool retained_walk_next(RetainedWalk *walk, RetainedPlace *ret_place)
{
        const TopicNode *node = walk->node ? walk->node : walk->retained->tree.root;
        Message *message = NULL;

        /* A node above others is there because of them. */
        do {
                node = following(node);
                if (node)
                        message = ((const RetainedNode *)node)->message;
        } while (node && !message && retained_first_child(node));
        if (!node)
                return false;
        walk->node = node;
        *ret_place = (RetainedPlace){message, node};
        return true;
}

int retained_place_topic(const Retained *retained, const RetainedPlace *place, Buffer *topic)
{
        return topic_tree_path(&retained->tree, place->node, topic);
}

int retained_hold_place(Retained *retained, Bytes topic, TopicNode **ret_node)
{
        _cleanup_(retained_unlockp) _unused_ pthread_mutex_t *lock = retained_lock(retained);

        return topic_tree_add(&retained->tree, topic, ret_node);
}

void retained_release_place(Retained *retained, TopicNode *node)
{
        _cleanup_(retained_unlockp) _unused_ pthread_mutex_t *lock = retained_lock(retained);

        topic_tree_unref(&retained->tree, node);
}
