/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The hash table of all nodes of a tree (topic-tree.h), keyed by (parent node, level).
 *
 * A bucket is a cache line with a byte of the hash of each of its nodes; who finds no room in his
 * bucket is in one of the next. The table doubles when it is full, and halves when it is empty. A
 * large one does so bit by bit: the nodes are moved by those that are added and taken out later,
 * some buckets each time, and until then there are two tables to look into. At once it would hold
 * up everybody, a million nodes for 60 ms.
 *
 * Thread: any (no lock inside: the owner of the tree has one)
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "broker/topic-node.h"

#define TOPIC_BUCKET_NODES 7U

/* One cache line (on 64 bit): a byte of the hash per node, so that others are seldom looked at. */
typedef struct TopicBucket {
        uint8_t tags[TOPIC_BUCKET_NODES]; /* 0: free */
        uint8_t passed; /* nodes that found no room here and went on; sticks at 255 */
        TopicNode *nodes[TOPIC_BUCKET_NODES];
} __attribute__((aligned(64))) TopicBucket;

typedef struct TopicBuckets {
        TopicBucket *at;
        size_t n;     /* a power of two */
        void *memory; /* that they are in */
} TopicBuckets;

typedef struct TopicTable {
        TopicBuckets now;
        TopicBuckets old;   /* without memory: the size does not change */
        size_t moved;       /* so many buckets of the old ones are empty */
        size_t count;       /* nodes */
        uint16_t node_size; /* with what their user adds */
} TopicTable;

/* An empty one. 0 or -ENOMEM. */
int topic_table_init(TopicTable *table, uint16_t node_size);

/* Frees the table, and each node after node_done for it (may be NULL), in no order. */
void topic_table_done(TopicTable *table, void (*node_done)(TopicNode *node));

/* The child with this level and hash, or NULL. */
TopicNode *topic_table_find(const TopicTable *table, const TopicNode *parent, Bytes level,
                            uint32_t hash);

/* Makes room for one more. 0 or -ENOMEM. */
int topic_table_reserve(TopicTable *table);

/* Adds a node, which is not there, and whose hash, parent and level stay; there is room for it. */
void topic_table_add(TopicTable *table, TopicNode *node);

/* Takes out a node, which is there. */
void topic_table_remove(TopicTable *table, const TopicNode *node);

/* Gives back memory when most have gone. */
void topic_table_shrink(TopicTable *table);

/* Brings nearer to the processor what topic_table_find() will look at: first the bucket, and when
 * that has had time to come, the node that is most likely meant. */
static inline void topic_table_prefetch_bucket(const TopicTable *table, uint32_t hash)
{
        __builtin_prefetch(&table->now.at[hash & (table->now.n - 1)]);
}

void topic_table_prefetch_node(const TopicTable *table, uint32_t hash);
