/* SPDX-License-Identifier: Apache-2.0 */
/* Topic names and topic filters. */

#include "mqtt/topic.h"
#include "wire.h"

typedef struct NameCase {
        const char *name;
        bool valid;
} NameCase;

static void test_name(void)
{
        static const NameCase cases[] = {
                {"a", true},        {"/", true},          {"a/b", true},  {"/a//b/", true},
                {"$SYS/x", true},   {"with space", true}, {"", false},    {"+", false},
                {"#", false},       {"a/+/b", false},     {"a/#", false}, {"a+", false},
                {"sport#x", false}, {"$share/g/a", true},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_test_message("'%s'", cases[i].name);
                g_assert_true(topic_name_is_valid(bytes_from_string(cases[i].name)) ==
                              cases[i].valid);
        }
}

/* Names of many lengths with a wildcard, or its nearest neighbour, at every place. */
static void test_name_places(void)
{
        static const char characters[] = "+#*,\"$c+k/";

        for (size_t length = 1; length < 40; length++) {
                for (size_t i = 0; i < length * (sizeof(characters) - 1); i++) {
                        char c = characters[i / length];
                        g_autofree char *name = g_strnfill(length, 'x');

                        name[i % length] = c;
                        g_assert_true(topic_name_is_valid((Bytes){(uint8_t *)name, length}) ==
                                      (c != '+' && c != '#'));
                }
        }
}

static void test_levels_limit(void)
{
        uint8_t slashes[MQTT_TOPIC_LEVELS_MAX + 1];
        TopicFilter filter;
        Bytes most = {slashes, MQTT_TOPIC_LEVELS_MAX - 1}, more = {slashes, MQTT_TOPIC_LEVELS_MAX};

        memset(slashes, '/', sizeof(slashes));
        g_assert_true(topic_name_is_valid(most));
        g_assert_false(topic_name_is_valid(more));
        g_assert_cmpint(topic_filter_parse(most, &filter), ==, 0);
        g_assert_cmpint(topic_filter_parse(more, &filter), ==, REASON_TOPIC_FILTER_INVALID);
        g_assert_true(topic_matches(most, most));
}

static void test_65535_levels(void)
{
        g_autofree uint8_t *slashes = g_malloc(65535);
        Bytes topic = {slashes, 65535};
        TopicFilter filter;

        memset(slashes, '/', 65535);
        g_assert_false(topic_name_is_valid(topic));
        g_assert_cmpint(topic_filter_parse(topic, &filter), ==, REASON_TOPIC_FILTER_INVALID);
        g_assert_true(topic_matches(topic, topic));
}

typedef struct FilterCase {
        const char *text;
        const char *filter; /* NULL: invalid */
        const char *group;
        bool has_wildcard;
} FilterCase;

static void test_filter(void)
{
        static const FilterCase cases[] = {
                {"a", "a", "", false},
                {"/", "/", "", false},
                {"//", "//", "", false},
                {"#", "#", "", true},
                {"+", "+", "", true},
                {"+/+", "+/+", "", true},
                {"/+", "/+", "", true},
                {"a/#", "a/#", "", true},
                {"a/+/#", "a/+/#", "", true},
                {"+/a/#", "+/a/#", "", true},
                {"$SYS/#", "$SYS/#", "", true},
                {"", NULL, NULL, false},
                {"##", NULL, NULL, false},
                {"#/", NULL, NULL, false},
                {"#/a", NULL, NULL, false},
                {"a/#/b", NULL, NULL, false},
                {"a#", NULL, NULL, false},
                {"a/b#", NULL, NULL, false},
                {"a/#b", NULL, NULL, false},
                {"a+", NULL, NULL, false},
                {"+a", NULL, NULL, false},
                {"a/+b/c", NULL, NULL, false},
                {"++", NULL, NULL, false},
                {"+#", NULL, NULL, false},
                /* shared: 4.8.2 */
                {"$share/g/a", "a", "g", false},
                {"$share/g/#", "#", "g", true},
                {"$share/g//", "/", "g", false},
                {"$share/g//a", "/a", "g", false},
                {"$share/g/$SYS/#", "$SYS/#", "g", true},
                {"$share/g/$share/h/a", "$share/h/a", "g", false},
                {"$share", "$share", "", false},
                {"$shared/g/a", "$shared/g/a", "", false},
                {"$SHARE/g/a", "$SHARE/g/a", "", false},
                {"$share/", NULL, NULL, false},
                {"$share/g", NULL, NULL, false},
                {"$share/g/", NULL, NULL, false},
                {"$share//a", NULL, NULL, false},
                {"$share/+/a", NULL, NULL, false},
                {"$share/#/a", NULL, NULL, false},
                {"$share/#", NULL, NULL, false},
                {"$share/g+/a", NULL, NULL, false},
                {"$share/g#/a", NULL, NULL, false},
                {"$share/g/a#", NULL, NULL, false},
                {"$share/g/#/a", NULL, NULL, false},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                const FilterCase *item = cases + i;
                TopicFilter filter = {.filter = {NULL, 77}};
                int r = topic_filter_parse(bytes_from_string(item->text), &filter);

                g_test_message("'%s'", item->text);
                g_assert_cmpint(r, ==, item->filter ? 0 : REASON_TOPIC_FILTER_INVALID);
                if (r != 0) {
                        g_assert_cmpuint(filter.filter.length, ==, 77);
                        continue;
                }
                assert_bytes(filter.filter, item->filter);
                assert_bytes(filter.group, item->group);
                g_assert_true(filter.has_wildcard == item->has_wildcard);
        }
}

typedef struct MatchCase {
        const char *filter, *topic;
        bool matches;
} MatchCase;

static void test_match(void)
{
        static const MatchCase cases[] = {
                /* the examples of 4.7.1 */
                {"sport/tennis/player1/#", "sport/tennis/player1", true},
                {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
                {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
                {"sport/#", "sport", true},
                {"#", "sport", true},
                {"sport/tennis/+", "sport/tennis/player1", true},
                {"sport/tennis/+", "sport/tennis/player1/ranking", false},
                {"sport/+", "sport", false},
                {"sport/+", "sport/", true},
                {"+/+", "/finance", true},
                {"/+", "/finance", true},
                {"+", "/finance", false},
                {"+/tennis/#", "sport/tennis/x", true},
                {"sport/+/player1", "sport/tennis/player1", true},
                /* the `$` rule */
                {"#", "$SYS/a", false},
                {"+/a", "$SYS/a", false},
                {"+/#", "$SYS/a", false},
                {"$SYS/#", "$SYS/a", true},
                {"$SYS/#", "$SYS", true},
                {"$SYS/+", "$SYS/a", true},
                {"$SYS/a", "$SYS/a", true},
                {"a/#", "a/$b", true},
                {"a/+", "a/$b", true},
                {"+", "$", false},
                /* empty levels */
                {"a/", "a/", true},
                {"a/", "a", false},
                {"a", "a/", false},
                {"/a", "a", false},
                {"/", "/", true},
                {"+/", "/", true},
                {"+/+", "/", true},
                {"+", "/", false},
                {"#", "/", true},
                {"/#", "/", true},
                {"//#", "/", true},
                {"///#", "/", false},
                {"a//b", "a//b", true},
                {"a/+/b", "a//b", true},
                {"a//b", "a/b", false},
                {"a/#", "a/", true},
                {"a/+/#", "a", false},
                {"a/+/#", "a/b", true},
                /* literals */
                {"abc", "abc", true},
                {"abc", "ABC", false},
                {"abc", "ab", false},
                {"ab", "abc", false},
                {"a/b/c", "a/b", false},
                {"a/b", "a/b/c", false},
                {"foo/+/baz/#", "foo/bar/baz/x/y", true},
                {"foo/+/baz/#", "foo/bar/bar", false},
                {"foo/#", "fooo", false},
                {"foo/bar", "foo/ba", false},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_test_message("'%s' '%s'", cases[i].filter, cases[i].topic);
                g_assert_true(topic_matches(bytes_from_string(cases[i].filter),
                                            bytes_from_string(cases[i].topic)) == cases[i].matches);
        }
}

static void test_levels(void)
{
        TopicLevels levels = topic_levels(bytes_from_string("/ab//c/"));
        static const char *const expected[] = {"", "ab", "", "c", ""};
        Bytes level = {};

        for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
                g_assert_true(topic_levels_next(&levels, &level));
                assert_bytes(level, expected[i]);
        }
        g_assert_false(topic_levels_next(&levels, &level));
        g_assert_false(topic_levels_next(&levels, &level));
        levels = topic_levels((Bytes){});
        g_assert_false(topic_levels_next(&levels, &level));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/mqtt/topic/name", test_name);
        g_test_add_func("/mqtt/topic/wildcard-at-every-place", test_name_places);
        g_test_add_func("/mqtt/topic/levels-limit", test_levels_limit);
        g_test_add_func("/mqtt/topic/65535-levels", test_65535_levels);
        g_test_add_func("/mqtt/topic/filter", test_filter);
        g_test_add_func("/mqtt/topic/matches", test_match);
        g_test_add_func("/mqtt/topic/levels", test_levels);
        return g_test_run();
}
