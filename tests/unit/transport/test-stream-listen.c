/* SPDX-License-Identifier: Apache-2.0 */

/* Listening sockets: addresses, and the rules about socket files. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/free-port.h"
#include "transport/stream-listen.h"
#include "util/address.h"

static uint16_t port_of(int fd)
{
        Address address = {.length = sizeof(address.storage)};

        g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address.storage, &address.length), ==,
                        0);
        return address_port(&address);
}

static int option_of(int fd, int level, int option)
{
        int value = -1;
        socklen_t length = sizeof(value);

        g_assert_cmpint(getsockopt(fd, level, option, &value, &length), ==, 0);
        return value;
}

static void test_tcp_listens_on_one_address(void)
{
        const StreamTcpAddress where = {.host = "127.0.0.1", .family = AF_UNSPEC};
        StreamListening listening;
        int fd;

        g_assert_cmpint(stream_listen_tcp(&where, &listening), ==, 0);
        g_assert_cmpuint(listening.n, ==, 1);
        fd = listening.fds[0];
        g_assert_cmpint(option_of(fd, SOL_SOCKET, SO_ACCEPTCONN), ==, 1);
        g_assert_cmpint(option_of(fd, SOL_SOCKET, SO_REUSEADDR), ==, 1);
        g_assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
        g_assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        stream_listening_done(&listening);
        g_assert_cmpint(fcntl(fd, F_GETFD), ==, -1);
}

static void test_tcp_port_in_use_is_refused(void)
{
        StreamTcpAddress where = {.host = "127.0.0.1", .family = AF_INET};
        StreamListening first, second;

        g_assert_cmpint(stream_listen_tcp(&where, &first), ==, 0);
        where.port = port_of(first.fds[0]);
        g_assert_cmpint(stream_listen_tcp(&where, &second), ==, -EADDRINUSE);
        g_assert_cmpuint(second.n, ==, 0);
        g_assert_nonnull(strstr(second.why, "127.0.0.1"));
        g_assert_nonnull(strstr(second.why, strerror(EADDRINUSE)));
        stream_listening_done(&first);
}

/* Both families of the wildcard have the same port, so the sockets must not be in each other's way.
 */
static void test_tcp_wildcards_stand_side_by_side(void)
{
        StreamTcpAddress where = {.port = free_port(), .family = AF_UNSPEC};
        StreamListening listening;

        g_assert_cmpint(stream_listen_tcp(&where, &listening), ==, 0);
        g_assert_cmpuint(listening.n, >=, 1);
        for (size_t i = 0; i < listening.n; i++)
                if (option_of(listening.fds[i], SOL_SOCKET, SO_DOMAIN) == AF_INET6)
                        g_assert_cmpint(option_of(listening.fds[i], IPPROTO_IPV6, IPV6_V6ONLY), ==,
                                        1);
        stream_listening_done(&listening);
}

static void test_tcp_family_chooses_among_addresses(void)
{
        static const struct {
                const char *host;
                int family, result;
        } cases[] = {
                {"127.0.0.1", AF_INET, 0},
                {"127.0.0.1", AF_INET6, -ENOENT},
                {"::1", AF_INET, -ENOENT},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                const StreamTcpAddress where = {.host = cases[i].host, .family = cases[i].family};
                StreamListening listening;
                int r = stream_listen_tcp(&where, &listening);

                g_assert_cmpint(r, ==, cases[i].result);
                stream_listening_done(&listening);
        }
}

static void test_tcp_refusals_name_the_cause(void)
{
        static const struct {
                StreamTcpAddress where;
                int error;
                const char *word;
        } cases[] = {
                {{.host = "name.invalid."}, -ENOENT, "name.invalid."},
                {{.host = "127.0.0.1", .interface = "no-such-if0"}, -ENODEV, "no-such-if0"},
                {{.host = "192.0.2.77"}, -EADDRNOTAVAIL, "192.0.2.77"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                StreamListening listening;
                int r = stream_listen_tcp(&cases[i].where, &listening);

                /* A machine without a resolver says "try again" to any name. */
                g_assert_true(r == cases[i].error || (i == 0 && r < 0));
                g_assert_cmpuint(listening.n, ==, 0);
                g_assert_nonnull(strstr(listening.why, cases[i].word));
        }
}

static void test_tcp_freebind_waits_for_the_address(void)
{
        const StreamTcpAddress absent = {.host = "192.0.2.77", .freebind = true};
        const StreamTcpAddress present = {.host = "127.0.0.1", .freebind = true};
        StreamListening listening;

        g_assert_cmpint(stream_listen_tcp(&absent, &listening), ==, 0);
        g_assert_cmpuint(listening.n, ==, 1);
        g_assert_nonnull(strstr(listening.why, "192.0.2.77"));
        stream_listening_done(&listening);

        g_assert_cmpint(stream_listen_tcp(&present, &listening), ==, 0);
        g_assert_cmpstr(listening.why, ==, "");
        stream_listening_done(&listening);
}

static void test_tcp_leaves_out_what_is_served(void)
{
        Address served;
        const StreamTcpAddress where = {.host = "127.0.0.1", .served = &served, .n_served = 1};
        StreamListening listening;

        g_assert_cmpint(address_parse("127.0.0.1", 0, AF_UNSPEC, &served), ==, 0);
        g_assert_cmpint(stream_listen_tcp(&where, &listening), ==, 0);
        g_assert_cmpuint(listening.n, ==, 0);

        g_assert_cmpint(address_parse("127.0.0.2", 0, AF_UNSPEC, &served), ==, 0);
        g_assert_cmpint(stream_listen_tcp(&where, &listening), ==, 0);
        g_assert_cmpuint(listening.n, ==, 1);
        stream_listening_done(&listening);
}

typedef struct Folder {
        char *folder, *path;
} Folder;

static void folder_set_up(Folder *folder, gconstpointer data)
{
        folder->folder = g_dir_make_tmp("hawker-XXXXXX", NULL);
        g_assert_nonnull(folder->folder);
        folder->path = g_build_filename(folder->folder, "mqtt.sock", NULL);
}

static void folder_tear_down(Folder *folder, gconstpointer data)
{
        g_unlink(folder->path);
        g_assert_cmpint(g_rmdir(folder->folder), ==, 0);
        g_free(folder->path);
        g_free(folder->folder);
}

static int folder_listen(Folder *folder, mode_t mode, StreamListening *ret)
{
        const StreamUnixAddress where = {folder->path, mode, (uid_t)-1, (gid_t)-1};

        return stream_listen_unix(&where, ret);
}

static int knock(const char *path)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        Address address;
        int r = 0;

        g_assert_cmpint(address_from_unix(path, &address), ==, 0);
        if (connect(fd, (const struct sockaddr *)&address.storage, address.length) < 0)
                r = -errno;
        close(fd);
        return r;
}

static void test_unix_mode_is_exact_whatever_the_umask(Folder *folder, gconstpointer data)
{
        static const mode_t modes[] = {0600, 0660, 0666, 0777};
        static const mode_t masks[] = {0, 022, 0077, 0777};

        for (size_t i = 0; i < G_N_ELEMENTS(modes); i++)
                for (size_t k = 0; k < G_N_ELEMENTS(masks); k++) {
                        mode_t before = umask(masks[k]);
                        StreamListening listening;
                        struct stat status;

                        g_assert_cmpint(folder_listen(folder, modes[i], &listening), ==, 0);
                        g_assert_cmpuint(umask(before), ==, masks[k]);
                        g_assert_cmpint(lstat(folder->path, &status), ==, 0);
                        g_assert_true(S_ISSOCK(status.st_mode));
                        g_assert_cmpuint(status.st_mode & 07777, ==, modes[i]);
                        g_assert_cmpint(knock(folder->path), ==, 0);
                        stream_listening_done(&listening);
                }
}

static void test_unix_stale_socket_is_replaced(Folder *folder, gconstpointer data)
{
        StreamListening listening;

        g_assert_cmpint(folder_listen(folder, 0600, &listening), ==, 0);
        stream_listening_done(&listening);
        g_assert_cmpint(knock(folder->path), ==, -ECONNREFUSED);
        g_assert_cmpint(folder_listen(folder, 0600, &listening), ==, 0);
        g_assert_cmpint(knock(folder->path), ==, 0);
        stream_listening_done(&listening);
}

static void test_unix_socket_in_use_is_refused(Folder *folder, gconstpointer data)
{
        StreamListening first, second;

        g_assert_cmpint(folder_listen(folder, 0600, &first), ==, 0);
        g_assert_cmpint(folder_listen(folder, 0600, &second), ==, -EADDRINUSE);
        g_assert_nonnull(strstr(second.why, folder->path));
        g_assert_cmpint(knock(folder->path), ==, 0);
        stream_listening_done(&first);
}

static void test_unix_other_files_are_left_alone(Folder *folder, gconstpointer data)
{
        StreamListening listening;
        struct stat status;

        g_assert_true(g_file_set_contents(folder->path, "precious", -1, NULL));
        g_assert_cmpint(folder_listen(folder, 0600, &listening), ==, -EEXIST);
        g_assert_cmpint(stream_remove_stale(folder->path), ==, -EEXIST);
        g_assert_cmpint(stat(folder->path, &status), ==, 0);
        g_assert_cmpint(status.st_size, ==, 8);

        /* A link is judged as itself: what it points to is not ours to take. */
        g_unlink(folder->path);
        g_assert_cmpint(symlink("/nonexistent", folder->path), ==, 0);
        g_assert_cmpint(folder_listen(folder, 0600, &listening), ==, -EEXIST);
}

static void test_unix_path_too_long_is_refused(void)
{
        g_autofree char *path = g_strnfill(200, 'x');
        const StreamUnixAddress where = {path, 0600, (uid_t)-1, (gid_t)-1};
        StreamListening listening;

        g_assert_cmpint(stream_listen_unix(&where, &listening), ==, -ENAMETOOLONG);
        g_assert_cmpuint(listening.n, ==, 0);
}

static void test_unix_abstract_name_needs_no_file(void)
{
        g_autofree char *name = g_strdup_printf("@hawker-test-%d", (int)getpid());
        const StreamUnixAddress where = {name, 0600, (uid_t)-1, (gid_t)-1};
        StreamListening listening;

        g_assert_cmpint(stream_listen_unix(&where, &listening), ==, 0);
        g_assert_cmpint(knock(name), ==, 0);
        g_assert_false(g_file_test(name, G_FILE_TEST_EXISTS));
        stream_listening_done(&listening);
        g_assert_cmpint(stream_remove_stale(name), ==, 0);
}

static void test_unix_owner_and_group_are_set(Folder *folder, gconstpointer data)
{
        const StreamUnixAddress where = {folder->path, 0660, 12345, 23456};
        StreamListening listening;
        struct stat status;

        if (geteuid() != 0) {
                g_test_skip("only root gives files away");
                return;
        }
        g_assert_cmpint(stream_listen_unix(&where, &listening), ==, 0);
        g_assert_cmpint(stat(folder->path, &status), ==, 0);
        g_assert_cmpuint(status.st_uid, ==, 12345);
        g_assert_cmpuint(status.st_gid, ==, 23456);
        stream_listening_done(&listening);
}

static void test_remove_stale_spares_the_living(Folder *folder, gconstpointer data)
{
        StreamListening listening;

        g_assert_cmpint(stream_remove_stale(folder->path), ==, 0);
        g_assert_cmpint(folder_listen(folder, 0600, &listening), ==, 0);
        g_assert_cmpint(stream_remove_stale(folder->path), ==, -EADDRINUSE);
        stream_listening_done(&listening);
        g_assert_cmpint(stream_remove_stale(folder->path), ==, 0);
        g_assert_false(g_file_test(folder->path, G_FILE_TEST_EXISTS));
}

static void add_in_folder(const char *name, void (*test)(Folder *, gconstpointer))
{
        g_test_add(name, Folder, NULL, folder_set_up, test, folder_tear_down);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/transport/stream-listen/tcp-listens-on-one-address",
                        test_tcp_listens_on_one_address);
        g_test_add_func("/transport/stream-listen/tcp-port-in-use-is-refused",
                        test_tcp_port_in_use_is_refused);
        g_test_add_func("/transport/stream-listen/tcp-wildcards-stand-side-by-side",
                        test_tcp_wildcards_stand_side_by_side);
        g_test_add_func("/transport/stream-listen/tcp-family-chooses-among-addresses",
                        test_tcp_family_chooses_among_addresses);
        g_test_add_func("/transport/stream-listen/tcp-refusals-name-the-cause",
                        test_tcp_refusals_name_the_cause);
        g_test_add_func("/transport/stream-listen/tcp-freebind-waits-for-the-address",
                        test_tcp_freebind_waits_for_the_address);
        g_test_add_func("/transport/stream-listen/tcp-leaves-out-what-is-served",
                        test_tcp_leaves_out_what_is_served);
        add_in_folder("/transport/stream-listen/unix-mode-is-exact-whatever-the-umask",
                      test_unix_mode_is_exact_whatever_the_umask);
        add_in_folder("/transport/stream-listen/unix-stale-socket-is-replaced",
                      test_unix_stale_socket_is_replaced);
        add_in_folder("/transport/stream-listen/unix-socket-in-use-is-refused",
                      test_unix_socket_in_use_is_refused);
        add_in_folder("/transport/stream-listen/unix-other-files-are-left-alone",
                      test_unix_other_files_are_left_alone);
        g_test_add_func("/transport/stream-listen/unix-path-too-long-is-refused",
                        test_unix_path_too_long_is_refused);
        g_test_add_func("/transport/stream-listen/unix-abstract-name-needs-no-file",
                        test_unix_abstract_name_needs_no_file);
        add_in_folder("/transport/stream-listen/unix-owner-and-group-are-set",
                      test_unix_owner_and_group_are_set);
        add_in_folder("/transport/stream-listen/remove-stale-spares-the-living",
                      test_remove_stale_spares_the_living);
        return g_test_run();
}
