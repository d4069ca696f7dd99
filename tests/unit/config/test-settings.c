/* SPDX-License-Identifier: Apache-2.0 */
/* test-settings.c: what the fields hold after loading */
#include "attempt.h"

static Attempt attempt_ports(const char *text, const uint16_t *ports, size_t n)
{
        SettingsSource source = {.n_ports = n};
        Attempt a;

        memcpy(source.ports, ports, n * sizeof *ports);
        a = attempt_bytes(text, strlen(text), source);
        g_assert_cmpint(a.result, ==, 0);
        return a;
}

static void test_values(void)
{
        Attempt a = attempt_valid("max_keepalive 0x10\n"
                                  "sys_interval 010\n"
                                  "retain_available 0\n"
                                  "persistent_client_expiration 2m # two months\n"
                                  "retain_expiry_interval 5\n"
                                  "queue_drop oldest\n"
                                  "memory_limit 123456789012x\n"
                                  "global_max_clients -9\n"
                                  "max_queued_messages -1\n"
                                  "pid_file   /tmp/a  # b  \n");
        const Settings *s = a.settings;

        g_assert_cmpuint(s->max_keepalive, ==, 16);
        g_assert_cmpuint(s->sys_interval, ==, 8);
        g_assert_false(s->retain_available);
        g_assert_cmpuint(s->persistent_client_expiration, ==, 60 * 86400);
        g_assert_cmpuint(s->retain_expiry_interval, ==, 300);
        g_assert_cmpint(s->queue_drop, ==, QUEUE_DROP_OLDEST);
        g_assert_cmpuint(s->memory_limit, ==, 123456789012);
        g_assert_cmpint(s->global_max_clients, ==, -1);
        g_assert_cmpuint(s->max_queued_messages, ==, 0);
        g_assert_cmpstr(s->pid_file, ==, "/tmp/a  # b");
        attempt_done(&a);
}

static void test_durations(void)
{
        static const struct {
                const char *text;
                uint64_t seconds;
        } cases[] = {
                {"7s", 7},       {"2h", 7200},     {"3d", 259200},         {"1w", 604800},
                {"1m", 2592000}, {"1y", 31536000}, {"0d", SETTINGS_NEVER},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *text =
                        g_strdup_printf("persistent_client_expiration %s\n", cases[i].text);
                Attempt a = attempt_valid(text);

                g_assert_cmpuint(a.settings->persistent_client_expiration, ==, cases[i].seconds);
                attempt_done(&a);
        }
}

static void test_last_value_wins(void)
{
        Attempt a = attempt_valid("max_keepalive 1\nmax_keepalive 2\nuser a\nuser b\n");

        g_assert_cmpuint(a.settings->max_keepalive, ==, 2);
        g_assert_cmpstr(a.settings->user, ==, "b");
        attempt_done(&a);
}

static void test_certificates_add_up(void)
{
        static const struct {
                const char *text, *certfile, *keyfile;
        } pairs[] = {
                {"listener 1\ncertfile /a\nkeyfile /b\n", "/a", "/b"},
                {"listener 1\ncertfile /a\nkeyfile /b\ncertfile /c\nkeyfile /d\n", "/a\n/c",
                 "/b\n/d"},
                {"listener 1\ncertfile /a\ncertfile /c\nkeyfile /d\n", "/c", "/d"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
                Attempt a = attempt_valid(pairs[i].text);

                g_assert_cmpstr(a.settings->listeners[0].certfile, ==, pairs[i].certfile);
                g_assert_cmpstr(a.settings->listeners[0].keyfile, ==, pairs[i].keyfile);
                attempt_done(&a);
        }
}

static void test_line_ends(void)
{
        static const char *const texts[] = {
                "max_keepalive 7\nuser u\n",
                "max_keepalive 7\r\nuser u\r\n",
                "max_keepalive 7\ruser u\r",
                "max_keepalive 7 \r\n\tuser\tu",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                Attempt a = attempt_valid(texts[i]);

                g_assert_cmpuint(a.settings->max_keepalive, ==, 7);
                g_assert_cmpstr(a.settings->user, ==, "u");
                attempt_done(&a);
        }
}

static void test_log(void)
{
        Attempt a = attempt_valid("log_dest stderr\nlog_dest topic\nlog_dest file /tmp/a b.log\n"
                                  "log_type error\nlog_type debug\n");

        g_assert_cmpuint(a.settings->log_dest, ==, LOG_TO_STDERR | LOG_TO_TOPIC | LOG_TO_FILE);
        g_assert_cmpstr(a.settings->log_file, ==, "/tmp/a b.log");
        g_assert_cmpuint(a.settings->log_type, ==,
                         LOG_CATEGORY_BIT(LOG_CATEGORY_ERROR) |
                                 LOG_CATEGORY_BIT(LOG_CATEGORY_DEBUG));
        attempt_done(&a);
}

static void test_log_first_line_replaces_default(void)
{
        Attempt a = attempt_valid("log_dest file /tmp/a\nlog_type debug\n");

        g_assert_cmpuint(a.settings->log_dest, ==, LOG_TO_FILE);
        g_assert_cmpuint(a.settings->log_type, ==, LOG_CATEGORY_BIT(LOG_CATEGORY_DEBUG));
        attempt_done(&a);
}

static void test_log_none_begins_anew(void)
{
        Attempt a = attempt_valid("log_dest file /tmp/a\nlog_dest none\nlog_type all\n"
                                  "log_type none\nlog_type error\n");

        g_assert_cmpuint(a.settings->log_dest, ==, 0);
        g_assert_null(a.settings->log_file);
        g_assert_cmpuint(a.settings->log_type, ==, LOG_CATEGORY_BIT(LOG_CATEGORY_ERROR));
        attempt_done(&a);
}

static void test_verbose_and_quiet(void)
{
        static const char text[] = "log_type error\n";
        Attempt verbose = attempt_bytes(text, strlen(text), (SettingsSource){.verbose = true});
        Attempt quiet = attempt_bytes(text, strlen(text), (SettingsSource){.quiet = true});

        g_assert_cmpuint(verbose.settings->log_type, ==,
                         LOG_CATEGORIES_ALL & ~LOG_CATEGORY_BIT(LOG_CATEGORY_INTERNAL));
        g_assert_cmpuint(quiet.settings->log_type, ==, 0);
        attempt_done(&verbose);
        attempt_done(&quiet);
}

static void assert_names(const Settings *settings, const char *const *names)
{
        for (size_t i = 0; i < settings->n_listeners; i++)
                g_assert_cmpstr(settings->listeners[i].name, ==, names[i]);
        g_assert_null(names[settings->n_listeners]);
}

#define ASSERT_NAMES(_settings, ...)                                                               \
        assert_names(_settings, (const char *const[]){__VA_ARGS__, NULL})

static void test_local_only(void)
{
        Attempt a = attempt_valid("max_keepalive 5\n");

        g_assert_true(a.settings->local_only);
        ASSERT_NAMES(a.settings, "127.0.0.1:1883", "[::1]:1883");
        g_assert_true(a.settings->listeners[0].allow_anonymous);
        g_assert_true(a.settings->listeners[1].allow_anonymous);
        g_assert_cmpstr(a.settings->listeners[1].host, ==, "::1");
        attempt_done(&a);
}

static void test_local_only_without_file(void)
{
        ConfigErrors errors = CONFIG_ERRORS_INIT;
        Settings *settings = NULL;

        g_assert_cmpint(settings_load(&(SettingsSource){}, &settings, &errors), ==, 0);
        ASSERT_NAMES(settings, "127.0.0.1:1883", "[::1]:1883");
        g_assert_cmpuint(errors.n_items, ==, 0);
        settings_unref(settings);
}

static void test_local_only_anonymous_false(void)
{
        Attempt a = attempt_valid("allow_anonymous false\n");

        g_assert_true(a.settings->local_only);
        g_assert_false(a.settings->listeners[0].allow_anonymous);
        attempt_done(&a);
}

static void test_local_only_per_listener(void)
{
        Attempt a = attempt_valid("per_listener_settings true\nallow_anonymous false\n");
        Attempt b = attempt_valid("per_listener_settings true\n");

        g_assert_true(a.settings->local_only);
        g_assert_false(a.settings->listeners[0].allow_anonymous);
        g_assert_false(a.settings->listeners[1].allow_anonymous);
        g_assert_true(b.settings->listeners[1].allow_anonymous);
        attempt_done(&a);
        attempt_done(&b);
}

static void test_ports_of_command_line(void)
{
        Attempt a = attempt_ports("", (uint16_t[]){2001, 2002}, 2);

        ASSERT_NAMES(a.settings, "127.0.0.1:2001", "[::1]:2001", "127.0.0.1:2002", "[::1]:2002");
        g_assert_cmpstr(a.settings->listeners[0].where.file, ==, "command line");
        attempt_done(&a);
}

static void test_ports_ignored_with_listener(void)
{
        Attempt a = attempt_ports("listener 1884\n", (uint16_t[]){2001}, 1);
        Attempt b = attempt_ports("max_connections 3\n", (uint16_t[]){2001}, 1);

        ASSERT_NAMES(a.settings, "1884");
        g_assert_false(a.settings->local_only);
        g_assert_false(a.settings->listeners[0].allow_anonymous);
        g_assert_nonnull(strstr(attempt_message(&a, CONFIG_NOTICE)->text, "-p is ignored"));
        ASSERT_NAMES(b.settings, "1883");
        attempt_done(&a);
        attempt_done(&b);
}

static void test_default_listener(void)
{
        Attempt a = attempt_valid("max_connections 10\nlistener 1884\nmax_qos 1\n");
        const ListenerSettings *first = &a.settings->listeners[0];
        const ListenerSettings *second = &a.settings->listeners[1];

        ASSERT_NAMES(a.settings, "1884", "1883");
        g_assert_cmpint(first->max_connections, ==, -1);
        g_assert_cmpuint(first->max_qos, ==, 1);
        g_assert_cmpint(second->max_connections, ==, 10);
        g_assert_cmpuint(second->max_qos, ==, 2);
        g_assert_cmpuint(second->where.line, ==, 1);
        attempt_done(&a);
}

static void test_default_listener_port_and_address(void)
{
        Attempt a = attempt_valid("port 1885\nport 1886\nbind_address 127.0.0.1\n");

        ASSERT_NAMES(a.settings, "127.0.0.1:1886");
        g_assert_false(a.settings->listeners[0].allow_anonymous);
        attempt_done(&a);
}

static void test_listener_options(void)
{
        Attempt a = attempt_valid("listener 0 /run/a.sock\n"
                                  "socket_mode 0666\nsocket_owner root\nsocket_group 5\n"
                                  "listener 1883 ::1\n"
                                  "bind_interface lo\nsocket_domain ipv6\nmount_point m/\n"
                                  "accept_protocol_versions 4,5\nmax_topic_alias 0\n"
                                  "max_topic_alias_broker 3\nuse_username_as_clientid true\n");
        const ListenerSettings *path = &a.settings->listeners[0];
        const ListenerSettings *tcp = &a.settings->listeners[1];

        ASSERT_NAMES(a.settings, "/run/a.sock", "[::1]:1883/ipv6%lo");
        g_assert_cmpuint(path->port, ==, 0);
        g_assert_null(path->host);
        g_assert_cmpuint(path->socket_mode, ==, 0666);
        g_assert_cmpstr(path->socket_owner, ==, "root");
        g_assert_cmpstr(path->socket_group, ==, "5");
        g_assert_null(path->mount_point);
        g_assert_null(tcp->path);
        g_assert_cmpint(tcp->socket_domain, ==, SOCKET_DOMAIN_IPV6);
        g_assert_cmpstr(tcp->mount_point, ==, "m/");
        g_assert_cmpuint(tcp->accept_protocol_versions, ==,
                         PROTOCOL_VERSION_BIT(4) | PROTOCOL_VERSION_BIT(5));
        g_assert_cmpuint(tcp->max_topic_alias, ==, 0);
        g_assert_cmpuint(tcp->max_topic_alias_broker, ==, 3);
        g_assert_true(tcp->use_username_as_clientid);
        attempt_done(&a);
}

static void test_security_is_global(void)
{
        Attempt a = attempt_valid("listener 1883\nlistener 1884\nallow_anonymous true\n"
                                  "allow_zero_length_clientid false\nauto_id_prefix x-\n");

        for (size_t i = 0; i < 2; i++) {
                g_assert_true(a.settings->listeners[i].allow_anonymous);
                g_assert_false(a.settings->listeners[i].allow_zero_length_clientid);
                g_assert_cmpstr(a.settings->listeners[i].auto_id_prefix, ==, "x-");
        }
        attempt_done(&a);
}

static void test_security_per_listener(void)
{
        Attempt a = attempt_valid("per_listener_settings true\n"
                                  "listener 1883\nallow_anonymous true\nauto_id_prefix x-\n"
                                  "listener 1884\nallow_zero_length_clientid false\n");
        const ListenerSettings *l = a.settings->listeners;

        g_assert_true(l[0].allow_anonymous);
        g_assert_true(l[0].allow_zero_length_clientid);
        g_assert_cmpstr(l[0].auto_id_prefix, ==, "x-");
        g_assert_false(l[1].allow_anonymous);
        g_assert_false(l[1].allow_zero_length_clientid);
        g_assert_cmpstr(l[1].auto_id_prefix, ==, "auto-");
        attempt_done(&a);
}

static void test_security_of_default_listener(void)
{
        Attempt a = attempt_valid("per_listener_settings true\nallow_anonymous true\nport 1885\n"
                                  "listener 1884\n");

        ASSERT_NAMES(a.settings, "1884", "1885");
        g_assert_false(a.settings->listeners[0].allow_anonymous);
        g_assert_true(a.settings->listeners[1].allow_anonymous);
        g_assert_null(attempt_message(&a, CONFIG_WARNING));
        attempt_done(&a);
}

static void test_listener_wins_over_global(void)
{
        Attempt a = attempt_valid("allow_anonymous true\nauto_id_prefix g-\n"
                                  "listener 1883\nlistener_allow_anonymous false\n"
                                  "listener 1884\nlistener_auto_id_prefix l-\n");
        const ListenerSettings *l = a.settings->listeners;

        g_assert_false(l[0].allow_anonymous);
        g_assert_cmpstr(l[0].auto_id_prefix, ==, "g-");
        g_assert_true(l[1].allow_anonymous);
        g_assert_cmpstr(l[1].auto_id_prefix, ==, "l-");
        attempt_done(&a);
}

static void test_counted(void)
{
        Attempt a = attempt_valid("listener 1883\n");
        Settings *again = settings_ref(a.settings);

        g_assert_true(again == a.settings);
        g_assert_null(settings_unref(again));
        g_assert_cmpuint(a.settings->n_listeners, ==, 1);
        g_assert_null(settings_ref(NULL));
        g_assert_null(settings_unref(NULL));
        attempt_done(&a);
}

static void test_workers(void)
{
        Attempt few = attempt_valid("workers 3\n"), automatic = attempt_valid("workers 0\n");

        g_assert_cmpuint(settings_workers(few.settings), ==, 3);
        g_assert_cmpuint(settings_workers(automatic.settings), >=, 1);
        g_assert_cmpuint(settings_workers(automatic.settings), <=, 16);
        attempt_done(&few);
        attempt_done(&automatic);
}

static void test_new_default(void)
{
        Settings *none = NULL, *two = NULL;

        g_assert_cmpint(settings_new_default(NULL, 0, &none), ==, 0);
        g_assert_cmpuint(none->n_listeners, ==, 0);
        g_assert_cmpint(settings_new_default((uint16_t[]){1, 65535}, 2, &two), ==, 0);
        ASSERT_NAMES(two, "127.0.0.1:1", "127.0.0.1:65535");
        settings_unref(none);
        settings_unref(two);
}

static void test_missing_file(void)
{
        SettingsSource source = {.file = "/nonexistent/hawker.conf"};
        ConfigErrors errors = CONFIG_ERRORS_INIT;
        Settings *settings = NULL;
        char line[200];

        g_assert_cmpint(settings_load(&source, &settings, &errors), ==, -ENOENT);
        g_assert_null(settings);
        g_assert_cmpstr(config_error_format(&errors.items[0], line, sizeof line), ==,
                        "Error: /nonexistent/hawker.conf: cannot be read: "
                        "No such file or directory");
        config_errors_done(&errors);
}

static void test_message_format(void)
{
        Attempt a = attempt("\nbogus_x 1\n");
        char line[200];

        g_assert_cmpstr(config_error_format(&a.errors.items[0], line, sizeof line), ==,
                        "Error: test.conf:2: unknown option 'bogus_x'");
        attempt_done(&a);
}

int main(int argc, char **argv)
{
        static const struct {
                const char *path;
                GTestFunc function;
        } tests[] = {
                {"values", test_values},
                {"durations", test_durations},
                {"last-value-wins", test_last_value_wins},
                {"line-ends", test_line_ends},
                {"certificates-add-up", test_certificates_add_up},
                {"log-lines-add-up", test_log},
                {"log-first-line-replaces-default", test_log_first_line_replaces_default},
                {"log-none-begins-anew", test_log_none_begins_anew},
                {"verbose-and-quiet-win", test_verbose_and_quiet},
                {"local-only", test_local_only},
                {"local-only-without-file", test_local_only_without_file},
                {"local-only-anonymous-false", test_local_only_anonymous_false},
                {"local-only-per-listener", test_local_only_per_listener},
                {"ports-of-command-line", test_ports_of_command_line},
                {"ports-ignored-with-listener", test_ports_ignored_with_listener},
                {"default-listener", test_default_listener},
                {"default-listener-port-and-address", test_default_listener_port_and_address},
                {"listener-options", test_listener_options},
                {"security-is-global", test_security_is_global},
                {"security-per-listener", test_security_per_listener},
                {"security-of-default-listener", test_security_of_default_listener},
                {"listener-wins-over-global", test_listener_wins_over_global},
                {"counted", test_counted},
                {"workers", test_workers},
                {"new-default", test_new_default},
                {"missing-file", test_missing_file},
                {"message-format", test_message_format},
        };

        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
                g_autofree char *path = g_strdup_printf("/config/settings/%s", tests[i].path);

                g_test_add_func(path, tests[i].function);
        }
        return g_test_run();
}
