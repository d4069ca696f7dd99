/* SPDX-License-Identifier: Apache-2.0 */
/* A topic filter in the router: it takes the smallest form that holds its takers. */

#include <glib.h>

#include "broker/router-node.h"

typedef struct Fixture {
        TopicTree tree;
        RouterNode *node;
} Fixture;

static void fixture_init(Fixture *fixture, gconstpointer data)
{
        TopicNode *topic;

        g_assert_cmpint(topic_tree_init(&fixture->tree, sizeof(RouterNode), false), ==, 0);
        g_assert_cmpint(topic_tree_add(&fixture->tree, BYTES_LITERAL("a/b"), &topic), ==, 0);
        fixture->node = (RouterNode *)topic;
}

static void fixture_done(Fixture *fixture, gconstpointer data)
{
        topic_tree_unref(&fixture->tree, &fixture->node->topic);
        topic_tree_done(&fixture->tree, router_node_done);
}

static SessionId session(unsigned worker, unsigned i)
{
        return session_id_make(worker, 1, i);
}

static int add(Fixture *fixture, SessionId id, SubscriptionOptions options, bool *ret_same)
{
        Taker taker = {.session = id, .identifier = 7, .options = options};

        return router_node_add(fixture->node, &taker, ret_same);
}

static void test_grows_and_settles(Fixture *fixture, gconstpointer data)
{
        RouterNode *node = fixture->node;
        bool same;

        g_assert_cmpint(router_node_kind(node), ==, ROUTER_NODE_EMPTY);
        g_assert_cmpint(add(fixture, session(0, 1), 0x2e, &same), ==, 1);
        g_assert_cmpint(router_node_kind(node), ==, ROUTER_NODE_ONE);
        g_assert_cmpuint(router_node_one(node).options, ==, 0x2e);
        g_assert_cmpuint(router_node_one(node).identifier, ==, 7);
        g_assert_cmpint(add(fixture, session(0, 2), 1, &same), ==, 1);
        g_assert_cmpint(router_node_kind(node), ==, ROUTER_NODE_MANY);
        g_assert_cmpint(add(fixture, session(3, 3), 1, &same), ==, 1);
        g_assert_cmpuint(node->topic.references, ==, 2);

        g_assert_true(router_node_remove(node, session(0, 1)));
        g_assert_false(router_node_remove(node, session(0, 1)));
        g_assert_cmpint(router_node_kind(node), ==, ROUTER_NODE_MANY);
        g_assert_true(router_node_remove(node, session(0, 2)));
        g_assert_cmpint(router_node_kind(node), ==, ROUTER_NODE_ONE);
        g_assert_true(router_node_one(node).session == session(3, 3));
        g_assert_false(router_node_remove(node, session(0, 2)));
        g_assert_true(router_node_remove(node, session(3, 3)));
        g_assert_cmpint(router_node_kind(node), ==, ROUTER_NODE_EMPTY);
        g_assert_false(router_node_remove(node, session(3, 3)));
        g_assert_cmpuint(node->topic.references, ==, 1);
}

static void test_replace_tells_a_change(Fixture *fixture, gconstpointer data)
{
        bool same;

        /* In the form of one taker, then in that of many. */
        for (unsigned i = 0; i < 2; i++) {
                g_assert_cmpint(add(fixture, session(0, i), 1, &same), ==, 1);
                g_assert_cmpint(add(fixture, session(0, i), 1, &same), ==, 0);
                g_assert_true(same);
                g_assert_cmpint(add(fixture, session(0, i), 2, &same), ==, 0);
                g_assert_false(same);
        }
        for (unsigned i = 0; i < 2; i++)
                g_assert_true(router_node_remove(fixture->node, session(0, i)));
}

static void test_groups_keep_the_node(Fixture *fixture, gconstpointer data)
{
        RouterNode *node = fixture->node;
        ShareGroup *groups[2];
        bool same;

        g_assert_cmpint(add(fixture, session(0, 1), 1, &same), ==, 1);
        for (unsigned i = 0; i < 2; i++) {
                g_assert_cmpint(share_group_new(NULL, BYTES_LITERAL("g"), &groups[i]), ==, 0);
                g_assert_cmpint(router_node_link_group(node, groups[i]), ==, 0);
        }
        g_assert_true(router_node_remove(node, session(0, 1)));
        g_assert_cmpint(router_node_kind(node), ==, ROUTER_NODE_MANY);
        for (unsigned i = 0; i < 2; i++) {
                router_node_unlink_group(node, groups[i]);
                share_group_unref(groups[i]);
        }
        g_assert_cmpint(router_node_kind(node), ==, ROUTER_NODE_EMPTY);
}

#define ADD(name, function)                                                                        \
        g_test_add("/broker/router-node/" name, Fixture, NULL, fixture_init, function, fixture_done)

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        ADD("grows-and-settles", test_grows_and_settles);
        ADD("replace-tells-a-change", test_replace_tells_a_change);
        ADD("groups-keep-the-node", test_groups_keep_the_node);
        return g_test_run();
}
