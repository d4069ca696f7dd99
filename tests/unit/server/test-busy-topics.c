/* SPDX-License-Identifier: Apache-2.0 */

/* Which topics are published to most: of one worker, and of all. */
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "server/topic-list.h"
#include "stage-gather.h"
#include "tests/unit/failing-memory.h"

static void count(BusyTopics *topics, const char *topic, unsigned n, msec_t now)
{
        for (unsigned i = 0; i < n; i++)
                g_assert_true(busy_topics_count(topics, bytes_from_string(topic), 3, now));
}

/* The busiest, as "topic messages bytes" a line. */
static char *look(BusyTopics *topics, size_t max, msec_t now)
{
        GString *text = g_string_new(NULL);
        BusyTopic *rows;
        size_t n;

        g_assert_cmpint(busy_topics_look(topics, max, now, &rows, &n), ==, 0);
        for (size_t i = 0; i < n; i++)
                g_string_append_printf(text, "%s %.1f %.1f\n", rows[i].name, rows[i].messages,
                                       rows[i].bytes);
        busy_topics_rows_free(rows, n);
        return g_string_free(text, FALSE);
}

static void assert_looks(BusyTopics *topics, size_t max, msec_t now, const char *wanted)
{
        g_autofree char *seen = look(topics, max, now);

        g_assert_cmpstr(seen, ==, wanted);
}

static void test_rates_are_of_a_window(void)
{
        _cleanup_(busy_topics_freep) BusyTopics *topics = NULL;

        g_assert_cmpint(busy_topics_new(5000, &topics), ==, 0);
        assert_looks(topics, 9, 5000, "");
        count(topics, "a", 10, 5000);
        count(topics, "b", 20, 5000);
        /* What there is, as long as there is no whole window. */
        assert_looks(topics, 9, 5500, "b 40.0 120.0\na 20.0 60.0\n");
        count(topics, "a", 6, 5600);
        assert_looks(topics, 9, 6499, "b 40.0 120.0\na 20.0 60.0\n");
        assert_looks(topics, 9, 7500, "a 3.0 9.0\n");
        assert_looks(topics, 9, 8500, "");
}

static void test_the_first_are_shown(void)
{
        _cleanup_(busy_topics_freep) BusyTopics *topics = NULL;

        g_assert_cmpint(busy_topics_new(0, &topics), ==, 0);
        count(topics, "b", 2, 0);
        count(topics, "a", 2, 0);
        count(topics, "c", 3, 0);
        count(topics, "\x1f\xc3(", 1, 0);
        assert_looks(topics, 3, 1000, "c 3.0 9.0\na 2.0 6.0\nb 2.0 6.0\n");
        assert_looks(topics, 4, 1000, "c 3.0 9.0\na 2.0 6.0\nb 2.0 6.0\n\x1f?( 1.0 3.0\n");
}

/* A hundred thousand topics that come once do not drive out those that come often. */
static void test_rare_ones_leave_the_frequent_ones(void)
{
        static const char *const frequent[] = {"one", "two", "three"};
        _cleanup_(busy_topics_freep) BusyTopics *topics = NULL;
        BusyTopic *rows;
        char name[32];
        size_t n;

        g_assert_cmpint(busy_topics_new(0, &topics), ==, 0);
        for (unsigned i = 0; i < 100000; i++) {
                snprintf(name, sizeof(name), "rare/%u", i);
                count(topics, name, 1, 0);
                if (i % 100 == 0)
                        for (unsigned j = 0; j < 3; j++)
                                count(topics, frequent[j], 3 - j, 0);
        }
        g_assert_cmpint(busy_topics_look(topics, 3, 1000, &rows, &n), ==, 0);
        g_assert_cmpuint(n, ==, 3);
        for (unsigned i = 0; i < 3; i++) {
                g_assert_cmpstr(rows[i].name, ==, frequent[i]);
                /* What it took over when it came is less than that. */
                g_assert_cmpfloat(rows[i].messages, >=, 1000 * (3 - i));
                g_assert_cmpfloat(rows[i].messages, <, 1000 * (3 - i) + 200);
        }
        busy_topics_rows_free(rows, n);
}

static void test_long_ones_are_cut(void)
{
        _cleanup_(busy_topics_freep) BusyTopics *topics = NULL;
        g_autofree char *longest = g_strnfill(UINT16_MAX, 'x');
        g_autofree char *shown = g_strdup_printf("%.*s 1.0 3.0\n", (int)BUSY_TOPIC_SHOWN, longest);

        g_assert_cmpint(busy_topics_new(0, &topics), ==, 0);
        count(topics, longest, 1, 0);
        assert_looks(topics, 9, 1000, shown);
}

static void test_nobody_looks_for_ever(void)
{
        _cleanup_(busy_topics_freep) BusyTopics *topics = NULL;
        const Bytes topic = bytes_from_string("a");

        g_assert_cmpint(busy_topics_new(1000, &topics), ==, 0);
        g_assert_true(busy_topics_count(topics, topic, 0, 1000 + BUSY_TOPICS_PATIENCE));
        g_assert_false(busy_topics_count(topics, topic, 0, 1001 + BUSY_TOPICS_PATIENCE));
        g_free(look(topics, 1, 2000 + BUSY_TOPICS_PATIENCE));
        g_assert_true(busy_topics_count(topics, topic, 0, 2000 + 2 * BUSY_TOPICS_PATIENCE));
}

/* --- the broker --- */

static void assert_listed(Stage *stage, unsigned max, const char *wanted)
{
        g_autoptr(GString) text = g_string_new(NULL);
        const BusyTopic *rows;
        Gather *gather;
        size_t n;

        g_assert_cmpint(topic_list_new(max, stage->plane->n_shards, &gather), ==, 0);
        stage_gather(stage, gather);
        g_assert_cmpint(topic_list_rows(gather, &rows, &n), ==, 0);
        for (size_t i = 0; i < n; i++)
                g_string_append_printf(text, "%s %d\n", rows[i].name, rows[i].messages > 0);
        g_assert_cmpstr(text->str, ==, wanted);
        gather_free(gather);
}

/* Each worker counts what its own clients publish; who asks hears of all of it. */
static void test_workers_are_added_up(void)
{
        static const char *const own[] = {"zero", "one"};
        Client *clients[2];
        Stage stage;

        stage_init(&stage, 2, NULL);
        for (unsigned i = 0; i < 2; i++)
                clients[i] = stage_join(&stage, stage_id(&stage, i, "c"));
        client_publish(clients[0], "before", (Bytes){}, 0);
        stage_turn(&stage);
        assert_listed(&stage, 0, "");
        for (unsigned i = 0; i < 2; i++) {
                for (unsigned n = 0; n < 4; n++)
                        client_publish(clients[i], "both", (Bytes){}, 0);
                for (unsigned n = 0; n < 6 - i; n++)
                        client_publish(clients[i], own[i], (Bytes){}, 0);
        }
        stage_turn(&stage);
        stage_pass(&stage, 1000);
        assert_listed(&stage, 0, "both 1\nzero 1\none 1\n");
        assert_listed(&stage, 2, "both 1\nzero 1\n");

        stage_pass(&stage, BUSY_TOPICS_PATIENCE + 1);
        for (unsigned i = 0; i < 2; i++)
                client_publish(clients[i], "after", (Bytes){}, 0);
        stage_turn(&stage);
        g_assert_null(stage_shard(&stage, 0)->busy_topics);
        g_assert_null(stage_shard(&stage, 1)->busy_topics);
        assert_listed(&stage, 0, "");
        for (unsigned i = 0; i < 2; i++)
                client_free(clients[i]);
        stage_done(&stage);
}

static void test_memory_fails(void)
{
        _cleanup_(busy_topics_freep) BusyTopics *topics = NULL;
        BusyTopic *rows;
        unsigned failures = 0;
        size_t n;
        int r;

        g_assert_cmpint(busy_topics_new(0, &topics), ==, 0);
        count(topics, "a", 3, 0);
        count(topics, "b", 2, 0);
        do {
                failing_memory_begin(failures);
                r = busy_topics_look(topics, 9, 1000, &rows, &n);
                failing_memory_end();
        } while (r == -ENOMEM && ++failures);
        g_assert_cmpint(r, ==, 0);
        g_assert_cmpuint(failures, ==, 3); /* both arrays, the last name */
        g_assert_cmpuint(n, ==, 2);
        busy_topics_rows_free(rows, n);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/busy-topics/rates-are-of-a-window", test_rates_are_of_a_window);
        g_test_add_func("/busy-topics/the-first-are-shown", test_the_first_are_shown);
        g_test_add_func("/busy-topics/rare-ones-leave-the-frequent-ones",
                        test_rare_ones_leave_the_frequent_ones);
        g_test_add_func("/busy-topics/long-ones-are-cut", test_long_ones_are_cut);
        g_test_add_func("/busy-topics/nobody-looks-for-ever", test_nobody_looks_for_ever);
        g_test_add_func("/busy-topics/workers-are-added-up", test_workers_are_added_up);
        g_test_add_func("/busy-topics/memory-fails", test_memory_fails);
        return g_test_run();
}
