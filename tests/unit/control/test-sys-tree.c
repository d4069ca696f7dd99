/* SPDX-License-Identifier: Apache-2.0 */

/* The $SYS tree: names, formats, and that only changes come out. */
#include <glib.h>
#include <string.h>

#include "control/sys-tree.h"

/* Topic to text of all that has changed; the caller unrefs. */
static GHashTable *changes(SysTree *tree, const SysSample *sample)
{
        GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        const char *topic, *text;

        sys_tree_update(tree, sample);
        while (sys_tree_next(tree, &topic, &text))
                g_assert_true(g_hash_table_insert(table, g_strdup(topic), g_strdup(text)));
        return table;
}

static void assert_value(GHashTable *table, const char *name, const char *text)
{
        g_autofree char *topic = g_strconcat("$SYS/broker/", name, NULL);

        g_assert_cmpstr(g_hash_table_lookup(table, topic), ==, text);
}

static void test_first_update_gives_every_name(void)
{
        static const char *const names[] = {
                "version",
                "uptime",
                "bytes/received",
                "bytes/sent",
                "messages/received",
                "messages/sent",
                "messages/stored",
                "publish/messages/received",
                "publish/messages/sent",
                "publish/messages/dropped",
                "publish/bytes/received",
                "publish/bytes/sent",
                "store/messages/count",
                "store/checkpoints",
                "store/commits",
                "store/commits/bytes",
                "store/commits/changes",
                "store/commits/refused",
                "store/messages/bytes",
                "retained messages/count",
                "subscriptions/count",
                "shared_subscriptions/count",
                "clients/total",
                "clients/connected",
                "clients/active",
                "clients/disconnected",
                "clients/inactive",
                "clients/maximum",
                "clients/expired",
                "connections/socket/count",
                "packet/out/count",
                "packet/out/bytes",
                "heap/current",
                "heap/maximum",
                "limits/connections",
                "limits/holds",
                "limits/messages",
                "limits/pauses",
                "limits/retained",
                "limits/subscriptions",
                "limits/takeovers",
        };
        static const char *const loads[] = {
                "messages/received", "messages/sent",   "publish/received",
                "publish/sent",      "publish/dropped", "bytes/received",
                "bytes/sent",        "sockets",         "connections",
        };
        static const char *const spans[] = {"1min", "5min", "15min"};
        g_autoptr(GHashTable) table = NULL;
        const SysSample sample = {.now = 1000};
        SysTree *tree;

        g_assert_cmpint(sys_tree_new(1000, &tree), ==, 0);
        table = changes(tree, &sample);
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autofree char *topic = g_strconcat("$SYS/broker/", names[i], NULL);

                g_assert_true(g_hash_table_remove(table, topic));
        }
        for (size_t i = 0; i < G_N_ELEMENTS(loads); i++)
                for (size_t k = 0; k < G_N_ELEMENTS(spans); k++) {
                        g_autofree char *topic =
                                g_strdup_printf("$SYS/broker/load/%s/%s", loads[i], spans[k]);

                        g_assert_true(g_hash_table_remove(table, topic));
                }
        g_assert_cmpuint(g_hash_table_size(table), ==, 0);
        sys_tree_free(tree);
}

static void test_formats(void)
{
        g_autoptr(GHashTable) table = NULL;
        SysSample sample = {
                .now = 61999,
                .memory = 4096,
                .counters = {.bytes_received = UINT64_MAX,
                             .sessions = 7,
                             .sessions_away = 2,
                             .clients_connected = 5,
                             .retained = 3,
                             .retained_bytes = 30,
                             .messages_queued = 4,
                             .messages_queued_bytes = 40,
                             .subscriptions = 9,
                             .shared_subscriptions = 2,
                             .publish_sent = 60},
        };
        SysTree *tree;

        g_assert_cmpint(sys_tree_new(1999, &tree), ==, 0);
        table = changes(tree, &sample);
        assert_value(table, "version", "hawker version " VERSION);
        assert_value(table, "uptime", "60 seconds");
        assert_value(table, "bytes/received", "18446744073709551615");
        assert_value(table, "clients/total", "7");
        assert_value(table, "clients/connected", "5");
        assert_value(table, "clients/active", "5");
        assert_value(table, "clients/disconnected", "2");
        assert_value(table, "clients/inactive", "2");
        assert_value(table, "retained messages/count", "3");
        assert_value(table, "store/messages/count", "7");
        assert_value(table, "store/messages/bytes", "70");
        assert_value(table, "subscriptions/count", "7");
        assert_value(table, "shared_subscriptions/count", "2");
        assert_value(table, "heap/current", "4096");
        /* 60 in one minute: 60 * (1 - 1/e), then slower. */
        assert_value(table, "load/publish/sent/1min", "37.93");
        assert_value(table, "load/publish/sent/5min", "10.88");
        assert_value(table, "load/publish/sent/15min", "3.87");
        assert_value(table, "load/publish/received/1min", "0.00");
        sys_tree_free(tree);
}

static void test_only_changes_come_out(void)
{
        SysSample sample = {.now = 10000};
        g_autoptr(GHashTable) first = NULL, second = NULL, third = NULL;
        SysTree *tree;

        g_assert_cmpint(sys_tree_new(10000, &tree), ==, 0);
        first = changes(tree, &sample);
        second = changes(tree, &sample);
        g_assert_cmpuint(g_hash_table_size(second), ==, 0);

        sample.now += 500; /* still the same second */
        sample.counters.clients_connected = 1;
        third = changes(tree, &sample);
        g_assert_cmpuint(g_hash_table_size(third), ==, 2);
        assert_value(third, "clients/connected", "1");
        assert_value(third, "clients/active", "1");
        sys_tree_free(tree);
}

static void test_maxima_stay(void)
{
        SysSample sample = {.now = 1, .memory = 900, .counters.sessions = 9};
        g_autoptr(GHashTable) high = NULL, low = NULL;
        SysTree *tree;

        g_assert_cmpint(sys_tree_new(1, &tree), ==, 0);
        high = changes(tree, &sample);
        assert_value(high, "clients/maximum", "9");
        assert_value(high, "heap/maximum", "900");

        sample.memory = 100;
        sample.counters.sessions = 1;
        low = changes(tree, &sample);
        assert_value(low, "clients/total", "1");
        assert_value(low, "clients/maximum", NULL);
        assert_value(low, "heap/current", "100");
        assert_value(low, "heap/maximum", NULL);
        sys_tree_free(tree);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/control/sys-tree/first-update-gives-every-name",
                        test_first_update_gives_every_name);
        g_test_add_func("/control/sys-tree/formats", test_formats);
        g_test_add_func("/control/sys-tree/only-changes-come-out", test_only_changes_come_out);
        g_test_add_func("/control/sys-tree/maxima-stay", test_maxima_stay);
        return g_test_run();
}
