/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of topic levels: adding and pruning. */

#include "broker/topic-tree.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/topic.h"
#include "util/macro.h"

int topic_tree_init(TopicTree *tree, size_t node_size, bool linked)
{
        assert(node_size >= (linked ? sizeof(TopicLinkedNode) : sizeof(TopicNode)));
        assert(node_size <= UINT16_MAX);

        *tree = (TopicTree){
                .linked = linked,
                .plus_hash = topic_level_hash(BYTES_LITERAL("+")),
                .hash_hash = topic_level_hash(BYTES_LITERAL("#")),
        };
        tree->root = calloc(1, node_size);
        if (!tree->root || topic_table_init(&tree->table, (uint16_t)node_size) < 0) {
                free(tree->root);
                *tree = (TopicTree){0};
                return -ENOMEM;
        }
        tree->root->references = 1;
        return 0;
}

void topic_tree_done(TopicTree *tree, void (*node_done)(TopicNode *node))
{
        topic_table_done(&tree->table, node_done);
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
        const size_t size = tree->table.node_size;
        TopicNode *node;

        if (topic_table_reserve(&tree->table) < 0)
                return -ENOMEM;
        node = malloc(size + level.length);
        if (!node)
                return -ENOMEM;
        memset(node, 0, size);
        memcpy((uint8_t *)node + size, level.data, level.length);
        node->parent = topic_node_ref(parent);
        node->hash = hash;
        node->length = (uint16_t)level.length;
        parent->flags |= wildcard_flag(level);
        if (tree->linked)
                link_child(parent, node);
        topic_table_add(&tree->table, node);
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
        topic_table_remove(&tree->table, node);
        free(node);
        return parent;
}

void topic_tree_unref(TopicTree *tree, TopicNode *node)
{
        while (--node->references == 0)
                node = node_free(tree, node);
        topic_table_shrink(&tree->table);
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
