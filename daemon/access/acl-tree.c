/* SPDX-License-Identifier: Apache-2.0 */

/* The rules of one list of an ACL file, made ready for topics. */

#include "access/acl-tree.h"

#include <stdlib.h>
#include <string.h>

#include "mqtt/topic.h"

typedef struct Node {
        Bytes level;
        uint32_t first; /* of its children, in the block */
        uint32_t n_literals;
        uint8_t n_others; /* behind the literals: `+`, `%c`, `%u` */
        uint8_t kind;     /* AclLevel */
        uint8_t bits;     /* of rules that end here */
        uint8_t rest;     /* of rules that end here with `#` */
        uint8_t below;    /* of all that end at its children, or below them */
} Node;

struct AclTree {
        uint32_t n;
        bool is_pattern;
        Node nodes[]; /* the first is the root */
};

/* --- made --- */

/* By kind, so that what is no literal comes behind all that is. */
static int compare_levels(Bytes a, Bytes b, bool is_pattern)
{
        AclLevel of_a = acl_level(a, is_pattern), of_b = acl_level(b, is_pattern);

        if (of_a != of_b)
                return of_a < of_b ? -1 : 1;
        if (a.length != b.length)
                return a.length < b.length ? -1 : 1;
        return memcmp(a.data, b.data, a.length);
}

static int compare_rules(const void *a, const void *b, void *data)
{
        TopicLevels of_a = topic_levels(((const AclRule *)a)->filter);
        TopicLevels of_b = topic_levels(((const AclRule *)b)->filter);
        const bool *is_pattern = data;
        Bytes level_a, level_b;

        while (topic_levels_next(&of_a, &level_a)) {
                int order;

                if (!topic_levels_next(&of_b, &level_b))
                        return 1;
                order = compare_levels(level_a, level_b, *is_pattern);
                if (order != 0)
                        return order;
        }
        return topic_levels_next(&of_b, &level_b) ? -1 : 0;
}

/* A node that waits for its children: the rules that lead through it, and what is left of them. */
typedef struct Branch {
        uint32_t node;
        uint32_t first, n; /* rules */
        uint16_t depth;
} Branch;

typedef struct Maker {
        AclTree *tree;
        const AclRule *rules;
        Branch *branches; /* a queue: breadth first, so that siblings are neighbours */
        uint32_t n_branches;
} Maker;

static bool level_at(Bytes filter, unsigned depth, Bytes *ret_level)
{
        TopicLevels levels = topic_levels(filter);

        for (unsigned i = 0; i <= depth; i++)
                if (!topic_levels_next(&levels, ret_level))
                        return false;
        return true;
}

static uint32_t add_node(Maker *maker, Node *parent, Bytes level)
{
        AclTree *tree = maker->tree;
        Node *node = &tree->nodes[tree->n];

        *node = (Node){.level = level, .kind = (uint8_t)acl_level(level, tree->is_pattern)};
        if (node->kind == ACL_LEVEL_LITERAL)
                parent->n_literals++;
        else
                parent->n_others++;
        return tree->n++;
}

/* The rules are sorted: those that share this level are neighbours. */
static void grow(Maker *maker, const Branch *branch)
{
        Node *parent = &maker->tree->nodes[branch->node];
        Branch *child = NULL;
        Bytes level, last = {};

        parent->first = maker->tree->n;
        for (uint32_t i = branch->first; i < branch->first + branch->n; i++) {
                const AclRule *rule = &maker->rules[i];

                if (!level_at(rule->filter, branch->depth, &level)) {
                        parent->bits |= rule->bits;
                        continue;
                }
                if (acl_level(level, maker->tree->is_pattern) == ACL_LEVEL_HASH) {
                        parent->rest |= rule->bits;
                        continue;
                }
                if (!child || !bytes_equal(level, last)) {
                        child = &maker->branches[maker->n_branches++];
                        *child = (Branch){
                                .node = add_node(maker, parent, level),
                                .first = i,
                                .depth = (uint16_t)(branch->depth + 1),
                        };
                        last = level;
                }
                child->n++;
        }
}

/* Children lie behind their parents. */
static void sum_up(AclTree *tree)
{
        for (uint32_t i = tree->n; i-- > 0;) {
                Node *node = &tree->nodes[i];

                for (uint32_t k = 0; k < node->n_literals + node->n_others; k++) {
                        const Node *child = &tree->nodes[node->first + k];

                        node->below |= child->bits | child->rest | child->below;
                }
        }
}

static size_t count_levels(const AclRule *rules, size_t n)
{
        size_t levels = 0;

        for (size_t i = 0; i < n; i++) {
                TopicLevels walk = topic_levels(rules[i].filter);
                Bytes level;

                while (topic_levels_next(&walk, &level))
                        levels++;
        }
        return levels;
}

/* One node per level of a rule would be too many only where rules share levels. */
static AclTree *shrink(AclTree *tree)
{
        AclTree *smaller = realloc(tree, sizeof(*tree) + tree->n * sizeof(Node));

        return smaller ? smaller : tree;
}

int acl_tree_new(AclRule *rules, size_t n, bool is_pattern, AclTree **ret_tree)
{
        size_t most = count_levels(rules, n) + 1;
        _cleanup_(acl_tree_freep) AclTree *tree = NULL;
        _cleanup_free_ Branch *branches = NULL;
        Maker maker;

        *ret_tree = NULL;
        if (n == 0)
                return 0;
        tree = malloc(sizeof(*tree) + most * sizeof(Node));
        branches = malloc(most * sizeof(*branches));
        if (!tree || !branches || most > UINT32_MAX)
                return -ENOMEM;
        qsort_r(rules, n, sizeof(*rules), compare_rules, &is_pattern);
        tree->n = 1;
        tree->is_pattern = is_pattern;
        tree->nodes[0] = (Node){};
        branches[0] = (Branch){.n = (uint32_t)n};
        maker = (Maker){.tree = tree, .rules = rules, .branches = branches, .n_branches = 1};
        for (uint32_t i = 0; i < maker.n_branches; i++)
                grow(&maker, &branches[i]);
        sum_up(tree);
        *ret_tree = shrink(TAKE_PTR(tree));
        return 0;
}

AclTree *acl_tree_free(AclTree *tree)
{
        free(tree);
        return NULL;
}

/* --- asked --- */

/* As compare_levels() of two literals. Most differ in length or in the first byte. */
static inline int compare_literals(Bytes a, Bytes b)
{
        if (a.length != b.length)
                return a.length < b.length ? -1 : 1;
        if (a.length == 0)
                return 0;
        return a.data[0] != b.data[0] ? a.data[0] - b.data[0] : memcmp(a.data, b.data, a.length);
}

static const Node *find_literal(const AclTree *tree, const Node *parent, Bytes level)
{
        uint32_t low = parent->first, high = parent->first + parent->n_literals;

        while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                const Node *node = &tree->nodes[middle];
                int order = compare_literals(node->level, level);

                if (order == 0)
                        return node;
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

static bool other_matches(const Node *node, const AclSubject *subject, Bytes level)
{
        switch (node->kind) {
        case ACL_LEVEL_PLUS:
                return true;
        case ACL_LEVEL_CLIENT:
                return bytes_equal(subject->client_id, level);
        default:
                return subject->username.data && bytes_equal(subject->username, level);
        }
}

/* What is asked, and the answer so far. */
typedef struct Question {
        const AclTree *tree;
        const AclSubject *subject;
        unsigned wanted; /* bits that would change the answer */
        unsigned found;
} Question;

/* Behind ACL_DENY nothing matters. */
static inline void find(Question *question, unsigned bits)
{
        bits &= question->wanted;
        question->found |= bits;
        question->wanted = bits & ACL_DENY ? 0 : question->wanted & ~bits;
}

/* Each node is looked at once at most, and only if something is below it that would change the
 * answer; as deep as the rules are. */
static void visit(Question *question, const Node *node, TopicLevels rest)
{
        const Node *child;
        Bytes level;

        find(question, node->rest);
        if (!rest.at) {
                find(question, node->bits);
                return;
        }
        if (!(node->below & question->wanted))
                return;
        topic_levels_next(&rest, &level);
        child = find_literal(question->tree, node, level);
        if (child)
                visit(question, child, rest);
        child = &question->tree->nodes[node->first + node->n_literals];
        for (unsigned i = 0; i < node->n_others && (node->below & question->wanted); i++)
                if (other_matches(&child[i], question->subject, level))
                        visit(question, &child[i], rest);
}

unsigned acl_tree_check(const AclTree *tree, const AclSubject *subject, unsigned access,
                        Bytes topic)
{
        Question question = {.tree = tree, .subject = subject, .wanted = access | ACL_DENY};
        TopicLevels levels = topic_levels(topic);
        const Node *child;
        Bytes level;

        if (!tree || topic.length == 0)
                return 0;
        if (topic.data[0] == '$') {
                /* Only a rule that begins with `$` speaks of it. */
                topic_levels_next(&levels, &level);
                child = find_literal(tree, &tree->nodes[0], level);
                if (child)
                        visit(&question, child, levels);
        } else {
                visit(&question, &tree->nodes[0], levels);
        }
        return question.found & ACL_DENY ? ACL_DENY : question.found;
}
