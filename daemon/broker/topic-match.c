/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over all nodes of a tree of topic filters that match a topic name. */

#include "broker/topic-match.h"

#include "mqtt/topic.h"
#include "util/macro.h"

#define PREFETCH_LEVELS 8U

/* Whether the topic has a level at this depth; reads and hashes each level once, when asked first.
 */
static bool match_has_level(TopicMatch *match, unsigned depth)
{
        while (depth >= match->n_levels) {
                TopicLevels levels = {match->rest, match->end};
                Bytes text;

                if (match->n_levels > TOPIC_TREE_DEPTH_MAX || !topic_levels_next(&levels, &text))
                        return false;
                match->rest = levels.at;
                match->levels[match->n_levels].text = text;
                match->levels[match->n_levels].hash = topic_level_hash(text);
                match->n_levels++;
        }
        return true;
}

static void match_push(TopicMatch *match, const TopicNode *parent, unsigned depth,
                       TopicStepKind kind, uint64_t level_hash)
{
        uint32_t hash = topic_child_hash(parent->hash, level_hash);

        topic_table_prefetch_bucket(&match->tree->table, hash);
        match->steps[match->n_steps++] = (TopicStep){
                .parent = parent,
                .hash = hash,
                .depth = (uint16_t)depth,
                .kind = (uint8_t)kind,
        };
}

/* All that may match below a node whose own levels do. */
static void match_expand(TopicMatch *match, const TopicNode *node, unsigned depth)
{
        bool has_level = match_has_level(match, depth);
        bool wildcards = depth > 0 || !match->is_special;

        if (has_level && topic_node_has_literals(node))
                match_push(match, node, depth, TOPIC_STEP_LITERAL, match->levels[depth].hash);
        if (has_level && wildcards && (node->flags & TOPIC_NODE_HAS_PLUS))
                match_push(match, node, depth, TOPIC_STEP_PLUS, match->tree->plus_hash);
        if (wildcards && (node->flags & TOPIC_NODE_HAS_HASH))
                match_push(match, node, depth, TOPIC_STEP_HASH, match->tree->hash_hash);
}

/* Asks for all buckets on the way of a filter that is the topic itself, then for the nodes. */
static void match_prefetch_path(TopicMatch *match)
{
        uint32_t hashes[PREFETCH_LEVELS], hash = match->tree->root->hash;
        unsigned n = 0;

        for (; n < PREFETCH_LEVELS && match_has_level(match, n); n++) {
                hash = topic_child_hash(hash, match->levels[n].hash);
                topic_table_prefetch_bucket(&match->tree->table, hash);
                hashes[n] = hash;
        }
        for (unsigned i = 0; i < n; i++)
                topic_table_prefetch_node(&match->tree->table, hashes[i]);
}

void topic_match_init(TopicMatch *match, const TopicTree *tree, Bytes topic)
{
        TopicLevels levels = topic_levels(topic);

        match->tree = tree;
        match->rest = levels.at;
        match->end = levels.end;
        match->is_special = topic.length > 0 && topic.data[0] == '$';
        match->n_levels = match->n_steps = 0;
        match_prefetch_path(match);
        match_expand(match, tree->root, 0);
}

TopicNode *topic_match_next(TopicMatch *match)
{
        while (match->n_steps > 0) {
                TopicStep step = match->steps[--match->n_steps];
                Bytes level = step.kind == TOPIC_STEP_PLUS   ? BYTES_LITERAL("+")
                              : step.kind == TOPIC_STEP_HASH ? BYTES_LITERAL("#")
                                                             : match->levels[step.depth].text;
                TopicNode *node;

                if (match->n_steps > 0)
                        topic_table_prefetch_node(&match->tree->table,
                                                  match->steps[match->n_steps - 1].hash);
                node = topic_tree_child(match->tree, step.parent, level, step.hash);
                if (!node)
                        continue;
                if (step.kind == TOPIC_STEP_HASH)
                        return node;
                match_expand(match, node, step.depth + 1U);
                if (!match_has_level(match, step.depth + 1U))
                        return node;
        }
        return NULL;
}
