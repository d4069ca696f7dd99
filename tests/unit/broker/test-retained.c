/* SPDX-License-Identifier: Apache-2.0 */
/* Retained messages: the store and the walks over it. */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "broker/retained-cursor.h"
#include "broker/topic-tree.h"
#include "util/macro.h"

#define SECOND ((msec_t)MSEC_PER_SEC)

static Message *make_message(const char *topic, const char *payload, uint32_t expires)
{
        MessageParts parts = {
                .topic = bytes_from_string(topic),
                .payload = bytes_from_string(payload),
                .expires = expires,
                .retain = true,
        };
        Message *message = NULL;

        g_assert_cmpint(message_new(&parts, &message), ==, 0);
        return message;
}

static void set_expiring(Retained *retained, const char *topic, const char *payload,
                         uint32_t expires)
{
        _cleanup_(message_unrefp) Message *message = make_message(topic, payload, expires);

        g_assert_cmpint(retained_set(retained, message), ==, 0);
}

static void set(Retained *retained, const char *topic, const char *payload)
{
        set_expiring(retained, topic, payload, MESSAGE_NEVER_EXPIRES);
}

static Retained *make_store(void)
{
        Retained *retained = NULL;

        g_assert_cmpint(retained_new(&retained), ==, 0);
        return retained;
}

/* The message of a topic, with a reference. */
static Message *get(Retained *retained, const char *topic)
{
        RetainedCursor *cursor = NULL;
        Message *message = NULL;
        bool end;

        g_assert_cmpint(retained_cursor_new(retained, bytes_from_string(topic), &cursor), ==, 0);
        retained_cursor_next(cursor, 0, &message, 1, &end);
        retained_cursor_free(cursor);
        return message;
}

/* What was set meanwhile stays. */
static void test_remove_takes_out_what_was_meant(void)
{
        Retained *retained = make_store();
        Message *messages[3];
        size_t n;

        set(retained, "a", "1");
        set(retained, "b", "1");
        set(retained, "b/c", "1");
        messages[0] = get(retained, "a");
        messages[1] = get(retained, "b");
        messages[2] = get(retained, "b/c");
        set(retained, "b", "2");
        g_assert_cmpint(retained_remove(retained, messages, 3, &n), ==, 0);
        g_assert_cmpuint(n, ==, 2);
        g_assert_cmpuint(retained_count(retained), ==, 1);
        g_assert_cmpint(retained_remove(retained, messages, 3, &n), ==, 0);
        g_assert_cmpuint(n, ==, 0);
        g_assert_null(get(retained, "a"));
        for (size_t i = 0; i < 3; i++)
                message_unref(messages[i]);
        messages[0] = get(retained, "b");
        g_assert_cmpuint(message_payload(messages[0]).data[0], ==, '2');
        message_unref(messages[0]);
        retained_free(retained);
}

static RetainedCursor *walk(Retained *retained, const char *filter)
{
        RetainedCursor *cursor = NULL;

        g_assert_cmpint(retained_cursor_new(retained, bytes_from_string(filter), &cursor), ==, 0);
        return cursor;
}

/* One slice: adds "topic" to the set; a topic that is in it already fails the test. */
static bool step(RetainedCursor *cursor, msec_t now, size_t max, GHashTable *met)
{
        Message *messages[64];
        bool end;
        size_t n = retained_cursor_next(cursor, now, messages, max, &end);

        g_assert_cmpuint(n, <=, max);
        for (size_t i = 0; i < n; i++) {
                Bytes topic = message_topic(messages[i]);

                g_assert_true(
                        g_hash_table_add(met, g_strndup((const char *)topic.data, topic.length)));
                message_unref(messages[i]);
        }
        return !end;
}

static GHashTable *new_set(void)
{
        return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

/* What a whole walk meets: topics in order, separated by blanks. */
static char *walk_all(Retained *retained, const char *filter, msec_t now)
{
        _cleanup_(retained_cursor_freep) RetainedCursor *cursor = walk(retained, filter);
        g_autoptr(GHashTable) met = new_set();
        g_autoptr(GList) keys = NULL;
        GString *text = g_string_new(NULL);

        while (step(cursor, now, 64, met))
                continue;
        keys = g_list_sort(g_hash_table_get_keys(met), (GCompareFunc)strcmp);
        for (GList *i = keys; i; i = i->next)
                g_string_append_printf(text, "%s%s", i == keys ? "" : " ", (const char *)i->data);
        return g_string_free(text, FALSE);
}

static void test_set_replaces_and_clears(void)
{
        _cleanup_(retained_freep) Retained *retained = make_store();
        _cleanup_(retained_cursor_freep) RetainedCursor *cursor = NULL;
        Message *message;
        bool end;

        set(retained, "a/b", "one");
        g_assert_cmpuint(retained_count(retained), ==, 1);
        g_assert_cmpuint(retained_bytes(retained), ==, 6);
        set(retained, "a/b", "three");
        g_assert_cmpuint(retained_count(retained), ==, 1);
        g_assert_cmpuint(retained_bytes(retained), ==, 8);
        cursor = walk(retained, "a/b");
        g_assert_cmpuint(retained_cursor_next(cursor, 0, &message, 1, &end), ==, 1);
        g_assert_true(end);
        g_assert_true(bytes_equal(message_payload(message), BYTES_LITERAL("three")));
        set(retained, "a", ""); /* nothing there */
        set(retained, "x", "");
        set(retained, "a/b", "");
        g_assert_cmpuint(retained_count(retained), ==, 0);
        g_assert_cmpuint(retained_bytes(retained), ==, 0);
        message_unref(message);
}

static void test_too_deep_is_refused(void)
{
        _cleanup_(retained_freep) Retained *retained = make_store();
        g_autofree char *topic = g_strnfill(TOPIC_TREE_DEPTH_MAX, '/'), *met = NULL;
        _cleanup_(message_unrefp) Message *message =
                make_message(topic, "x", MESSAGE_NEVER_EXPIRES);

        g_assert_cmpint(retained_set(retained, message), ==, -E2BIG);
        g_assert_cmpuint(retained_count(retained), ==, 0);
        met = walk_all(retained, topic, 0);
        g_assert_cmpstr(met, ==, "");
}

typedef struct WalkCase {
        const char *filter;
        const char *topics;
} WalkCase;

static const WalkCase walk_cases[] = {
        {"#", "/ /a a a/ a/b a/b/c a/c b/b/c"},
        {"+", "a"},
        {"a", "a"},
        {"a/#", "a a/ a/b a/b/c a/c"},
        {"a/+", "a/ a/b a/c"},
        {"+/b/#", "a/b a/b/c b/b/c"},
        {"+/+", "/ /a a/ a/b a/c"},
        {"/#", "/ /a"},
        {"/+", "/ /a"},
        {"+/b/c", "a/b/c b/b/c"},
        {"+/+/+", "a/b/c b/b/c"},
        {"a/b/c/#", "a/b/c"},
        {"b", ""},
        {"b/#", "b/b/c"},
        {"b/b", ""},
        {"a/b/c/d", ""},
        {"x/#", ""},
        {"$x/#", "$x $x/b"},
        {"$x", "$x"},
        {"$x/+", "$x/b"},
        {"+/x/+", ""},
};

static void test_walk(gconstpointer data)
{
        static const char *const topics[] = {"/",     "/a",  "a",     "a/", "a/b",
                                             "a/b/c", "a/c", "b/b/c", "$x", "$x/b"};
        const WalkCase *test = data;
        _cleanup_(retained_freep) Retained *retained = make_store();
        g_autofree char *met = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(topics); i++)
                set(retained, topics[i], "x");
        met = walk_all(retained, test->filter, 0);
        g_assert_cmpstr(met, ==, test->topics);
}

static void test_expired_are_passed_over(void)
{
        _cleanup_(retained_freep) Retained *retained = make_store();
        g_autofree char *before = NULL, *after = NULL, *one = NULL;

        set_expiring(retained, "a/1", "x", 10);
        set_expiring(retained, "a/2", "x", 20);
        set(retained, "a/3", "x");
        before = walk_all(retained, "a/+", 9 * SECOND);
        g_assert_cmpstr(before, ==, "a/1 a/2 a/3");
        after = walk_all(retained, "#", 10 * SECOND);
        g_assert_cmpstr(after, ==, "a/2 a/3");
        one = walk_all(retained, "a/1", 10 * SECOND);
        g_assert_cmpstr(one, ==, "");
        g_assert_cmpuint(retained_count(retained), ==, 3);
}

static void test_expire_goes_round(void)
{
        enum { N = 5000 };
        _cleanup_(retained_freep) Retained *retained = make_store();
        size_t n_gone = 0, n_max = 0;

        for (unsigned i = 0; i < N; i++) {
                g_autofree char *topic = g_strdup_printf("a/%u/b", i);

                set_expiring(retained, topic, "x", i % 2 ? 10 : MESSAGE_NEVER_EXPIRES);
        }
        g_assert_cmpuint(retained_expire(retained, 9 * SECOND, N), ==, 0);
        for (unsigned i = 0; i < N && n_gone < N / 2; i++) {
                size_t n = retained_expire(retained, 10 * SECOND, 100);

                n_gone += n;
                n_max = MAX(n_max, n);
        }
        g_assert_cmpuint(n_gone, ==, N / 2);
        g_assert_cmpuint(n_max, <=, 100);
        g_assert_cmpuint(retained_count(retained), ==, N / 2);
        g_assert_cmpuint(retained_expire(retained, 99 * SECOND, N), ==, 0);
}

/* All of a large store, in slices, while others come and go around the place of the cursor. */
static void test_walk_while_others_change(gconstpointer data)
{
        enum { N = 3000 };
        const char *filter = data;
        _cleanup_(retained_freep) Retained *retained = make_store();
        _cleanup_(retained_cursor_freep) RetainedCursor *cursor = walk(retained, filter);
        g_autoptr(GRand) rand = g_rand_new_with_seed(99);
        g_autoptr(GHashTable) met = new_set();

        for (unsigned i = 0; i < N; i++) {
                g_autofree char *stays = g_strdup_printf("t/%u/stays", i);
                g_autofree char *goes = g_strdup_printf("t/%u/goes", i);

                set(retained, stays, "x");
                set(retained, goes, "x");
        }
        while (step(cursor, 0, 7, met))
                for (unsigned i = 0; i < 20; i++) {
                        unsigned number = (unsigned)g_rand_int_range(rand, 0, 2 * N);
                        g_autofree char *topic = g_strdup_printf("t/%u/goes", number);

                        set(retained, topic, g_rand_boolean(rand) ? "y" : "");
                }
        for (unsigned i = 0; i < N; i++) {
                g_autofree char *stays = g_strdup_printf("t/%u/stays", i);

                g_assert_true(g_hash_table_contains(met, stays));
        }
}

/* What the cursor stands on goes, with all around it; the rest is met. */
static void test_walk_survives_loss_of_its_place(void)
{
        _cleanup_(retained_freep) Retained *retained = make_store();
        _cleanup_(retained_cursor_freep) RetainedCursor *cursor = walk(retained, "#");
        g_autoptr(GHashTable) met = new_set();
        g_autofree char *left = NULL;

        for (unsigned i = 0; i < 10; i++) {
                g_autofree char *topic = g_strdup_printf("a/%u/b/c", i);

                set(retained, topic, "x");
        }
        g_assert_true(step(cursor, 0, 1, met));
        for (unsigned i = 0; i < 10; i++) {
                g_autofree char *topic = g_strdup_printf("a/%u/b/c", i);

                if (i != 5)
                        set(retained, topic, "");
        }
        while (step(cursor, 0, 1, met))
                continue;
        g_assert_true(g_hash_table_contains(met, "a/5/b/c"));
        g_assert_cmpuint(g_hash_table_size(met), <=, 2);
        set(retained, "a/5/b/c", "");
        g_assert_cmpuint(retained_count(retained), ==, 0);
        left = walk_all(retained, "#", 0);
        g_assert_cmpstr(left, ==, "");
}

/* Two cursors, given up in the midst, and the sweep of expired ones leave nothing behind. */
static void test_cursors_given_up(void)
{
        _cleanup_(retained_freep) Retained *retained = make_store();
        RetainedCursor *one, *other;
        g_autoptr(GHashTable) met = new_set(), met_by_other = new_set();
        g_autofree char *all = NULL;

        for (unsigned i = 0; i < 100; i++) {
                g_autofree char *topic = g_strdup_printf("a/%u", i);

                set_expiring(retained, topic, "x", 10);
        }
        one = walk(retained, "a/+");
        other = walk(retained, "#");
        g_assert_true(step(one, 0, 10, met));
        g_assert_true(step(other, 0, 20, met_by_other));
        g_assert_cmpuint(retained_expire(retained, 10 * SECOND, 30), ==, 30);
        g_assert_true(step(one, 0, 10, met));
        retained_cursor_free(one);
        g_assert_cmpuint(retained_expire(retained, 10 * SECOND, 100), ==, 70);
        g_assert_false(step(other, 0, 64, met_by_other));
        retained_cursor_free(other);
        g_assert_cmpuint(retained_count(retained), ==, 0);
}

static void test_one_call_is_bounded(void)
{
        enum { N = 20000 };
        _cleanup_(retained_freep) Retained *retained = make_store();
        _cleanup_(retained_cursor_freep) RetainedCursor *cursor = walk(retained, "+/y");
        g_autoptr(GHashTable) met = new_set();
        unsigned n_calls = 0;

        for (unsigned i = 0; i < N; i++) {
                g_autofree char *topic = g_strdup_printf("%u/x", i);

                set(retained, topic, "x");
        }
        while (step(cursor, 0, 64, met))
                n_calls++;
        g_assert_cmpuint(n_calls, >=, N / 1000);
        g_assert_cmpuint(g_hash_table_size(met), ==, 0);
}

static void test_hash_over_100000(void)
{
        enum { N = 100000 };
        _cleanup_(retained_freep) Retained *retained = make_store();
        _cleanup_(retained_cursor_freep) RetainedCursor *cursor = walk(retained, "#");
        size_t n_met = 0, n_slices = 0;
        bool end = false;

        for (unsigned i = 0; i < N; i++) {
                g_autofree char *topic = g_strdup_printf("a/%u/b/%u", i % 1000, i);

                set(retained, topic, "payload");
        }
        while (!end) {
                Message *messages[64];
                size_t n = retained_cursor_next(cursor, 0, messages, 64, &end);

                for (size_t i = 0; i < n; i++)
                        message_unref(messages[i]);
                n_met += n;
                n_slices++;
        }
        g_assert_cmpuint(n_met, ==, N);
        g_assert_cmpuint(n_slices, <, N / 32);
}

/* --- threads --- */

static gpointer publish_and_walk(gpointer data)
{
        Retained *retained = data;

        for (unsigned i = 0; i < 200; i++) {
                _cleanup_(retained_cursor_freep) RetainedCursor *cursor = walk(retained, "t/+");
                g_autofree char *topic = g_strdup_printf("t/%u", i % 20);
                Message *messages[4];
                bool end = false;

                set_expiring(retained, topic, i % 3 ? "x" : "", i % 2 ? 10 : 20);
                while (!end) {
                        size_t n = retained_cursor_next(cursor, 0, messages, 4, &end);

                        for (size_t j = 0; j < n; j++)
                                message_unref(messages[j]);
                }
                retained_expire(retained, 15 * SECOND, 3);
        }
        return NULL;
}

static void test_threads(void)
{
        _cleanup_(retained_freep) Retained *retained = make_store();
        GThread *threads[4];

        for (unsigned i = 0; i < ARRAY_SIZE(threads); i++)
                threads[i] = g_thread_new("retained", publish_and_walk, retained);
        for (unsigned i = 0; i < ARRAY_SIZE(threads); i++)
                g_thread_join(threads[i]);
        g_assert_cmpuint(retained_count(retained), <=, 20);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/retained/set-replaces-and-clears", test_set_replaces_and_clears);
        g_test_add_func("/broker/retained/remove-takes-out-what-was-meant",
                        test_remove_takes_out_what_was_meant);
        g_test_add_func("/broker/retained/too-deep-is-refused", test_too_deep_is_refused);
        for (size_t i = 0; i < ARRAY_SIZE(walk_cases); i++) {
                g_autofree char *name = g_strdup_printf("/broker/retained/walk/%zu", i);

                g_test_add_data_func(name, &walk_cases[i], test_walk);
        }
        g_test_add_func("/broker/retained/expired-are-passed-over", test_expired_are_passed_over);
        g_test_add_func("/broker/retained/expire-goes-round", test_expire_goes_round);
        g_test_add_data_func("/broker/retained/walk-while-others-change/all", "#",
                             test_walk_while_others_change);
        g_test_add_data_func("/broker/retained/walk-while-others-change/plus", "t/+/stays",
                             test_walk_while_others_change);
        g_test_add_data_func("/broker/retained/walk-while-others-change/subtree", "t/#",
                             test_walk_while_others_change);
        g_test_add_func("/broker/retained/walk-survives-loss-of-its-place",
                        test_walk_survives_loss_of_its_place);
        g_test_add_func("/broker/retained/cursors-given-up", test_cursors_given_up);
        g_test_add_func("/broker/retained/one-call-is-bounded", test_one_call_is_bounded);
        g_test_add_func("/broker/retained/hash-over-100000", test_hash_over_100000);
        g_test_add_func("/broker/retained/threads", test_threads);
        return g_test_run();
}
