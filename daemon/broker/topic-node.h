/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A node of a tree of topic levels (topic-tree.h), and its hash.
 *
 * Thread: any (no lock inside: the owner of the tree has one)
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/bytes.h"
#include "util/siphash.h"

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

/* The level of a node that has so many bytes with what its user adds; of the root: nothing. */
static inline Bytes topic_node_bytes(const TopicNode *node, size_t node_size)
{
        return (Bytes){(const uint8_t *)node + node_size, node->length};
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
