/* SPDX-License-Identifier: Apache-2.0 */

/* A reload of a broker that runs: all of it, or nothing, whatever fails. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/reload.h"
#include "tests/unit/failing-memory.h"
#include "tests/unit/free-port.h"

typedef struct Stage {
        char *folder, *path;
        uint16_t ports[2];
        SettingsSource source;
        Manager *manager;
} Stage;

/* "$A" and "$B" are two free ports, "$F" is the folder. */
static void write_config(const Stage *stage, const char *text)
{
        g_autoptr(GString) filled = g_string_new("workers 2\nuser root\n");
        g_autofree char *a = g_strdup_printf("%u", stage->ports[0]);
        g_autofree char *b = g_strdup_printf("%u", stage->ports[1]);

        g_string_append(filled, text);
        g_string_replace(filled, "$A", a, 0);
        g_string_replace(filled, "$B", b, 0);
        g_string_replace(filled, "$F", stage->folder, 0);
        g_assert_true(g_file_set_contents(stage->path, filled->str, -1, NULL));
}

static void stage_begin(Stage *stage, const char *text)
{
        ConfigErrors errors = CONFIG_ERRORS_INIT;
        Settings *settings = NULL;
        Manager *manager;

        *stage = (Stage){
                .folder = g_dir_make_tmp("hawker-XXXXXX", NULL),
                .ports = {free_port(), free_port()},
        };
        stage->path = g_build_filename(stage->folder, "hawker.conf", NULL);
        stage->source.file = stage->path;
        write_config(stage, text);
        g_assert_cmpint(settings_load(&stage->source, &settings, &errors), ==, 0);
        g_assert_cmpint(manager_new(&stage->source, settings, &manager), ==, 0);
        g_assert_cmpint(server_start(manager->server), ==, 0);
        g_assert_cmpint(services_prepare(&manager->services,
                                         &(ServicesMeans){manager->event, manager->server,
                                                          &manager->listeners},
                                         settings),
                        ==, 0);
        services_apply(&manager->services, settings);
        g_assert_cmpint(listeners_serve(&manager->listeners, manager->server), ==, 0);
        g_assert_cmpint(status_line_new(manager->event, manager->server, &manager->status_line), ==,
                        0);
        g_assert_cmpint(certificate_watch_new(manager->event, &manager->certificate_watch), ==, 0);
        stage->manager = manager;
        settings_unref(settings);
        config_errors_done(&errors);
}

static void stage_end(Stage *stage)
{
        server_stop(stage->manager->server, 1000);
        manager_free(stage->manager);
        g_assert_cmpint(g_unlink(stage->path), ==, 0);
        g_assert_cmpint(g_rmdir(stage->folder), ==, 0);
        g_free(stage->path);
        g_free(stage->folder);
}

/* A client is let in at the port: the server has it, not only the kernel. */
static bool answers(uint16_t port)
{
        static const uint8_t connect_packet[] = {0x10, 13, 0, 4, 'M', 'Q', 'T', 'T',
                                                 4,    2,  0, 5, 0,   1,   'c'};
        uint8_t answer[4];
        Address address;
        ssize_t n = -1;
        int fd;

        g_assert_cmpint(address_parse("127.0.0.1", port, AF_UNSPEC, &address), ==, 0);
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *)&address.storage, address.length) == 0 &&
            send(fd, connect_packet, sizeof(connect_packet), MSG_NOSIGNAL) > 0)
                n = recv(fd, answer, sizeof(answer), MSG_WAITALL);
        close(fd);
        return n == sizeof(answer) && answer[0] == 0x20 && answer[3] == 0;
}

#define OLD "listener $A 127.0.0.1\nallow_anonymous true\nlistener 0 $F/old\n"
#define NEW                                                                                        \
        "max_keepalive 7\nlog_type error\nmemory_limit 4000000000\nsys_interval 3\n"               \
        "listener $A\nlistener $B 127.0.0.1\nlistener 0 $F/new\nallow_anonymous true\n"

static bool exists(const Stage *stage, const char *name)
{
        g_autofree char *path = g_build_filename(stage->folder, name, NULL);

        return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void assert_old(const Stage *stage, const Settings *settings)
{
        g_assert_true(stage->manager->settings == settings);
        g_assert_cmpuint(listeners_n_addresses(&stage->manager->listeners), ==, 2);
        g_assert_true(answers(stage->ports[0]));
        g_assert_false(answers(stage->ports[1]));
        g_assert_true(exists(stage, "old"));
        g_assert_false(exists(stage, "new"));
        g_assert_true(log_is_enabled(LOG_CATEGORY_NOTICE));
}

static void assert_new(const Stage *stage)
{
        g_assert_cmpuint(stage->manager->settings->max_keepalive, ==, 7);
        g_assert_true(answers(stage->ports[0]));
        g_assert_true(answers(stage->ports[1]));
        g_assert_false(exists(stage, "old"));
        g_assert_true(exists(stage, "new"));
        g_assert_false(log_is_enabled(LOG_CATEGORY_NOTICE));
}

static void test_all_of_it(void)
{
        const ReloadResult *result;
        char text[200];
        Stage stage;

        stage_begin(&stage, OLD);
        write_config(&stage, NEW);
        g_assert_cmpint(manager_reload(stage.manager, &result), ==, 0);
        assert_new(&stage);
        g_assert_cmpuint(result->changes.n, ==, 9);
        g_assert_cmpuint(result->number, ==, 1);
        g_assert_true(result == stage.manager->last_reload);
        g_assert_cmpstr(reload_result_format(result, text, sizeof(text)), ==,
                        "Reloaded: 9 changes");
        g_assert_cmpstr(reload_change_format(&result->changes.items[0], text, sizeof(text)), ==,
                        "max_keepalive: 7 (was 0), for new connections");

        g_assert_cmpint(manager_reload(stage.manager, &result), ==, 0);
        g_assert_cmpuint(result->changes.n, ==, 0);
        g_assert_cmpuint(result->number, ==, 2);
        write_config(&stage, OLD);
        g_assert_cmpint(manager_reload(stage.manager, &result), ==, 0);
        assert_old(&stage, stage.manager->settings);
        stage_end(&stage);
}

/* The log is the last that can fail: all that is new is open by then. */
static void test_nothing_of_it(void)
{
        const ReloadResult *result;
        const Settings *settings;
        char text[300];
        Stage stage;

        stage_begin(&stage, OLD);
        settings = stage.manager->settings;
        write_config(&stage, NEW "log_dest file $F\n");
        g_assert_cmpint(manager_reload(stage.manager, &result), ==, -EISDIR);
        assert_old(&stage, settings);
        g_assert_cmpuint(result->changes.n, ==, 0);
        g_assert_cmpint(result->error, ==, -EISDIR);
        reload_result_format(result, text, sizeof(text));
        g_assert_nonnull(strstr(text, "Is a directory"));
        write_config(&stage, NEW);
        g_assert_cmpint(manager_reload(stage.manager, NULL), ==, 0);
        assert_new(&stage);
        write_config(&stage, OLD);
        g_assert_cmpint(manager_reload(stage.manager, NULL), ==, 0);
        stage_end(&stage);
}

/* Each allocation fails once. */
static void test_without_memory(void)
{
        unsigned n_failed = 0;
        Stage stage;

        stage_begin(&stage, OLD);
        for (unsigned n = 0;; n++) {
                const Settings *settings = stage.manager->settings;
                const ReloadResult *result;
                int r;

                write_config(&stage, NEW);
                failing_memory_begin(n);
                r = manager_reload(stage.manager, &result);
                if (!failing_memory_end())
                        break; /* none was left to fail */
                g_assert_true(r == 0 || r == -ENOMEM || r == -EKEYREJECTED || r == -EIO);
                if (r == 0)
                        assert_new(&stage);
                else
                        assert_old(&stage, settings);
                n_failed += r < 0;
                write_config(&stage, OLD);
                g_assert_cmpint(manager_reload(stage.manager, NULL), ==, 0);
                assert_old(&stage, stage.manager->settings);
        }
        g_assert_cmpuint(n_failed, >, 50);
        write_config(&stage, OLD);
        g_assert_cmpint(manager_reload(stage.manager, NULL), ==, 0);
        stage_end(&stage);
}

static void test_what_waits_for_a_restart(void)
{
        const ReloadResult *result;
        char text[100];
        Stage stage;

        stage_begin(&stage, OLD);
        write_config(&stage, OLD "pid_file $F/pid\n");
        for (unsigned i = 0; i < 2; i++) {
                g_assert_cmpint(manager_reload(stage.manager, &result), ==, 0);
                g_assert_cmpuint(result->changes.n, ==, 1);
                g_assert_null(stage.manager->settings->pid_file);
                g_assert_cmpstr(reload_result_format(result, text, sizeof(text)), ==,
                                "Reloaded: 1 change after a restart");
        }
        stage_end(&stage);
}

static const struct {
        Change change;
        const char *text;
} lines[] = {
        {{NULL, "a", "1", "2", OPTION_LIVE}, "a: 2 (was 1), at once"},
        {{"1883", "a", "1", "2", OPTION_RESTART}, "a of 1883: 2 (was 1), by a restart"},
        {{"1883", "a", NULL, "2", OPTION_LIVE}, "a of 1883: 2 (was not set), at once"},
        {{"1883", "a", "1", NULL, OPTION_LIVE}, "a of 1883: not set any more (was 1), at once"},
        {{"1883", "TLS files", NULL, NULL, OPTION_NEW_CONNECTIONS},
         "TLS files of 1883: other content, for new connections"},
        {{"1883", "listener", NULL, "1883", OPTION_REBIND}, "listener 1883: added"},
        {{"1883", "listener", "1883", NULL, OPTION_REBIND}, "listener 1883: removed"},
};

static void test_lines(void)
{
        char text[200];

        for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
                g_assert_cmpstr(reload_change_format(&lines[i].change, text, sizeof(text)), ==,
                                lines[i].text);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/control/reload/all-of-it", test_all_of_it);
        g_test_add_func("/control/reload/nothing-of-it", test_nothing_of_it);
        g_test_add_func("/control/reload/without-memory", test_without_memory);
        g_test_add_func("/control/reload/what-waits-for-a-restart", test_what_waits_for_a_restart);
        g_test_add_func("/control/reload/lines", test_lines);
        return g_test_run();
}
