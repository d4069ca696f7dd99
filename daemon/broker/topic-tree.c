/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of topic levels: the table of its nodes, adding and pruning. */

#include "broker/topic-tree.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/topic.h"
#include "util/macro.h"

#define BUCKETS_MIN 16U
/* Nodes per bucket on average when the table doubles: beyond, too many do not find room at home. */
#define LOAD_MAX  6U
#define EACH_BYTE 0x0101010101010101U

static_assert(sizeof(void *) != 8 || sizeof(TopicBucket) == 64, "a bucket is a cache line");
static_assert(offsetof(TopicBucket, passed) == TOPIC_BUCKET_NODES, "eight bytes in one word");

static uint8_t hash_tag(uint32_t hash)
{
        uint8_t tag = (uint8_t)(hash >> 24);

        return tag ? tag : 1;
}

/*
 * The places in the bucket that have this tag: the highest bit of each such byte. All eight bytes
 * are compared at once; a byte above a true match may be a false one, so the caller looks at the
 * node.
 */
static uint64_t bucket_candidates(const TopicBucket *bucket, uint8_t tag)
{
        uint64_t word;

        memcpy(&word, bucket->tags, sizeof(word));
        word = le64toh(word) ^ (EACH_BYTE * tag);
        return (word - EACH_BYTE) & ~word & (EACH_BYTE << 7) & (UINT64_MAX >> 8);
}

static unsigned candidate_place(uint64_t candidates)
{
        return (unsigned)__builtin_ctzll(candidates) / 8;
}

TopicNode *topic_tree_child(const TopicTree *tree, const TopicNode *parent, Bytes level,
                            uint32_t hash)
{
        size_t mask = tree->n_buckets - 1, at = hash & mask;
        uint8_t tag = hash_tag(hash);

        /* Counters of passers-by that stick could lead in a circle: no further than once round. */
        for (size_t n = 0; n <= mask; n++, at = (at + 1) & mask) {
                const TopicBucket *bucket = &tree->buckets[at];
                uint64_t candidates = bucket_candidates(bucket, tag);

                for (; candidates; candidates &= candidates - 1) {
                        TopicNode *node = bucket->nodes[candidate_place(candidates)];

                        if (node && node->hash == hash && node->parent == parent &&
                            bytes_equal(topic_node_level(tree, node), level))
                                return node;
                }
                if (bucket->passed == 0)
                        return NULL;
        }
        return NULL;
}

void topic_tree_prefetch_node(const TopicTree *tree, uint32_t hash)
{
        const TopicBucket *bucket = &tree->buckets[hash & (tree->n_buckets - 1)];
        uint64_t candidates = bucket_candidates(bucket, hash_tag(hash));

        if (candidates)
                __builtin_prefetch(bucket->nodes[candidate_place(candidates)]);
}

/* There is a free place somewhere. */
static void table_put(TopicBucket *buckets, size_t n_buckets, TopicNode *node)
{
        size_t mask = n_buckets - 1;

        for (size_t at = node->hash & mask;; at = (at + 1) & mask) {
                TopicBucket *bucket = &buckets[at];
                uint64_t free_places = bucket_candidates(bucket, 0);

                if (free_places) {
                        unsigned place = candidate_place(free_places);

                        bucket->tags[place] = hash_tag(node->hash);
                        bucket->nodes[place] = node;
                        return;
                }
                if (bucket->passed < UINT8_MAX)
                        bucket->passed++;
        }
}

/* The node is there. */
static void table_take_out(TopicTree *tree, const TopicNode *node)
{
        size_t mask = tree->n_buckets - 1;

        for (size_t at = node->hash & mask;; at = (at + 1) & mask) {
                TopicBucket *bucket = &tree->buckets[at];

                for (unsigned place = 0; place < TOPIC_BUCKET_NODES; place++)
                        if (bucket->nodes[place] == node) {
                                bucket->tags[place] = 0;
                                bucket->nodes[place] = NULL;
                                return;
                        }
                if (bucket->passed < UINT8_MAX)
                        bucket->passed--;
        }
}

static int table_resize(TopicTree *tree, size_t n_buckets)
{
        size_t size = n_buckets * sizeof(TopicBucket);
        TopicBucket *buckets = aligned_alloc(sizeof(TopicBucket), size);

        if (!buckets)
                return -ENOMEM;
        memset(buckets, 0, size);
        for (size_t i = 0; i < tree->n_buckets; i++)
                for (unsigned place = 0; place < TOPIC_BUCKET_NODES; place++) {
                        TopicNode *node = tree->buckets[i].nodes[place];

                        /* The nodes lie all over the heap: ask for them some steps ahead. */
                        if (i + 2 < tree->n_buckets && tree->buckets[i + 2].nodes[place])
                                __builtin_prefetch(tree->buckets[i + 2].nodes[place]);
                        if (node)
                                table_put(buckets, n_buckets, node);
                }
        free(tree->buckets);
        tree->buckets = buckets;
        tree->n_buckets = n_buckets;
        return 0;
}

int topic_tree_init(TopicTree *tree, size_t node_size, bool linked)
{
        assert(node_size >= (linked ? sizeof(TopicLinkedNode) : sizeof(TopicNode)));
        assert(node_size <= UINT16_MAX);

        *tree = (TopicTree){
                .node_size = (uint16_t)node_size,
                .linked = linked,
                .plus_hash = topic_level_hash(BYTES_LITERAL("+")),
                .hash_hash = topic_level_hash(BYTES_LITERAL("#")),
        };
        tree->root = calloc(1, node_size);
        if (!tree->root || table_resize(tree, BUCKETS_MIN) < 0) {
                free(tree->root);
                *tree = (TopicTree){0};
                return -ENOMEM;
        }
        tree->root->references = 1;
        return 0;
}

void topic_tree_done(TopicTree *tree, void (*node_done)(TopicNode *node))
{
        for (size_t i = 0; i < tree->n_buckets; i++)
                for (unsigned place = 0; place < TOPIC_BUCKET_NODES; place++) {
                        TopicNode *node = tree->buckets[i].nodes[place];

                        if (!node)
                                continue;
                        if (node_done)
                                node_done(node);
                        free(node);
                }
        free(tree->buckets);
        free(tree->root);
        *tree = (TopicTree){0};
}

static uint8_t wildcard_flag(Bytes level)
{
        if (level.length != 1)
                return 0;
        if (level.data[0] == '+')
                return TOPIC_NODE_HAS_PLUS;
        return level.data[0] == '#' ? TOPIC_NODE_HAS_HASH : 0;
}

static void link_child(TopicNode *parent, TopicNode *node)
{
        TopicLinkedNode *above = (TopicLinkedNode *)parent, *child = (TopicLinkedNode *)node;

        child->next = above->first_child;
        if (child->next)
                child->next->previous = child;
        above->first_child = child;
}

static void unlink_child(TopicNode *parent, TopicNode *node)
{
        TopicLinkedNode *above = (TopicLinkedNode *)parent, *child = (TopicLinkedNode *)node;

        if (child->previous)
                child->previous->next = child->next;
        else
                above->first_child = child->next;
        if (child->next)
                child->next->previous = child->previous;
}

/* A new child, not yet referenced. */
static int node_new(TopicTree *tree, TopicNode *parent, Bytes level, uint32_t hash,
                    TopicNode **ret_node)
{
        TopicNode *node;

        if (tree->count >= tree->n_buckets * LOAD_MAX &&
            table_resize(tree, tree->n_buckets * 2) < 0)
                return -ENOMEM;
        node = malloc(tree->node_size + level.length);
        if (!node)
                return -ENOMEM;
        memset(node, 0, tree->node_size);
        memcpy((uint8_t *)node + tree->node_size, level.data, level.length);
        node->parent = topic_node_ref(parent);
        node->hash = hash;
        node->length = (uint16_t)level.length;
        parent->flags |= wildcard_flag(level);
        if (tree->linked)
                link_child(parent, node);
        table_put(tree->buckets, tree->n_buckets, node);
        tree->count++;
        *ret_node = node;
        return 0;
}

/* Takes a node without references out of the tree; returns its parent, whose reference is free. */
static TopicNode *node_free(TopicTree *tree, TopicNode *node)
{
        TopicNode *parent = node->parent;

        parent->flags &= (uint8_t)~wildcard_flag(topic_node_level(tree, node));
        if (tree->linked)
                unlink_child(parent, node);
        table_take_out(tree, node);
        tree->count--;
        free(node);
        return parent;
}

void topic_tree_unref(TopicTree *tree, TopicNode *node)
{
        while (--node->references == 0)
                node = node_free(tree, node);

        /* Best effort: without memory for a smaller table the large one serves. */
        if (tree->count < tree->n_buckets && tree->n_buckets > BUCKETS_MIN)
                (void)table_resize(tree, tree->n_buckets / 2);
}

int topic_tree_add(TopicTree *tree, Bytes path, TopicNode **ret_node)
{
        TopicNode *node = topic_node_ref(tree->root);
        TopicLevels levels = topic_levels(path);
        Bytes level;
        int r = 0;

        for (unsigned depth = 0; topic_levels_next(&levels, &level); depth++) {
                uint32_t hash = topic_child_hash(node->hash, topic_level_hash(level));
                TopicNode *child = topic_tree_child(tree, node, level, hash);

                if (depth >= TOPIC_TREE_DEPTH_MAX || level.length > UINT16_MAX)
                        r = -E2BIG;
                else if (!child)
                        r = node_new(tree, node, level, hash, &child);
                if (r < 0) {
                        topic_tree_unref(tree, node); /* and what was made on the way */
                        return r;
                }
                topic_node_ref(child);
                node->references--; /* it has the child: never 0 */
                node = child;
        }
        *ret_node = node;
        return 0;
}

TopicNode *topic_tree_find(const TopicTree *tree, Bytes path)
{
        TopicNode *node = tree->root;
        TopicLevels levels = topic_levels(path);
        Bytes level;

        while (node && topic_levels_next(&levels, &level))
                node = topic_tree_child(tree, node, level,
                                        topic_child_hash(node->hash, topic_level_hash(level)));
        return node;
}

int topic_tree_path(const TopicTree *tree, const TopicNode *node, Buffer *path)
{
        size_t length = 0;
        uint8_t *end;
        int r;

        for (const TopicNode *at = node; at->parent; at = at->parent)
                length += (at != node) + (size_t)at->length;
        r = buffer_reserve(path, MAX(length, (size_t)1));
        if (r < 0)
                return r;
        buffer_commit(path, length);
        end = buffer_tail(path);
        for (const TopicNode *at = node; at->parent; at = at->parent) {
                Bytes level = topic_node_level(tree, at);

                if (at != node)
                        *--end = '/';
                end -= level.length;
                memcpy(end, level.data, level.length);
        }
        return 0;
}
