/* SPDX-License-Identifier: Apache-2.0 */

/* One line of an ACL file: what it matches, and how it relates to filters. */
#include <glib.h>

#include "access/acl-rule.h"
#include "mqtt/topic.h"

static const AclSubject alice = {.username = BYTES_LITERAL("alice"),
                                 .client_id = BYTES_LITERAL("c1")};
static const AclSubject nobody = {.client_id = BYTES_LITERAL("c1")};

static AclRule rule_of(const char *filter, bool is_loose)
{
        return (AclRule){
                .filter = bytes_from_string(filter), .bits = ACL_READ, .is_loose = is_loose};
}

static void test_matches(void)
{
        static const struct {
                const char *filter, *topic;
                bool is_pattern, is_loose, matches;
        } cases[] = {
                {"a/b", "a/b", .matches = true},
                {"a/b", "a/b/c"},
                {"a/+", "a/", .matches = true},
                {"a/#", "a", .matches = true},
                {"a/#", "a/b/c", .matches = true},
                {"a/#", "ab"},
                {"#", "a", .matches = true},
                {"#", "$SYS/x"},
                {"+/x", "$SYS/x"},
                {"$SYS/#", "$SYS/x", .matches = true},
                {"%c/x", "c1/x"},
                {"%c/x", "%c/x", .matches = true},
                {"%c/x", "c1/x", .is_pattern = true, .matches = true},
                {"%c/x", "c2/x", .is_pattern = true},
                {"%u/%c", "alice/c1", .is_pattern = true, .matches = true},
                {"d-%c/x", "d-c1/x", .is_pattern = true},
                {"d-%c/x", "d-%c/x", .is_pattern = true, .matches = true},
                {"d-%c/x", "d-c1/x", .is_pattern = true, .is_loose = true, .matches = true},
                {"%u%c/+", "alicec1/x", .is_pattern = true, .is_loose = true, .matches = true},
                {"%u%c/+", "alicec2/x", .is_pattern = true, .is_loose = true},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                AclRule rule = rule_of(cases[i].filter, cases[i].is_loose);

                g_test_message("%s of %s", cases[i].topic, cases[i].filter);
                g_assert_cmpint(acl_rule_matches(&rule, cases[i].is_pattern, &alice,
                                                 bytes_from_string(cases[i].topic)),
                                ==, cases[i].matches);
        }
}

/* CVE-2017-7650 had a relative: an identifier with slashes. */
static void test_slashes(void)
{
        const AclSubject subject = {.client_id = BYTES_LITERAL("a/b")};
        AclRule strict = rule_of("w/%c/x", false), loose = rule_of("w/%c/x", true);

        g_assert_false(acl_rule_matches(&strict, true, &subject, BYTES_LITERAL("w/a/b/x")));
        g_assert_true(acl_rule_matches(&loose, true, &subject, BYTES_LITERAL("w/a/b/x")));
        g_assert_cmpint(acl_rule_relation(&strict, true, &subject, BYTES_LITERAL("w/a/b/x")), ==,
                        ACL_APART);
        g_assert_cmpint(acl_rule_relation(&loose, true, &subject, BYTES_LITERAL("w/a/b/x")), ==,
                        ACL_COVERS);
}

static void test_without_user(void)
{
        static const bool kinds[] = {false, true};

        for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
                AclRule rule = rule_of("%u/x", kinds[i]);

                g_assert_false(acl_rule_matches(&rule, true, &nobody, BYTES_LITERAL("/x")));
                g_assert_cmpint(acl_rule_relation(&rule, true, &nobody, BYTES_LITERAL("+/x")), ==,
                                ACL_APART);
                g_assert_true(acl_rule_matches(&rule, true, &alice, BYTES_LITERAL("alice/x")));
        }
}

static void test_inner_words(void)
{
        g_assert_true(acl_filter_has_inner_word(BYTES_LITERAL("a/d-%c/x")));
        g_assert_true(acl_filter_has_inner_word(BYTES_LITERAL("%u%c")));
        g_assert_false(acl_filter_has_inner_word(BYTES_LITERAL("a/%c/%u")));
        g_assert_false(acl_filter_has_inner_word(BYTES_LITERAL("%x/50%")));
}

/* --- against all topics of a small world --- */

static const char *const words[] = {"", "a", "b", "$s", "c1"};
#define DEPTH 3

/* The text of number, to the base of the words plus one: a digit of 0 ends it. */
static char *topic_of(unsigned number)
{
        GString *text = g_string_new(NULL);

        for (unsigned depth = 0; depth < DEPTH && number % 6 > 0; depth++, number /= 6)
                g_string_append_printf(text, "%s%s", depth > 0 ? "/" : "", words[number % 6 - 1]);
        return g_string_free(text, FALSE);
}

/* Topics of one more level than filters have, with a level that no filter names: what a wildcard
 * means beyond the words of the rule shows in them. */
static GPtrArray *all_topics(void)
{
        GPtrArray *topics = g_ptr_array_new_with_free_func(g_free);

        for (unsigned i = 0; i < 6 * 6 * 6; i++) {
                g_autofree char *topic = topic_of(i);

                if (!*topic)
                        continue;
                g_ptr_array_add(topics, g_strdup(topic));
                g_ptr_array_add(topics, g_strconcat(topic, "/other", NULL));
        }
        g_ptr_array_add(topics, g_strdup("other"));
        g_ptr_array_add(topics, g_strdup("other/other"));
        g_ptr_array_add(topics, g_strdup("other/other/other"));
        return topics;
}

static AclRelation relation_by_topics(const AclRule *rule, Bytes filter, const GPtrArray *topics)
{
        bool some = false, all = true;

        for (unsigned i = 0; i < topics->len; i++) {
                Bytes topic = bytes_from_string(topics->pdata[i]);

                if (!topic_matches(filter, topic))
                        continue;
                if (acl_rule_matches(rule, true, &alice, topic))
                        some = true;
                else
                        all = false;
        }
        return !some ? ACL_APART : all ? ACL_COVERS : ACL_OVERLAPS;
}

static void test_relations(void)
{
        static const char *const rules[] = {"#",     "+",     "a",      "a/#",   "a/+",
                                            "+/b",   "a/b",   "+/#",    "%c/#",  "%c/a",
                                            "+/+/#", "a/+/b", "$s/#",   "$s/a",  "a/b/c1",
                                            "+/+/+", "/+",    "a/%c/+", "$s/+/a"};
        static const char *const filters[] = {"#",    "+",    "a",    "b",    "a/#",   "+/a",
                                              "a/b",  "c1/#", "c1/a", "+/+",  "a/+/+", "+/b/+",
                                              "$s/#", "$s/a", "/a",   "a/c1", "a/c1/+"};
        g_autoptr(GPtrArray) topics = all_topics();

        for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
                AclRule rule = rule_of(rules[i], false);

                for (size_t k = 0; k < G_N_ELEMENTS(filters); k++) {
                        Bytes filter = bytes_from_string(filters[k]);

                        g_test_message("rule %s, filter %s", rules[i], filters[k]);
                        g_assert_cmpint(acl_rule_relation(&rule, true, &alice, filter), ==,
                                        relation_by_topics(&rule, filter, topics));
                }
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/access/acl-rule/matches", test_matches);
        g_test_add_func("/access/acl-rule/slashes-in-identifiers", test_slashes);
        g_test_add_func("/access/acl-rule/without-a-user", test_without_user);
        g_test_add_func("/access/acl-rule/inner-words", test_inner_words);
        g_test_add_func("/access/acl-rule/relations-by-all-topics", test_relations);
        return g_test_run();
}
