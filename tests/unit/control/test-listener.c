/* SPDX-License-Identifier: Apache-2.0 */

/* Listeners: from lines of a configuration to sockets, and whom an error blames. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/listeners.h"
#include "transport/stream-listen.h"
#include "util/address.h"

static PassedSockets no_sockets;
static const TlsTicketKey key;
static const ListenerMeans means = {.passed = &no_sockets, .ticket_key = &key};

static Settings *parse(const char *text)
{
        const SettingsSource source = {.file = "test.conf"};
        ConfigErrors errors = CONFIG_ERRORS_INIT;
        Settings *settings = NULL;

        g_assert_cmpint(settings_parse(&source, text, strlen(text), &settings, &errors), ==, 0);
        config_errors_done(&errors);
        return settings;
}

/* A port that is taken on 127.0.0.1 as long as the socket is open. */
static uint16_t take_port(StreamListening *listening)
{
        const StreamTcpAddress where = {.host = "127.0.0.1"};
        Address address = {.length = sizeof(address.storage)};

        g_assert_cmpint(stream_listen_tcp(&where, listening), ==, 0);
        g_assert_cmpint(getsockname(listening->fds[0], (struct sockaddr *)&address.storage,
                                    &address.length),
                        ==, 0);
        return address_port(&address);
}

static void test_port_in_use_blames_the_line(void)
{
        StreamListening taken;
        uint16_t port = take_port(&taken);
        g_autofree char *text = g_strdup_printf("# first\n\nlistener %u 127.0.0.1\n", port);
        Settings *settings = parse(text);
        ConfigErrors errors = CONFIG_ERRORS_INIT;
        Listeners listeners = {};

        g_assert_cmpint(listeners_open(settings, &means, &errors, &listeners), ==, -EADDRINUSE);
        g_assert_null(listeners.items);
        g_assert_cmpuint(errors.n_items, ==, 1);
        g_assert_cmpint(errors.items[0].severity, ==, CONFIG_ERROR);
        g_assert_cmpstr(errors.items[0].file, ==, "test.conf");
        g_assert_cmpuint(errors.items[0].line, ==, 3);
        g_assert_nonnull(strstr(errors.items[0].text, "127.0.0.1"));
        config_errors_done(&errors);
        settings_unref(settings);
        stream_listening_done(&taken);
}

static void test_each_bad_listener_is_told(void)
{
        StreamListening taken;
        uint16_t port = take_port(&taken);
        g_autofree char *text = g_strdup_printf("listener %u 127.0.0.1\n"
                                                "listener 0 /nonexistent/hawker/x.sock\n",
                                                port);
        Settings *settings = parse(text);
        ConfigErrors errors = CONFIG_ERRORS_INIT;
        Listeners listeners = {};

        g_assert_cmpint(listeners_open(settings, &means, &errors, &listeners), <, 0);
        g_assert_cmpuint(errors.n_errors, ==, 2);
        g_assert_cmpuint(errors.items[0].line, ==, 1);
        g_assert_cmpuint(errors.items[1].line, ==, 2);
        config_errors_done(&errors);
        settings_unref(settings);
        stream_listening_done(&taken);
}

static void test_unix_socket_comes_and_goes_with_its_listener(void)
{
        g_autofree char *folder = g_dir_make_tmp("hawker-XXXXXX", NULL);
        g_autofree char *path = g_build_filename(folder, "mqtt.sock", NULL);
        g_autofree char *text = g_strdup_printf("listener 0 %s\nsocket_mode 0622\n", path);
        Settings *settings = parse(text);
        ConfigErrors errors = CONFIG_ERRORS_INIT;
        Listeners listeners = {};
        struct stat status;

        g_assert_cmpint(listeners_open(settings, &means, &errors, &listeners), ==, 0);
        g_assert_cmpuint(listeners.n, ==, 1);
        g_assert_cmpint(stat(path, &status), ==, 0);
        g_assert_cmpuint(status.st_mode & 0777, ==, 0622);
        listeners_done(&listeners);
        g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
        config_errors_done(&errors);
        settings_unref(settings);
        g_rmdir(folder);
}

static void test_unknown_owner_is_refused(void)
{
        static const char *const options[] = {"socket_owner", "socket_group"};

        for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
                g_autofree char *text = g_strdup_printf(
                        "listener 0 /nonexistent/x.sock\n%s no-such-account\n", options[i]);
                Settings *settings = parse(text);
                ConfigErrors errors = CONFIG_ERRORS_INIT;
                Listeners listeners = {};

                g_assert_cmpint(listeners_open(settings, &means, &errors, &listeners), ==, -ENOENT);
                g_assert_null(listeners.items);
                g_assert_nonnull(strstr(errors.items[0].text, "no-such-account"));
                config_errors_done(&errors);
                settings_unref(settings);
        }
}

static void test_bad_credentials_blame_the_option(void)
{
        static const struct {
                const char *options, *text;
                unsigned line;
        } cases[] = {
                {"certfile /nonexistent/a.pem\nkeyfile /nonexistent/b.pem\n",
                 "/nonexistent/a.pem cannot be read: No such file", 2},
                {"psk_hint hint\npsk_file /nonexistent/psk\n", "/nonexistent/psk cannot be read",
                 3},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *text =
                        g_strconcat("listener 1 127.0.0.1\n", cases[i].options, NULL);
                Settings *settings = parse(text);
                ConfigErrors errors = CONFIG_ERRORS_INIT;
                Listeners listeners = {};

                g_assert_cmpint(listeners_open(settings, &means, &errors, &listeners), ==,
                                -EKEYREJECTED);
                g_assert_cmpuint(errors.n_errors, ==, 1);
                g_assert_nonnull(strstr(errors.items[0].text, cases[i].text));
                g_assert_cmpuint(errors.items[0].line, ==, cases[i].line);
                config_errors_done(&errors);
                settings_unref(settings);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/control/listener/port-in-use-blames-the-line",
                        test_port_in_use_blames_the_line);
        g_test_add_func("/control/listener/each-bad-listener-is-told",
                        test_each_bad_listener_is_told);
        g_test_add_func("/control/listener/unix-socket-comes-and-goes-with-its-listener",
                        test_unix_socket_comes_and_goes_with_its_listener);
        g_test_add_func("/control/listener/unknown-owner-is-refused",
                        test_unknown_owner_is_refused);
        g_test_add_func("/control/listener/bad-credentials-blame-the-option",
                        test_bad_credentials_blame_the_option);
        return g_test_run();
}
