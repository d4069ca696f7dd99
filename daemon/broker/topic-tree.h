/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A tree of topic levels: one node per level of each topic filter or topic name in it. Router and
 * retained store hang what they keep on the nodes.
 *
 * All nodes are in ONE hash table keyed by (parent node, level), so that a node with a million
 * children costs what one with two does, and a node without children costs nothing for them. A
 * bucket of the table is a cache line: a step down the tree is two cache misses, a step that leads
 * nowhere is mostly one, and the flags of a node save most of those. The hash of a node comes from
 * those of its parent and its level alone, so that the buckets on the way down a known path can be
 * asked for all at once.
 *
 * Nothing here is recursive: depth is bounded by the callers, not by the stack.
 *
 * Thread: any (no lock inside: the owner of the tree has one)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mqtt/protocol.h"
#include "util/buffer.h"
#include "util/bytes.h"
#include "util/siphash.h"

/* A mount point comes on top of what a client may ask for, hence twice the limit. */
#define TOPIC_TREE_DEPTH_MAX (2 * MQTT_TOPIC_LEVELS_MAX)

typedef enum TopicNodeFlags {
        TOPIC_NODE_HAS_PLUS = 1 << 0, /* a child `+` */
        TOPIC_NODE_HAS_HASH = 1 << 1, /* a child `#` */
} TopicNodeFlags;

typedef struct TopicNode TopicNode;

/* Users embed it as the first member of their own node; the level's bytes follow behind that. */
struct TopicNode {
        TopicNode *parent; /* NULL: the root */
        uint32_t hash;
        uint32_t references; /* children, user, holders; at 0 the node leaves the tree */
        uint16_t length;     /* of the level in bytes */
        uint8_t flags;
        uint8_t mark;    /* the user's; not 0: the user has one of the references */
        uint32_t number; /* the user's: the place would be lost */
};

/* What a node has besides in a tree whose children can be walked. */
typedef struct TopicLinkedNode TopicLinkedNode;
struct TopicLinkedNode {
        TopicNode topic;
        TopicLinkedNode *first_child, *next, *previous;
};

#define TOPIC_BUCKET_NODES 7U

/* One cache line (on 64 bit): a byte of the hash per node, so that others are seldom looked at. */
typedef struct TopicBucket {
        uint8_t tags[TOPIC_BUCKET_NODES]; /* 0: free */
        uint8_t passed; /* nodes that found no room here and went on; sticks at 255 */
        TopicNode *nodes[TOPIC_BUCKET_NODES];
} __attribute__((aligned(64))) TopicBucket;

typedef struct TopicTree {
        TopicBucket *buckets;
        size_t n_buckets; /* a power of two */
        size_t count;     /* nodes without the root */
        TopicNode *root;
        uint64_t plus_hash, hash_hash; /* of the levels `+` and `#` */
        uint16_t node_size;
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
        return (Bytes){(const uint8_t *)node + tree->node_size, node->length};
}

static inline uint64_t topic_level_hash(Bytes level)
{
        return hash_bytes(level.data, level.length);
}

/* The hash of a child, from that of its parent and that of its level (topic_level_hash()). */
static inline uint32_t topic_child_hash(uint32_t parent_hash, uint64_t level_hash)
{
        uint64_t place = (uint64_t)parent_hash * 0x9e3779b97f4a7c15U;

        return (uint32_t)(((level_hash ^ place) * 0xff51afd7ed558ccdU) >> 32);
}

/* False: no child that is not a wildcard. (While others hold references, true may be wrong.) */
static inline bool topic_node_has_literals(const TopicNode *node)
{
        uint32_t others = (node->mark != 0) + ((node->flags & TOPIC_NODE_HAS_PLUS) != 0) +
                          ((node->flags & TOPIC_NODE_HAS_HASH) != 0);

        return node->references > others;
}

/* The child with this level and hash (topic_child_hash()), or NULL. */
TopicNode *topic_tree_child(const TopicTree *tree, const TopicNode *parent, Bytes level,
                            uint32_t hash);

/* Brings nearer to the processor what topic_tree_child() will look at: first the bucket, and when
 * that has had time to come, the node that is most likely meant. */
static inline void topic_tree_prefetch_bucket(const TopicTree *tree, uint32_t hash)
{
        __builtin_prefetch(&tree->buckets[hash & (tree->n_buckets - 1)]);
}

void topic_tree_prefetch_node(const TopicTree *tree, uint32_t hash);
