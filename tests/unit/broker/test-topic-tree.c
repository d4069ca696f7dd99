/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of topic levels and the walk over what matches a topic. */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "broker/topic-match.h"
#include "broker/topic-tree.h"
#include "util/macro.h"

static TopicNode *add(TopicTree *tree, const char *path)
{
        TopicNode *node = NULL;

        g_assert_cmpint(topic_tree_add(tree, bytes_from_string(path), &node), ==, 0);
        g_assert_nonnull(node);
        return node;
}

static TopicNode *find(const TopicTree *tree, const char *path)
{
        return topic_tree_find(tree, bytes_from_string(path));
}

static void test_add_finds_again(void)
{
        static const char *const paths[] = {"a",  "a/b", "a/b/c", "/",     "//",    "/a",
                                            "a/", "+",   "#",     "a/+/#", "$SYS/x"};
        TopicNode *nodes[ARRAY_SIZE(paths)];
        TopicTree tree;

        g_assert_cmpint(topic_tree_init(&tree, sizeof(TopicNode), false), ==, 0);
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                g_assert_null(find(&tree, paths[i]));
                nodes[i] = add(&tree, paths[i]);
        }
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
                g_assert_true(find(&tree, paths[i]) == nodes[i]);
        g_assert_null(find(&tree, "a/c"));
        g_assert_null(find(&tree, "b"));
        g_assert_null(find(&tree, "a/b/c/d"));
        topic_tree_done(&tree, NULL);
}

static void test_same_level_under_different_parents(void)
{
        TopicTree tree;

        g_assert_cmpint(topic_tree_init(&tree, sizeof(TopicNode), false), ==, 0);
        g_assert_true(add(&tree, "a/x") != add(&tree, "b/x"));
        g_assert_true(add(&tree, "a/x") == find(&tree, "a/x"));
        g_assert_cmpuint(tree.table.count, ==, 4);
        topic_tree_done(&tree, NULL);
}

static void test_unref_prunes_upwards(void)
{
        TopicNode *deep, *branch;
        TopicTree tree;

        g_assert_cmpint(topic_tree_init(&tree, sizeof(TopicNode), false), ==, 0);
        deep = add(&tree, "a/b/c/d");
        branch = add(&tree, "a/b/x");
        g_assert_cmpuint(tree.table.count, ==, 5);
        topic_tree_unref(&tree, deep);
        g_assert_cmpuint(tree.table.count, ==, 3);
        g_assert_null(find(&tree, "a/b/c"));
        g_assert_true(find(&tree, "a/b/x") == branch);
        topic_tree_unref(&tree, branch);
        g_assert_cmpuint(tree.table.count, ==, 0);
        g_assert_cmpuint(tree.root->references, ==, 1);
        topic_tree_done(&tree, NULL);
}

static void test_flags_follow_wildcard_children(void)
{
        TopicNode *above, *plus, *hash, *literal;
        TopicTree tree;

        g_assert_cmpint(topic_tree_init(&tree, sizeof(TopicNode), false), ==, 0);
        plus = add(&tree, "a/+");
        above = find(&tree, "a");
        g_assert_cmpint(above->flags, ==, TOPIC_NODE_HAS_PLUS);
        g_assert_false(topic_node_has_literals(above));
        topic_node_ref(above)->mark = 1; /* the user's reference is no child */
        g_assert_false(topic_node_has_literals(above));
        above->mark = 0;
        topic_tree_unref(&tree, above);
        hash = add(&tree, "a/#");
        literal = add(&tree, "a/++");
        g_assert_cmpint(above->flags, ==, TOPIC_NODE_HAS_PLUS | TOPIC_NODE_HAS_HASH);
        g_assert_true(topic_node_has_literals(above));
        topic_tree_unref(&tree, plus);
        g_assert_cmpint(above->flags, ==, TOPIC_NODE_HAS_HASH);
        topic_tree_unref(&tree, literal);
        g_assert_false(topic_node_has_literals(above));
        topic_tree_unref(&tree, hash);
        g_assert_cmpuint(tree.table.count, ==, 0);
        topic_tree_done(&tree, NULL);
}

static void test_too_deep_changes_nothing(void)
{
        g_autofree char *deepest = g_strnfill(TOPIC_TREE_DEPTH_MAX - 1, '/');
        g_autofree char *deeper = g_strnfill(TOPIC_TREE_DEPTH_MAX, '/');
        TopicNode *node;
        TopicTree tree;

        g_assert_cmpint(topic_tree_init(&tree, sizeof(TopicNode), false), ==, 0);
        g_assert_cmpint(topic_tree_add(&tree, bytes_from_string(deeper), &node), ==, -E2BIG);
        g_assert_cmpuint(tree.table.count, ==, 0);
        node = add(&tree, deepest);
        g_assert_cmpuint(tree.table.count, ==, TOPIC_TREE_DEPTH_MAX);
        topic_tree_unref(&tree, node);
        g_assert_cmpuint(tree.table.count, ==, 0);
        topic_tree_done(&tree, NULL);
}

/* Grows over many sizes of the table, loses half, is complete at each point, and shrinks again. */
static void test_many_nodes(void)
{
        enum { N = 20000 };
        TopicNode **nodes = g_new(TopicNode *, N);
        TopicTree tree;

        g_assert_cmpint(topic_tree_init(&tree, sizeof(TopicNode), false), ==, 0);
        for (unsigned i = 0; i < N; i++) {
                g_autofree char *path = g_strdup_printf("%u/%u", i % 10, i);

                nodes[i] = add(&tree, path);
        }
        g_assert_cmpuint(tree.table.count, ==, N + 10);
        for (unsigned i = 0; i < N; i += 2)
                topic_tree_unref(&tree, nodes[i]);
        for (unsigned i = 0; i < N; i++) {
                g_autofree char *path = g_strdup_printf("%u/%u", i % 10, i);

                g_assert_true(find(&tree, path) == (i % 2 ? nodes[i] : NULL));
        }
        for (unsigned i = 1; i < N; i += 2)
                topic_tree_unref(&tree, nodes[i]);
        g_assert_cmpuint(tree.table.count, ==, 0);
        g_assert_cmpuint(tree.table.now.n, <=, 32);
        topic_tree_done(&tree, NULL);
        g_free(nodes);
}

/* Nodes that found no room in their bucket are counted there, and no longer when they go. */
static void test_buckets_overflow_and_recover(void)
{
        TopicNode *nodes[95];
        unsigned n_passed = 0;
        TopicTree tree;

        g_assert_cmpint(topic_tree_init(&tree, sizeof(TopicNode), false), ==, 0);
        for (unsigned i = 0; i < ARRAY_SIZE(nodes); i++) {
                g_autofree char *path = g_strdup_printf("%u", i);

                nodes[i] = add(&tree, path);
        }
        g_assert_cmpuint(tree.table.now.n, ==, 16);
        for (unsigned i = 0; i < tree.table.now.n; i++)
                n_passed += tree.table.now.at[i].passed;
        g_assert_cmpuint(n_passed, >, 0);
        for (unsigned i = 0; i < ARRAY_SIZE(nodes); i++)
                topic_tree_unref(&tree, nodes[i]);
        g_assert_cmpuint(tree.table.now.n, ==, 16);
        for (unsigned i = 0; i < tree.table.now.n; i++)
                g_assert_cmpuint(tree.table.now.at[i].passed, ==, 0);
        topic_tree_done(&tree, NULL);
}

static char *numbered(unsigned number)
{
        return g_strdup_printf("%u/%u", number % 10, number);
}

/* Those from `first` to before `end` are there, and none of those before. */
static void assert_holds(const TopicTree *tree, TopicNode *const *nodes, unsigned first,
                         unsigned end)
{
        for (unsigned i = 0; i < end; i++) {
                g_autofree char *path = numbered(i);

                g_assert_true(find(tree, path) == (i < first ? NULL : nodes[i]));
        }
}

/* A large table changes its size while nodes come and go, each does a bounded part of it, and all
 * are found meanwhile: those that were moved, those that were not, and those that are new. */
static void test_large_table_moves_bit_by_bit(void)
{
        enum { N = 100000, EACH = 16, LOOK = 200 };
        TopicNode **nodes = g_new(TopicNode *, N);
        unsigned n_looks = 0, n_moving = 0, first = 0;
        size_t moved = 0;
        TopicTree tree;

        g_assert_cmpint(topic_tree_init(&tree, sizeof(TopicNode), false), ==, 0);
        for (unsigned i = 0; i < N; i++) {
                g_autofree char *path = numbered(i);
                const bool was_moving = tree.table.old.memory;

                nodes[i] = add(&tree, path);
                g_assert_true(add(&tree, path) == nodes[i]);
                topic_tree_unref(&tree, nodes[i]);
                if (!tree.table.old.memory)
                        continue;
                g_assert_cmpuint(tree.table.moved, <=, (was_moving ? moved : 0) + EACH);
                moved = tree.table.moved;
                if (n_moving++ % LOOK == 0) {
                        assert_holds(&tree, nodes, 0, i + 1);
                        n_looks++;
                }
        }
        g_assert_cmpuint(n_looks, >, 3);
        for (n_looks = n_moving = 0; first < N; first++) {
                topic_tree_unref(&tree, nodes[first]);
                if (tree.table.old.memory && n_moving++ % LOOK == 0) {
                        assert_holds(&tree, nodes, first + 1, N);
                        n_looks++;
                }
        }
        g_assert_cmpuint(n_looks, >, 1);
        g_assert_cmpuint(tree.table.count, ==, 0);
        g_assert_null(tree.table.old.memory);
        g_assert_cmpuint(tree.table.now.n, <=, 32);
        topic_tree_done(&tree, NULL);
        g_free(nodes);
}

/* Whoever is in the old buckets is freed with the others. */
static void test_done_amid_a_move(void)
{
        TopicTree tree;

        g_assert_cmpint(topic_tree_init(&tree, sizeof(TopicNode), false), ==, 0);
        for (unsigned i = 0; !tree.table.old.memory; i++) {
                g_autofree char *path = numbered(i);

                add(&tree, path);
        }
        topic_tree_done(&tree, NULL);
}

static void test_links_hold_all_children(void)
{
        TopicNode *nodes[5];
        TopicLinkedNode *child;
        unsigned n = 0;
        TopicTree tree;

        g_assert_cmpint(topic_tree_init(&tree, sizeof(TopicLinkedNode), true), ==, 0);
        for (unsigned i = 0; i < ARRAY_SIZE(nodes); i++) {
                char path[] = "a/0";

                path[2] = (char)('0' + i);
                nodes[i] = add(&tree, path);
        }
        topic_tree_unref(&tree, nodes[2]); /* from the middle, the end and the front */
        topic_tree_unref(&tree, nodes[0]);
        topic_tree_unref(&tree, nodes[4]);
        child = ((TopicLinkedNode *)find(&tree, "a"))->first_child;
        for (; child; child = child->next)
                n += 1U << (topic_node_level(&tree, &child->topic).data[0] - '0');
        g_assert_cmpuint(n, ==, (1U << 1) | (1U << 3));
        topic_tree_done(&tree, NULL);
}

typedef struct MatchCase {
        const char *topic;
        const char *filters; /* those of all below that match, in any order */
} MatchCase;

static const char *const match_filters[] = {
        "#",     "+",    "/",     "+/+", "/#",   "a",    "a/#",    "a/+",   "a/b",       "a/+/c",
        "+/b/#", "a//c", "+/+/+", "$x",  "$x/#", "$x/+", "$x/+/+", "a/b/#", "a/b/c/d/e",
};

static const MatchCase match_cases[] = {
        {"a", "# + a a/#"},
        {"a/b", "# +/+ a/# a/+ a/b +/b/# a/b/#"},
        {"a/b/c", "# a/# a/+/c +/b/# +/+/+ a/b/#"},
        {"a//c", "# a/# a/+/c a//c +/+/+"},
        {"/", "# / +/+ /#"},
        {"//", "# /# +/+/+"},
        {"a/", "# +/+ a/# a/+"},
        {"b", "# +"},
        {"$x", "$x $x/#"},
        {"$x/b", "$x/# $x/+"},
        {"$x/b/c", "$x/# $x/+/+"},
        {"$y", ""},
        {"a/b/c/d/e", "# a/# +/b/# a/b/# a/b/c/d/e"},
};

static void test_match(gconstpointer data)
{
        const MatchCase *test = data;
        g_auto(GStrv) expected = g_strsplit(test->filters, " ", -1);
        TopicNode *nodes[ARRAY_SIZE(match_filters)], *node;
        bool seen[ARRAY_SIZE(match_filters)] = {false};
        TopicMatch match;
        TopicTree tree;

        g_assert_cmpint(topic_tree_init(&tree, sizeof(TopicNode), false), ==, 0);
        for (size_t i = 0; i < ARRAY_SIZE(match_filters); i++) {
                nodes[i] = add(&tree, match_filters[i]);
                nodes[i]->mark = 1;
        }
        topic_match_init(&match, &tree, bytes_from_string(test->topic));
        while ((node = topic_match_next(&match)))
                for (size_t i = 0; node->mark && i < ARRAY_SIZE(match_filters); i++)
                        if (nodes[i] == node) {
                                g_assert_false(seen[i]);
                                seen[i] = true;
                        }
        for (size_t i = 0; i < ARRAY_SIZE(match_filters); i++)
                g_assert_true(seen[i] ==
                              g_strv_contains((const char *const *)expected, match_filters[i]));
        topic_tree_done(&tree, NULL);
}

/* A topic of more levels than the tree can have ends the walk where the tree does. */
static void test_match_very_deep_topic(void)
{
        g_autofree char *topic = g_strnfill(65535, '/');
        g_autofree char *deepest = g_strnfill(TOPIC_TREE_DEPTH_MAX - 1, '/');
        TopicNode *hash, *node;
        unsigned n = 0;
        TopicMatch match;
        TopicTree tree;

        g_assert_cmpint(topic_tree_init(&tree, sizeof(TopicNode), false), ==, 0);
        hash = add(&tree, "#");
        add(&tree, deepest);
        topic_match_init(&match, &tree, bytes_from_string(topic));
        while ((node = topic_match_next(&match))) {
                g_assert_true(node == hash);
                n++;
        }
        g_assert_cmpuint(n, ==, 1);
        topic_tree_done(&tree, NULL);
}

/* All 2^8 filters of `a` and `+` over eight levels: each node is met once. */
static void test_match_all_combinations(void)
{
        unsigned n = 0;
        TopicNode *node;
        TopicMatch match;
        TopicTree tree;

        g_assert_cmpint(topic_tree_init(&tree, sizeof(TopicNode), false), ==, 0);
        for (unsigned i = 0; i < 256; i++) {
                char path[16];

                for (unsigned bit = 0; bit < 8; bit++) {
                        path[2 * bit] = i & (1U << bit) ? '+' : 'a';
                        path[2 * bit + 1] = bit < 7 ? '/' : 0;
                }
                add(&tree, path)->mark = 1;
        }
        topic_match_init(&match, &tree, BYTES_LITERAL("a/a/a/a/a/a/a/a"));
        while ((node = topic_match_next(&match)))
                n += node->mark;
        g_assert_cmpuint(n, ==, 256);
        topic_tree_done(&tree, NULL);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/topic-tree/add-finds-again", test_add_finds_again);
        g_test_add_func("/broker/topic-tree/same-level-under-different-parents",
                        test_same_level_under_different_parents);
        g_test_add_func("/broker/topic-tree/unref-prunes-upwards", test_unref_prunes_upwards);
        g_test_add_func("/broker/topic-tree/flags-follow-wildcard-children",
                        test_flags_follow_wildcard_children);
        g_test_add_func("/broker/topic-tree/too-deep-changes-nothing",
                        test_too_deep_changes_nothing);
        g_test_add_func("/broker/topic-tree/many-nodes", test_many_nodes);
        g_test_add_func("/broker/topic-tree/buckets-overflow-and-recover",
                        test_buckets_overflow_and_recover);
        g_test_add_func("/broker/topic-tree/large-table-moves-bit-by-bit",
                        test_large_table_moves_bit_by_bit);
        g_test_add_func("/broker/topic-tree/done-amid-a-move", test_done_amid_a_move);
        g_test_add_func("/broker/topic-tree/links-hold-all-children", test_links_hold_all_children);
        for (size_t i = 0; i < ARRAY_SIZE(match_cases); i++) {
                g_autofree char *name = g_strdup_printf("/broker/topic-tree/match/%zu", i);

                g_test_add_data_func(name, &match_cases[i], test_match);
        }
        g_test_add_func("/broker/topic-tree/match/very-deep-topic", test_match_very_deep_topic);
        g_test_add_func("/broker/topic-tree/match/all-combinations", test_match_all_combinations);
        return g_test_run();
}
