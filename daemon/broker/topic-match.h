/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A walk over all nodes of a tree of topic filters that match a topic name (MQTT 5.0, 4.7): `+` is
 * any one level, the empty one included; `#` is what is left, nothing included, so that `a/#`
 * matches `a`; a filter that starts with a wildcard does not match a topic that starts with `$`
 * [MQTT-4.7.2-1].
 *
 * Each node is looked at once at most and nothing is allocated: the steps that wait are on a stack
 * of three per level. What the next steps will look at is asked for from memory long before, for a
 * large tree is never in the caches of the processor.
 *
 * Thread: any (under the lock of the tree)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "broker/topic-tree.h"
#include "util/bytes.h"

typedef enum TopicStepKind {
        TOPIC_STEP_LITERAL,
        TOPIC_STEP_PLUS,
        TOPIC_STEP_HASH,
} TopicStepKind;

/* A child that is to be looked up. */
typedef struct TopicStep {
        const TopicNode *parent;
        uint32_t hash;
        uint16_t depth; /* of the parent: the number of levels above the child */
        uint8_t kind;
} TopicStep;

typedef struct TopicMatch {
        const TopicTree *tree;
        const uint8_t *rest; /* of the topic, as far as it is not in levels; NULL: no more */
        const uint8_t *end;
        bool is_special; /* it starts with `$` */
        unsigned n_levels, n_steps;
        struct {
                Bytes text;
                uint64_t hash;
        } levels[TOPIC_TREE_DEPTH_MAX + 1];
        TopicStep steps[3 * (TOPIC_TREE_DEPTH_MAX + 1)];
} TopicMatch;

/* Starts the walk; the topic outlives it. The tree must not change until the walk is over. */
void topic_match_init(TopicMatch *match, const TopicTree *tree, Bytes topic);

/* The next node in no order, or NULL. A node of a level that only leads further may be among them.
 */
TopicNode *topic_match_next(TopicMatch *match);
