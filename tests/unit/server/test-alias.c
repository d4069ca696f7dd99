/* SPDX-License-Identifier: Apache-2.0 */

/* Topic Aliases of one connection, both ways. */

#include "server/alias.h"

#include <glib.h>
#include <stdio.h>

#include "mqtt/protocol.h"

static Aliases *make(uint16_t in, uint16_t out)
{
        Aliases *aliases = NULL;

        g_assert_cmpint(aliases_new(in, out, &aliases), ==, 0);
        return aliases;
}

static void assert_means(const Aliases *aliases, uint16_t alias, const char *topic)
{
        Bytes got = {};

        g_assert_cmpint(aliases_get(aliases, alias, &got), ==, 0);
        g_assert_cmpmem(got.data, got.length, topic, strlen(topic));
}

static void test_in_bounds(void)
{
        static const struct {
                uint16_t maximum, alias;
                int set, get;
        } cases[] = {
                {10, 0, REASON_TOPIC_ALIAS_INVALID, REASON_TOPIC_ALIAS_INVALID},
                {10, 1, 0, 0},
                {10, 10, 0, 0},
                {10, 11, REASON_TOPIC_ALIAS_INVALID, REASON_TOPIC_ALIAS_INVALID},
                {0, 1, REASON_TOPIC_ALIAS_INVALID, REASON_TOPIC_ALIAS_INVALID},
                {65535, 65535, 0, 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(aliases_freep) Aliases *aliases = make(cases[i].maximum, 0);
                Bytes topic;

                g_assert_cmpint(aliases_set(aliases, cases[i].alias, BYTES_LITERAL("a/b")), ==,
                                cases[i].set);
                g_assert_cmpint(aliases_get(aliases, cases[i].alias, &topic), ==, cases[i].get);
        }
}

static void test_in_unset(void)
{
        _cleanup_(aliases_freep) Aliases *aliases = make(3, 3);
        Bytes topic;

        g_assert_cmpint(aliases_set(aliases, 2, BYTES_LITERAL("a")), ==, 0);
        g_assert_cmpint(aliases_get(aliases, 1, &topic), ==, REASON_PROTOCOL_ERROR);
        g_assert_cmpint(aliases_get(aliases, 3, &topic), ==, REASON_PROTOCOL_ERROR);
}

static void test_in_replace(void)
{
        _cleanup_(aliases_freep) Aliases *aliases = make(2, 0);
        char text[] = "first/topic";

        g_assert_cmpint(aliases_set(aliases, 1, bytes_from_string(text)), ==, 0);
        memset(text, 'x', sizeof(text) - 1); /* it keeps a copy */
        assert_means(aliases, 1, "first/topic");
        g_assert_cmpint(aliases_set(aliases, 1, BYTES_LITERAL("second")), ==, 0);
        g_assert_cmpint(aliases_set(aliases, 2, BYTES_LITERAL("third")), ==, 0);
        assert_means(aliases, 1, "second");
        assert_means(aliases, 2, "third");
}

static void test_out(void)
{
        _cleanup_(aliases_freep) Aliases *aliases = make(0, 2);
        bool known = true;

        g_assert_cmpuint(aliases_for(aliases, BYTES_LITERAL("a"), &known), ==, 1);
        g_assert_false(known);
        /* Not sent: it is still free, for any topic. */
        g_assert_cmpuint(aliases_for(aliases, BYTES_LITERAL("b"), &known), ==, 1);
        g_assert_false(known);
        g_assert_cmpint(aliases_sent(aliases, BYTES_LITERAL("b")), ==, 0);
        g_assert_cmpuint(aliases_for(aliases, BYTES_LITERAL("b"), &known), ==, 1);
        g_assert_true(known);
        g_assert_cmpuint(aliases_for(aliases, BYTES_LITERAL("a"), &known), ==, 2);
        g_assert_false(known);
        g_assert_cmpint(aliases_sent(aliases, BYTES_LITERAL("a")), ==, 0);
        /* All are given away: others go without, those that have one keep it. */
        g_assert_cmpuint(aliases_for(aliases, BYTES_LITERAL("c"), &known), ==, 0);
        g_assert_cmpuint(aliases_for(aliases, BYTES_LITERAL("a"), &known), ==, 2);
        g_assert_true(known);
        g_assert_cmpuint(aliases_for(aliases, BYTES_LITERAL("b"), &known), ==, 1);
        g_assert_true(known);
}

static void test_out_none(void)
{
        _cleanup_(aliases_freep) Aliases *aliases = make(10, 0);
        bool known;

        g_assert_cmpuint(aliases_for(aliases, BYTES_LITERAL("a"), &known), ==, 0);
}

/* Each topic its own, as many as there are aliases. */
static void test_out_all(void)
{
        _cleanup_(aliases_freep) Aliases *aliases = make(0, 1000);
        char topic[16];
        bool known;

        for (unsigned i = 1; i <= 1000; i++) {
                snprintf(topic, sizeof(topic), "t/%u", i);
                g_assert_cmpuint(aliases_for(aliases, bytes_from_string(topic), &known), ==, i);
                g_assert_false(known);
                g_assert_cmpint(aliases_sent(aliases, bytes_from_string(topic)), ==, 0);
        }
        g_assert_cmpuint(aliases_for(aliases, BYTES_LITERAL("t/0"), &known), ==, 0);
        g_assert_cmpuint(aliases_for(aliases, BYTES_LITERAL("t/500"), &known), ==, 500);
        g_assert_true(known);
}

/* Who takes the lists along makes the same aliases again. */
static void test_lists(void)
{
        _cleanup_(aliases_freep) Aliases *aliases = make(3, 2), *copy = make(3, 2);
        _cleanup_free_ Bytes *in = NULL, *out = NULL;
        size_t n_in, n_out;
        bool known;

        g_assert_cmpint(aliases_set(aliases, 2, BYTES_LITERAL("second")), ==, 0);
        g_assert_cmpint(aliases_set(aliases, 3, BYTES_LITERAL("")), ==, 0);
        g_assert_cmpint(aliases_sent(aliases, BYTES_LITERAL("z")), ==, 0);
        g_assert_cmpint(aliases_sent(aliases, BYTES_LITERAL("a")), ==, 0);
        g_assert_cmpint(aliases_list_in(aliases, &in, &n_in), ==, 0);
        g_assert_cmpint(aliases_list_out(aliases, &out, &n_out), ==, 0);
        g_assert_cmpuint(n_in, ==, 3);
        g_assert_null(in[0].data);
        g_assert_true(bytes_equal(in[1], BYTES_LITERAL("second")));
        g_assert_true(in[2].data && in[2].length == 0);
        g_assert_cmpuint(n_out, ==, 2);
        for (size_t i = 0; i < n_out; i++)
                g_assert_cmpint(aliases_sent(copy, out[i]), ==, 0);
        g_assert_cmpuint(aliases_for(copy, BYTES_LITERAL("z"), &known), ==, 1);
        g_assert_cmpuint(aliases_for(copy, BYTES_LITERAL("a"), &known), ==, 2);
        g_assert_true(known);
}

static void test_free_null(void)
{
        g_assert_null(aliases_free(NULL));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/alias/in-bounds", test_in_bounds);
        g_test_add_func("/server/alias/in-never-set", test_in_unset);
        g_test_add_func("/server/alias/in-replaced", test_in_replace);
        g_test_add_func("/server/alias/out-first-come", test_out);
        g_test_add_func("/server/alias/out-none-allowed", test_out_none);
        g_test_add_func("/server/alias/out-until-used-up", test_out_all);
        g_test_add_func("/server/alias/lists", test_lists);
        g_test_add_func("/server/alias/free-takes-null", test_free_null);
        return g_test_run();
}
