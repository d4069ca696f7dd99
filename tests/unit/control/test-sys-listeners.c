/* SPDX-License-Identifier: Apache-2.0 */

/* $SYS of listeners: names, that only changes come out, and what is left of one that is gone. */
#include <glib.h>
#include <string.h>

#include "control/sys-listeners.h"

typedef struct Sample {
        const char *name;
        ListenerFigures figures;
} Sample;

/* Topic to text of all that has changed; the caller unrefs. */
static GHashTable *changes(SysListeners *listeners, const Sample *samples, size_t n)
{
        GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        const char *topic, *text;

        sys_listeners_begin(listeners);
        for (size_t i = 0; i < n; i++)
                g_assert_cmpint(sys_listeners_add(listeners, samples[i].name, &samples[i].figures),
                                ==, 0);
        while (sys_listeners_next(listeners, &topic, &text))
                g_assert_true(g_hash_table_insert(table, g_strdup(topic), g_strdup(text)));
        return table;
}

static void assert_value(GHashTable *table, const char *name, const char *text)
{
        g_autofree char *topic = g_strconcat("$SYS/broker/listeners/", name, NULL);

        g_assert_cmpstr(g_hash_table_lookup(table, topic), ==, text);
}

static void test_only_changes(void)
{
        Sample sample = {"[::]:8883",
                         {.accepted = 7, .handshake_bytes_sent = 5000, .upgrades_refused = 4}};
        g_autoptr(GHashTable) first = NULL, second = NULL, third = NULL;
        SysListeners *listeners;

        g_assert_cmpint(sys_listeners_new(&listeners), ==, 0);
        sample.figures.refused[REFUSAL_BANNED] = 2;
        sample.figures.refused[REFUSAL_ADDRESS_RATE] = 3;
        first = changes(listeners, &sample, 1);
        g_assert_cmpuint(g_hash_table_size(first), ==, 7 + REFUSALS_N);
        assert_value(first, "[::]:8883/connections/accepted", "7");
        assert_value(first, "[::]:8883/connections/refused", "5");
        assert_value(first, "[::]:8883/connections/refused/banned", "2");
        assert_value(first, "[::]:8883/connections/refused/address-rate", "3");
        assert_value(first, "[::]:8883/connections/refused/global-rate", "0");
        assert_value(first, "[::]:8883/handshakes/count", "0");
        assert_value(first, "[::]:8883/handshakes/failed", "0");
        assert_value(first, "[::]:8883/handshakes/bytes/received", "0");
        assert_value(first, "[::]:8883/handshakes/bytes/sent", "5000");
        assert_value(first, "[::]:8883/upgrades/count", "0");
        assert_value(first, "[::]:8883/upgrades/refused", "4");

        second = changes(listeners, &sample, 1);
        g_assert_cmpuint(g_hash_table_size(second), ==, 0);
        sample.figures.refused[REFUSAL_EVICTED]++;
        third = changes(listeners, &sample, 1);
        g_assert_cmpuint(g_hash_table_size(third), ==, 2);
        assert_value(third, "[::]:8883/connections/refused", "6");
        assert_value(third, "[::]:8883/connections/refused/unauthenticated", "1");
        sys_listeners_free(listeners);
}

/* Its retained messages go; one that is back begins anew. */
static void test_gone(void)
{
        const Sample samples[] = {{"1883", {.accepted = 1}}, {"8883", {.accepted = 2}}};
        SysListeners *listeners;

        g_assert_cmpint(sys_listeners_new(&listeners), ==, 0);
        for (unsigned i = 0; i < 2; i++) {
                g_autoptr(GHashTable) both = changes(listeners, samples, 2);
                g_autoptr(GHashTable) one = changes(listeners, samples + 1, 1);
                g_autoptr(GHashTable) none = changes(listeners, samples + 1, 1);

                assert_value(both, "1883/connections/accepted", "1");
                g_assert_cmpuint(g_hash_table_size(one), ==, 7 + REFUSALS_N);
                assert_value(one, "1883/connections/accepted", "");
                assert_value(one, "1883/connections/refused/banned", "");
                g_assert_cmpuint(g_hash_table_size(none), ==, 0);
        }
        sys_listeners_free(listeners);
}

static void test_name_is_one_level(void)
{
        const Sample sample = {"/run/a+b#.sock", {.accepted = 1}};
        g_autoptr(GHashTable) table = NULL;
        SysListeners *listeners;

        g_assert_cmpint(sys_listeners_new(&listeners), ==, 0);
        table = changes(listeners, &sample, 1);
        assert_value(table, "_run_a_b_.sock/connections/accepted", "1");
        sys_listeners_free(listeners);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/control/sys-listeners/only-changes", test_only_changes);
        g_test_add_func("/control/sys-listeners/gone", test_gone);
        g_test_add_func("/control/sys-listeners/name-is-one-level", test_name_is_one_level);
        return g_test_run();
}
