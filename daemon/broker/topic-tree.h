/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A tree of topic levels: one node per level of each topic filter or topic name in it. Router and
 * retained store hang what they keep on the nodes.
 *
 * All nodes are in ONE hash table (topic-table.h) keyed by (parent node, level), so that a node
 * with a million children costs what one with two does, and a node without children costs nothing
 * for them. A bucket of the table is a cache line: a step down the tree is two cache misses, a step
 * that leads nowhere is mostly one, and the flags of a node save most of those. The hash of a node
 * comes from those of its parent and its level alone, so that the buckets on the way down a known
 * path can be asked for all at once.
 *
 * Nothing here is recursive: depth is bounded by the callers, not by the stack.
 *
 * Thread: any (no lock inside: the owner of the tree has one)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/topic-node.h"
#include "broker/topic-table.h"
#include "mqtt/protocol.h"
#include "util/buffer.h"
#include "util/bytes.h"

/* A mount point comes on top of what a client may ask for, hence twice the limit. */
#define TOPIC_TREE_DEPTH_MAX (2 * MQTT_TOPIC_LEVELS_MAX)

typedef struct TopicTree {
        TopicTable table; /* of all nodes without the root */
        TopicNode *root;
        uint64_t plus_hash, hash_hash; /* of the levels `+` and `#` */
        bool linked;
} TopicTree;

/*
 * An empty tree of nodes of node_size bytes (what is behind TopicNode or TopicLinkedNode is zero at
 * first); linked: they start with a TopicLinkedNode. 0 or -ENOMEM.
 */
int topic_tree_init(TopicTree *tree, size_t node_size, bool linked);

/* Frees all nodes, after node_done for each (may be NULL), in no order. */
void topic_tree_done(TopicTree *tree, void (*node_done)(TopicNode *node));

/*
 * The node of the path; nodes that were missing are made. The caller has a reference. 0, -ENOMEM,
 * or -E2BIG for more than TOPIC_TREE_DEPTH_MAX levels (then nothing has changed).
 */
int topic_tree_add(TopicTree *tree, Bytes path, TopicNode **ret_node);

/* The node of the path, borrowed, or NULL. */
TopicNode *topic_tree_find(const TopicTree *tree, Bytes path);

/* Appends the path of a node that is not the root. 0 or -ENOMEM. */
int topic_tree_path(const TopicTree *tree, const TopicNode *node, Buffer *path);

/* A node with a reference stays in the tree, and so do those above it. */
static inline TopicNode *topic_node_ref(TopicNode *node)
{
        node->references++;
        return node;
}

/* Drops a reference; a node without any leaves the tree, and then perhaps those above it. */
void topic_tree_unref(TopicTree *tree, TopicNode *node);

/* The level of the node; of the root: nothing. */
static inline Bytes topic_node_level(const TopicTree *tree, const TopicNode *node)
{
        return topic_node_bytes(node, tree->table.node_size);
}

/* False: no child that is not a wildcard. (While others hold references, true may be wrong.) */
static inline bool topic_node_has_literals(const TopicNode *node)
{
        uint32_t others = (node->mark != 0) + ((node->flags & TOPIC_NODE_HAS_PLUS) != 0) +
                          ((node->flags & TOPIC_NODE_HAS_HASH) != 0);

        return node->references > others;
}

/* The child with this level and hash (topic_child_hash()), or NULL. */
static inline TopicNode *topic_tree_child(const TopicTree *tree, const TopicNode *parent,
                                          Bytes level, uint32_t hash)
{
        return topic_table_find(&tree->table, parent, level, hash);
}
