/* SPDX-License-Identifier: Apache-2.0 */
/* test-memory.c: each allocation fails once; nothing is half done, nothing leaks */
#include "attempt.h"

#include <stdlib.h>

#include "tests/unit/failing-memory.h"

/* Load until no allocation is left to fail. @right says whether the text is. */
static void exhaust(const char *text, bool right)
{
        int expected = right ? 0 : -EINVAL, r;
        unsigned n = 0;

        do {
                const SettingsSource source = {.file = "test.conf", .verbose = true};
                ConfigErrors errors = CONFIG_ERRORS_INIT;
                Settings *settings = NULL;

                failing_memory_begin(n++);
                r = settings_parse(&source, text, strlen(text), &settings, &errors);
                failing_memory_end();
                g_assert_true(r == -ENOMEM || r == expected);
                g_assert_cmpint(settings != NULL, ==, r == 0);
                settings_unref(settings);
                config_errors_done(&errors);
        } while (r == -ENOMEM);
        g_assert_cmpuint(n, >, 10);
}

static void test_listeners(void)
{
        exhaust("allow_anonymous true\nauto_id_prefix a\nlistener 0 /tmp/x\nsocket_owner root\n"
                "listener 1883 ::1\nmount_point a/\nlistener_auto_id_prefix b\n"
                "pid_file /tmp/a\nlog_dest file /tmp/b\nmemory_limit 1x\n",
                true);
}

static void test_local_only(void)
{
        exhaust("per_listener_settings true\nauto_id_prefix x\n", true);
}

static void test_default_listener(void)
{
        exhaust("bind_address ::1\nmax_connections 5\n", true);
}

static void test_errors(void)
{
        exhaust("bogus 1\nmax_qos 9\nuser\nconnection x\nlistener 0\npid_file a\npid_file b\n",
                false);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/config/memory/listeners", test_listeners);
        g_test_add_func("/config/memory/local-only", test_local_only);
        g_test_add_func("/config/memory/default-listener", test_default_listener);
        g_test_add_func("/config/memory/errors", test_errors);
        return g_test_run();
}
