/* SPDX-License-Identifier: Apache-2.0 */

/* Listeners beside those that run: what is handed on, what is opened, and that nothing is left of
 * what was not wanted after all. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/listener-pause.h"
#include "control/listeners.h"
#include "tests/unit/free-port.h"
#include "util/log.h"

/* What runs, and what is to run. */
typedef struct Stage {
        char *folder;
        uint16_t ports[2];
        PassedSockets passed;
        TlsTicketKey key;
        Listeners running, next;
        ListenerMeans means;
        ConfigErrors errors;
} Stage;

/* "A" and "B" are two free ports, "/" before a word is the folder. */
static Settings *parse(const Stage *stage, const char *text)
{
        const SettingsSource source = {.file = "test.conf"};
        ConfigErrors errors = CONFIG_ERRORS_INIT;
        g_autoptr(GString) filled = g_string_new(text);
        g_autofree char *a = g_strdup_printf("%u", stage->ports[0]);
        g_autofree char *b = g_strdup_printf("%u", stage->ports[1]);
        g_autofree char *folder = g_strdup_printf("%s/", stage->folder);
        Settings *settings = NULL;

        g_string_replace(filled, "A", a, 0);
        g_string_replace(filled, "B", b, 0);
        g_string_replace(filled, "/", folder, 0);
        g_assert_cmpint(settings_parse(&source, filled->str, filled->len, &settings, &errors), ==,
                        0);
        config_errors_done(&errors);
        return settings;
}

static void stage_begin(Stage *stage, const char *text)
{
        Settings *settings;

        *stage = (Stage){
                .folder = g_dir_make_tmp("hawker-XXXXXX", NULL),
                .ports = {free_port(), free_port()},
        };
        stage->means = (ListenerMeans){.passed = &stage->passed, .ticket_key = &stage->key};
        settings = parse(stage, text);
        g_assert_cmpint(listeners_open(settings, &stage->means, &stage->errors, &stage->running),
                        ==, 0);
        settings_unref(settings);
        stage->means.before = &stage->running;
}

static int stage_open(Stage *stage, const char *text)
{
        Settings *settings = parse(stage, text);
        int r;

        config_errors_done(&stage->errors);
        r = listeners_open(settings, &stage->means, &stage->errors, &stage->next);
        if (r == 0)
                passed_sockets_report(&stage->passed, settings->local_only, &stage->errors);
        settings_unref(settings);
        return r;
}

static void stage_commit(Stage *stage)
{
        g_assert_cmpint(listeners_listen(&stage->next, &stage->means, &stage->errors), ==, 0);
        listeners_commit(&stage->next, &stage->means);
}

static void stage_end(Stage *stage)
{
        listeners_done(&stage->running);
        passed_sockets_done(&stage->passed);
        config_errors_done(&stage->errors);
        g_assert_cmpint(g_rmdir(stage->folder), ==, 0);
        g_free(stage->folder);
}

static ListeningSocket *socket_of(const Listeners *listeners, size_t i)
{
        return listeners->items[i]->sockets[0].endpoint->socket;
}

static bool answers(const char *host, uint16_t port)
{
        Address address;
        int fd, r;

        g_assert_cmpint(address_parse(host, port, AF_UNSPEC, &address), ==, 0);
        fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        r = connect(fd, (struct sockaddr *)&address.storage, address.length);
        close(fd);
        return r == 0;
}

static int mode_of(const Stage *stage, const char *name)
{
        g_autofree char *path = g_build_filename(stage->folder, name, NULL);
        struct stat status;

        return stat(path, &status) < 0 ? -errno : (int)(status.st_mode & 0777);
}

static bool shares_port(int fd)
{
        int value = 0;
        socklen_t length = sizeof(value);

        g_assert_cmpint(getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &value, &length), ==, 0);
        return value;
}

static void test_same_address_is_handed_on(void)
{
        static const struct {
                const char *before, *after;
        } cases[] = {
                {"listener A 127.0.0.1\n", "listener A 127.0.0.1\nmax_qos 1\n"},
                {"listener A 127.0.0.1\n", "listener B 127.0.0.1\nlistener A 127.0.0.1\n"},
                {"listener A\nsocket_domain ipv4\n", "listener A\n"},
                {"listener A\nsocket_domain ipv4\n", "listener A 0.0.0.0\n"},
                {"listener 0 /s\n", "listener 0 /s\nsocket_mode 600\n"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                ListeningSocket *socket;
                Stage stage;

                stage_begin(&stage, cases[i].before);
                socket = socket_of(&stage.running, 0);
                g_assert_cmpint(stage_open(&stage, cases[i].after), ==, 0);
                g_assert_true(socket_of(&stage.next, stage.next.n - 1) == socket);
                g_assert_true(stage.next.items[stage.next.n - 1]->sockets[0].before ==
                              stage.running.items[0]->sockets[0].endpoint);
                stage_commit(&stage);
                g_assert_true(socket_of(&stage.running, stage.running.n - 1) == socket);
                g_assert_null(stage.running.items[0]->sockets[0].before);
                stage_end(&stage);
        }
}

/* What is opened beside what was paused is paused, too; under the same name or in the same place.
 */
static void test_paused_ones_stay_so(void)
{
        static const struct {
                const char *before, *after;
        } cases[] = {
                {"listener A 127.0.0.1\n", "listener A 127.0.0.1\nmax_qos 1\n"},
                {"listener A\nsocket_domain ipv4\n", "listener A\n"},
                {"listener A\n", "listener A\nsocket_domain ipv4\n"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                const Listener *listener;
                Stage stage;

                stage_begin(&stage, cases[i].before);
                g_assert_false(listener_is_paused(stage.running.items[0]));
                listener_pause(stage.running.items[0], true);
                g_assert_cmpint(stage_open(&stage, cases[i].after), ==, 0);
                stage_commit(&stage);
                listener = stage.running.items[0];
                for (size_t k = 0; k < listener->n_sockets; k++)
                        g_assert_true(listener->sockets[k].endpoint->socket->is_paused);
                g_assert_cmpuint(listeners_n_paused(&stage.running), ==, 1);
                listener_pause(listener, false);
                g_assert_cmpuint(listeners_n_paused(&stage.running), ==, 0);
                stage_end(&stage);
        }
}

static void test_a_pause_is_of_one_only(void)
{
        Stage stage;

        stage_begin(&stage, "listener A 127.0.0.1\n");
        listener_pause(stage.running.items[0], true);
        g_assert_cmpint(stage_open(&stage, "listener A 127.0.0.1\nlistener B 127.0.0.1\n"), ==, 0);
        stage_commit(&stage);
        g_assert_true(listener_is_paused(stage.running.items[0]));
        g_assert_false(listener_is_paused(stage.running.items[1]));
        stage_end(&stage);
}

static void test_new_ones_listen_when_told(void)
{
        Stage stage;

        stage_begin(&stage, "listener A 127.0.0.1\n");
        g_assert_cmpint(stage_open(&stage, "listener A 127.0.0.1\nlistener B 127.0.0.1\n"), ==, 0);
        g_assert_false(answers("127.0.0.1", stage.ports[1]));
        stage_commit(&stage);
        g_assert_true(answers("127.0.0.1", stage.ports[0]));
        g_assert_true(answers("127.0.0.1", stage.ports[1]));
        stage_end(&stage);
}

static void test_abandoned_ones_leave_no_trace(void)
{
        Stage stage;

        stage_begin(&stage, "listener A 127.0.0.1\nlistener 0 /old\n");
        g_assert_cmpint(stage_open(&stage, "listener A\nlistener B\nlistener 0 /new\n"), ==, 0);
        g_assert_cmpint(mode_of(&stage, "new"), ==, 0660);
        g_assert_true(shares_port(socket_of(&stage.running, 0)->fd));
        g_assert_cmpint(listeners_listen(&stage.next, &stage.means, &stage.errors), ==, 0);
        listeners_abandon(&stage.next, &stage.means);
        g_assert_cmpint(mode_of(&stage, "new"), ==, -ENOENT);
        g_assert_cmpint(mode_of(&stage, "old"), ==, 0660);
        g_assert_false(shares_port(socket_of(&stage.running, 0)->fd));
        g_assert_true(answers("127.0.0.1", stage.ports[0]));
        g_assert_false(answers("127.0.0.2", stage.ports[0]));
        g_assert_false(answers("127.0.0.1", stage.ports[1]));
        stage_end(&stage);
}

/* Each line of text in turn takes the place of the one before it. */
static void test_address_moves(void)
{
        static const struct {
                const char *text;
                bool elsewhere; /* 127.0.0.2 is served too */
        } turns[] = {
                {"listener A\n", true},
                {"listener A 127.0.0.1\n", false},
                {"listener A ::1\nlistener A 127.0.0.1\n", false},
                {"listener A\nsocket_domain ipv4\n", true},
                {"listener A localhost\n", false},
                {"listener A\n", true},
                {"listener A 127.0.0.1\nbind_interface lo\n", false},
                {"listener A\nbind_interface lo\n", true},
                {"listener A\n", true},
        };
        Stage stage;

        stage_begin(&stage, "listener A 127.0.0.1\n");
        for (size_t i = 0; i < G_N_ELEMENTS(turns); i++) {
                g_test_message("%s", turns[i].text);
                g_assert_cmpint(stage_open(&stage, turns[i].text), ==, 0);
                g_assert_true(answers("127.0.0.1", stage.ports[0]));
                g_assert_cmpint(listeners_listen(&stage.next, &stage.means, &stage.errors), ==, 0);
                g_assert_true(answers("127.0.0.1", stage.ports[0]));
                listeners_commit(&stage.next, &stage.means);
                g_assert_true(answers("127.0.0.1", stage.ports[0]));
                g_assert_cmpint(answers("127.0.0.2", stage.ports[0]), ==, turns[i].elsewhere);
                g_assert_false(shares_port(socket_of(&stage.running, 0)->fd));
        }
        stage_end(&stage);
}

/* Refused at the start by the kernel, and so at a reload. */
static void test_overlap_of_new_ones_is_refused(void)
{
        static const char *const texts[] = {
                "listener B\nlistener B 127.0.0.1\n",
                "listener B localhost\nlistener B 127.0.0.1\n",
                "listener A 127.0.0.1\nlistener A 0.0.0.0\n",
                "listener A ::1\nlistener A 127.0.0.2\nlistener A\n",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                Stage stage;

                stage_begin(&stage, "listener A 127.0.0.1\n");
                g_assert_cmpint(stage_open(&stage, texts[i]), ==, -EADDRINUSE);
                g_assert_null(stage.next.items);
                g_assert_cmpuint(stage.errors.n_errors, >=, 1);
                g_assert_false(shares_port(socket_of(&stage.running, 0)->fd));
                stage_end(&stage);
        }
}

static void test_socket_file_changes_and_changes_back(void)
{
        Stage stage;

        stage_begin(&stage, "listener 0 /s\nsocket_mode 600\n");
        g_assert_cmpint(stage_open(&stage, "listener 0 /s\nsocket_mode 666\n"), ==, 0);
        g_assert_cmpint(mode_of(&stage, "s"), ==, 0600);
        g_assert_cmpint(listeners_listen(&stage.next, &stage.means, &stage.errors), ==, 0);
        g_assert_cmpint(mode_of(&stage, "s"), ==, 0666);
        listeners_restore(&stage.next);
        g_assert_cmpint(mode_of(&stage, "s"), ==, 0600);
        listeners_abandon(&stage.next, &stage.means);
        g_assert_cmpint(mode_of(&stage, "s"), ==, 0600);

        g_assert_cmpint(stage_open(&stage, "listener 0 /s\nsocket_mode 666\n"), ==, 0);
        stage_commit(&stage);
        g_assert_cmpint(mode_of(&stage, "s"), ==, 0666);
        g_assert_cmpint(stage_open(&stage, "listener 0 /t\n"), ==, 0);
        g_assert_cmpint(mode_of(&stage, "s"), ==, 0666);
        stage_commit(&stage);
        g_assert_cmpint(mode_of(&stage, "s"), ==, -ENOENT);
        g_assert_cmpint(mode_of(&stage, "t"), ==, 0660);
        stage_end(&stage);
}

/* Of two files, the second cannot be changed: neither is. */
static void test_socket_files_change_together(void)
{
        g_autofree char *path = NULL;
        Stage stage;

        stage_begin(&stage, "listener 0 /s\nlistener 0 /t\n");
        g_assert_cmpint(stage_open(&stage,
                                   "listener 0 /s\nsocket_mode 600\nlistener 0 /t\nsocket_mode "
                                   "600\n"),
                        ==, 0);
        path = g_build_filename(stage.folder, "t", NULL);
        g_assert_cmpint(g_unlink(path), ==, 0);
        g_assert_cmpint(listeners_listen(&stage.next, &stage.means, &stage.errors), ==, -ENOENT);
        g_assert_cmpint(mode_of(&stage, "s"), ==, 0660);
        g_assert_cmpuint(stage.errors.items[0].line, ==, 3);
        listeners_abandon(&stage.next, &stage.means);
        stage_end(&stage);
}

/* As if systemd had passed it. */
static void pass(Stage *stage, const char *name, const char *host, uint16_t port)
{
        const StreamTcpAddress where = {.host = host, .port = port};
        PassedSocket *passed;
        StreamListening listening;

        g_assert_cmpint(stream_listen_tcp(&where, &listening), ==, 0);
        stage->passed.items =
                realloc(stage->passed.items, (stage->passed.n + 1) * sizeof(*stage->passed.items));
        passed = malloc(sizeof(*passed));
        stage->passed.items[stage->passed.n++] = passed;
        *passed = (PassedSocket){.fd = listening.fds[0], .name = strdup(name)};
        passed->address.length = sizeof(passed->address.storage);
        g_assert_cmpint(getsockname(passed->fd, (struct sockaddr *)&passed->address.storage,
                                    &passed->address.length),
                        ==, 0);
}

static unsigned n_unclaimed(const Stage *stage)
{
        unsigned n = 0;

        for (size_t i = 0; i < stage->errors.n_items; i++)
                n += !!strstr(stage->errors.items[i].text, "Nobody answers at the socket");
        return n;
}

static void test_passed_sockets_come_and_go(void)
{
        Stage stage;

        stage_begin(&stage, "listener 0 /s\n");
        pass(&stage, "x", "127.0.0.1", stage.ports[0]);

        g_assert_cmpint(stage_open(&stage, "listener 0 /s\n"), ==, 0);
        g_assert_cmpuint(n_unclaimed(&stage), ==, 1);
        stage_commit(&stage);

        g_assert_cmpint(stage_open(&stage, "listener 0 /s\nlistener A 127.0.0.1\n"), ==, 0);
        g_assert_cmpuint(n_unclaimed(&stage), ==, 0);
        g_assert_true(stage.next.items[1]->sockets[0].passed == stage.passed.items[0]);
        stage_commit(&stage);

        g_assert_cmpint(stage_open(&stage, "listener 0 /s\nlistener B\nsocket_name x\n"), ==, 0);
        g_assert_true(socket_of(&stage.next, 1) == socket_of(&stage.running, 1));
        listeners_abandon(&stage.next, &stage.means);
        g_assert_true(stage.passed.items[0]->is_claimed);

        g_assert_cmpint(stage_open(&stage, "listener 0 /s\n"), ==, 0);
        g_assert_cmpuint(n_unclaimed(&stage), ==, 1);
        stage_commit(&stage);
        g_assert_false(stage.passed.items[0]->is_claimed);
        g_assert_true(answers("127.0.0.1", stage.ports[0]));

        g_assert_cmpint(stage_open(&stage, "listener B\nsocket_name x\n"), ==, 0);
        stage_commit(&stage);
        g_assert_true(stage.running.items[0]->sockets[0].passed == stage.passed.items[0]);
        stage_end(&stage);
}

/* What means what to the server. */
static void test_changes_for_the_server(void)
{
        EndpointChange *changes;
        Stage stage;
        size_t n;

        stage_begin(&stage, "listener A 127.0.0.1\nlistener 0 /s\n");
        g_assert_cmpint(stage_open(&stage, "listener 0 /s\nlistener B 127.0.0.1\n"), ==, 0);
        g_assert_cmpint(listeners_compare(&stage.next, &stage.means, &changes, &n), ==, 0);
        g_assert_cmpuint(n, ==, 3);
        g_assert_true(changes[0].before == stage.running.items[1]->sockets[0].endpoint);
        g_assert_true(changes[0].after == stage.next.items[0]->sockets[0].endpoint);
        g_assert_null(changes[1].before);
        g_assert_true(changes[1].after == stage.next.items[1]->sockets[0].endpoint);
        g_assert_true(changes[2].before == stage.running.items[0]->sockets[0].endpoint);
        g_assert_null(changes[2].after);
        free(changes);
        listeners_abandon(&stage.next, &stage.means);
        stage_end(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        log_set_categories(0);
        g_test_add_func("/listeners/paused-ones-stay-so", test_paused_ones_stay_so);
        g_test_add_func("/listeners/a-pause-is-of-one-only", test_a_pause_is_of_one_only);
        g_test_add_func("/control/listeners/same-address-is-handed-on",
                        test_same_address_is_handed_on);
        g_test_add_func("/control/listeners/new-ones-listen-when-told",
                        test_new_ones_listen_when_told);
        g_test_add_func("/control/listeners/abandoned-ones-leave-no-trace",
                        test_abandoned_ones_leave_no_trace);
        g_test_add_func("/control/listeners/address-moves", test_address_moves);
        g_test_add_func("/control/listeners/overlap-of-new-ones-is-refused",
                        test_overlap_of_new_ones_is_refused);
        g_test_add_func("/control/listeners/socket-file-changes-and-changes-back",
                        test_socket_file_changes_and_changes_back);
        g_test_add_func("/control/listeners/socket-files-change-together",
                        test_socket_files_change_together);
        g_test_add_func("/control/listeners/passed-sockets-come-and-go",
                        test_passed_sockets_come_and_go);
        g_test_add_func("/control/listeners/changes-for-the-server", test_changes_for_the_server);
        return g_test_run();
}
