/* SPDX-License-Identifier: Apache-2.0 */
/* test-check.c: --test-config finds what the settings name, or says which line is wrong */
#include "attempt.h"

typedef struct Case {
        const char *name;
        const char *text;
        const char *message; /* NULL: nothing is wrong */
        unsigned line;
} Case;

static const Case cases[] = {
        {"nothing-named", "", NULL},
        {"default-user-may-be-missing", "max_keepalive 1\n", NULL},
        {"user", "user root\n", NULL},
        {"user-missing", "\nuser no-such-user-here\n", "user: no-such-user-here", 2},
        {"owner-number", "listener 0 /tmp/x\nsocket_owner 12345\n", NULL},
        {"owner-missing", "listener 0 /tmp/x\nsocket_owner no-such-user-here\n", "socket_owner", 2},
        {"group", "listener 0 /tmp/x\nsocket_group root\n", NULL},
        {"group-missing", "listener 0 /tmp/x\nsocket_group no-such-group-here\n",
         "there is no such name", 2},
        {"socket-folder-missing", "listener 0 /nonexistent/x\n", "No such file", 1},
        {"socket-abstract", "listener 0 @hawker\n", NULL},
        {"log-file", "log_dest file /tmp/hawker-test-check.log\n", NULL},
        {"log-folder-missing", "log_dest stderr\nlog_dest file /nonexistent/x\n", "log_dest", 2},
        {"pid-folder-missing", "pid_file /nonexistent/x\n", "pid_file: /nonexistent/x", 1},
        {"interface", "listener 1\nbind_interface lo\n", NULL},
        {"interface-missing", "listener 1\nbind_interface no-such-if\n", "bind_interface", 2},
        {"http-dir", "listener 1\nprotocol http_api\nhttp_dir /tmp\n", NULL},
        {"http-dir-missing", "listener 1\nprotocol http_api\nhttp_dir /nonexistent\n",
         "http_dir: /nonexistent", 3},
        {"http-dir-is-a-file", "listener 1\nprotocol http_api\nhttp_dir /etc/passwd\n",
         "Not a directory", 3},
        {"state-folder", "persistence true\npersistence_location /tmp/\n", NULL},
        {"state-folder-missing", "persistence true\npersistence_location /nonexistent/\n",
         "persistence_location", 2},
        {"state-folder-not-used", "persistence_location /nonexistent/\n", NULL},
};

static void test_case(const void *data)
{
        const Case *c = data;
        Attempt a = attempt_valid(c->text);
        int r = settings_test(a.settings, NULL, &a.errors);
        const ConfigError *error = attempt_message(&a, CONFIG_ERROR);

        g_assert_cmpint(r, ==, c->message ? -EINVAL : 0);
        g_assert_cmpint(error != NULL, ==, c->message != NULL);
        if (error) {
                g_assert_nonnull(strstr(error->text, c->message));
                g_assert_cmpuint(error->line, ==, c->line);
        }
        attempt_done(&a);
}

static void test_all_are_said(void)
{
        Attempt a = attempt_valid("user no-such-user-here\npid_file /nonexistent/x\n"
                                  "listener 0 /nonexistent/y\n");

        g_assert_cmpint(settings_test(a.settings, NULL, &a.errors), ==, -EINVAL);
        g_assert_cmpuint(a.errors.n_errors, ==, 3);
        attempt_done(&a);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path = g_strdup_printf("/config/check/%s", cases[i].name);

                g_test_add_data_func(path, &cases[i], test_case);
        }
        g_test_add_func("/config/check/all-are-said", test_all_are_said);
        return g_test_run();
}
