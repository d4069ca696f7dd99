/* SPDX-License-Identifier: Apache-2.0 */

/* Streams: what a connected socket does as a Transport, over a pair and over loopback. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/stream-listen.h"
#include "transport/stream.h"

typedef struct Pair {
        Transport ours;
        int peer;
} Pair;

static void pair_init(Pair *pair)
{
        int fds[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==,
                        0);
        stream_init(&pair->ours, fds[0], true);
        pair->peer = fds[1];
}

static void pair_done(Pair *pair)
{
        pair->ours.ops->close(&pair->ours);
        close(pair->peer);
}

static ssize_t pair_write(Pair *pair, const struct iovec *pieces, int n)
{
        return pair->ours.ops->writev(&pair->ours, pieces, n);
}

static void test_init_needs_no_handshake(void)
{
        Transport tcp, local;

        stream_init(&tcp, -1, false);
        stream_init(&local, -1, true);
        g_assert_cmpstr(tcp.ops->name, ==, "tcp");
        g_assert_cmpstr(local.ops->name, ==, "unix");
        g_assert_null(tcp.state);
        g_assert_cmpint(tcp.ops->handshake(&tcp), ==, 0);
        g_assert_cmpuint(tcp.ops->wants(&tcp), ==, 0);
}

static void test_handshake_names_the_user_of_the_peer(void)
{
        const struct passwd *self = getpwuid(geteuid());
        Pair pair;

        pair_init(&pair);
        g_assert_null(stream_peer_user(&pair.ours)); /* not asked for */
        stream_init_named(&pair.ours, pair.ours.fd);
        g_assert_null(stream_peer_user(&pair.ours));
        g_assert_true(pair.ours.slow_handshake);
        g_assert_cmpint(pair.ours.ops->handshake(&pair.ours), ==, 0);
        g_assert_cmpstr(stream_peer_user(&pair.ours), ==, self ? self->pw_name : NULL);
        g_assert_cmpint(pair.ours.ops->handshake(&pair.ours), ==, 0); /* once more is as well */
        pair_done(&pair);
        g_assert_null(stream_peer_user(&pair.ours));
}

static void test_read_tells_data_silence_and_end(void)
{
        char data[8];
        Pair pair;

        pair_init(&pair);
        g_assert_cmpint(pair.ours.ops->read(&pair.ours, data, sizeof(data)), ==, -EAGAIN);
        g_assert_cmpint(write(pair.peer, "hello", 5), ==, 5);
        g_assert_cmpint(pair.ours.ops->read(&pair.ours, data, sizeof(data)), ==, 5);
        g_assert_cmpmem(data, 5, "hello", 5);
        shutdown(pair.peer, SHUT_WR);
        g_assert_cmpint(pair.ours.ops->read(&pair.ours, data, sizeof(data)), ==, 0);
        pair_done(&pair);
}

static void test_writev_keeps_the_order_of_pieces(void)
{
        struct iovec pieces[] = {{(char *)"one ", 4}, {(char *)"two ", 4}, {(char *)"three", 5}};
        char data[32];

        for (int n = 1; n <= 3; n++) {
                static const size_t lengths[] = {0, 4, 8, 13};
                Pair pair;

                pair_init(&pair);
                g_assert_cmpint(pair_write(&pair, pieces, n), ==, (gint64)lengths[n]);
                g_assert_cmpint(read(pair.peer, data, sizeof(data)), ==, (gint64)lengths[n]);
                g_assert_cmpmem(data, lengths[n], "one two three", lengths[n]);
                pair_done(&pair);
        }
}

static void test_writev_is_short_and_then_would_block(void)
{
        static char megabyte[1 << 20];
        struct iovec piece = {megabyte, sizeof(megabyte)};
        Pair pair;
        ssize_t n;

        pair_init(&pair);
        n = pair_write(&pair, &piece, 1);
        g_assert_cmpint(n, >, 0);
        g_assert_cmpint(n, <, sizeof(megabyte));
        while ((n = pair_write(&pair, &piece, 1)) > 0)
                ;
        g_assert_cmpint(n, ==, -EAGAIN);
        pair_done(&pair);
}

static void test_writev_to_nobody_is_an_error_and_no_signal(void)
{
        struct iovec pieces[] = {{(char *)"a", 1}, {(char *)"b", 1}};
        Pair pair;

        signal(SIGPIPE, SIG_DFL);
        pair_init(&pair);
        close(pair.peer);
        g_assert_cmpint(pair_write(&pair, pieces, 1), ==, -EPIPE);
        g_assert_cmpint(pair_write(&pair, pieces, 2), ==, -EPIPE);
        pair.peer = -1;
        pair_done(&pair);
}

static void test_close_is_idempotent(void)
{
        char data[1];
        Pair pair;

        pair_init(&pair);
        pair.ours.ops->close(&pair.ours);
        g_assert_cmpint(pair.ours.fd, ==, -1);
        pair.ours.ops->close(&pair.ours);
        g_assert_cmpint(read(pair.peer, data, 1), ==, 0);
        close(pair.peer);
}

/* A listening socket on a free port of 127.0.0.1, and where it is. */
static int listen_somewhere(Address *ret_address)
{
        const StreamTcpAddress where = {.host = "127.0.0.1", .family = AF_UNSPEC};
        StreamListening listening;

        g_assert_cmpint(stream_listen_tcp(&where, &listening), ==, 0);
        g_assert_cmpuint(listening.n, ==, 1);
        ret_address->length = sizeof(ret_address->storage);
        g_assert_cmpint(getsockname(listening.fds[0], (struct sockaddr *)&ret_address->storage,
                                    &ret_address->length),
                        ==, 0);
        return listening.fds[0];
}

static int connect_to(const Address *address)
{
        int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

        g_assert_cmpint(connect(fd, (const struct sockaddr *)&address->storage, address->length),
                        ==, 0);
        return fd;
}

static void test_accept_makes_a_private_non_blocking_descriptor(void)
{
        Address address, peer, own = {.length = sizeof(own.storage)};
        int listening = listen_somewhere(&address);
        int client, accepted = -1;

        g_assert_cmpint(stream_accept(listening, &peer, &accepted), ==, -EAGAIN);
        g_assert_cmpint(accepted, ==, -1);

        client = connect_to(&address);
        g_assert_cmpint(getsockname(client, (struct sockaddr *)&own.storage, &own.length), ==, 0);
        g_assert_cmpint(stream_accept(listening, &peer, &accepted), ==, 0);
        g_assert_cmpuint(address_port(&peer), ==, address_port(&own));
        g_assert_true(fcntl(accepted, F_GETFL) & O_NONBLOCK);
        g_assert_true(fcntl(accepted, F_GETFD) & FD_CLOEXEC);
        close(accepted);
        close(client);
        close(listening);
}

static void test_accept_tells_real_errors(void)
{
        int fds[2], fd;
        Address peer;

        g_assert_cmpint(stream_accept(-1, &peer, &fd), ==, -EBADF);
        g_assert_cmpint(pipe(fds), ==, 0);
        g_assert_cmpint(stream_accept(fds[0], &peer, &fd), ==, -ENOTSOCK);
        close(fds[0]);
        close(fds[1]);
}

/* As one that a flood has brought. */
static void test_forgotten_is_reset(void)
{
        Address address, from;
        int listener = listen_somewhere(&address), client = connect_to(&address), fd = -1;
        struct pollfd ready = {.fd = client, .events = POLLIN};
        char byte;

        g_assert_cmpint(stream_accept(listener, &from, &fd), ==, 0);
        stream_forget(fd);
        close(fd);
        g_assert_cmpint(poll(&ready, 1, -1), ==, 1);
        g_assert_cmpint(recv(client, &byte, 1, MSG_DONTWAIT), ==, -1);
        g_assert_cmpint(errno, ==, ECONNRESET);
        close(client);
        close(listener);
}

static int option_of(int fd, int level, int option)
{
        int value = -1;
        socklen_t length = sizeof(value);

        g_assert_cmpint(getsockopt(fd, level, option, &value, &length), ==, 0);
        return value;
}

static void test_options_of_the_listener_hold_for_what_it_accepts(void)
{
        static const struct {
                bool nodelay;
                unsigned user_timeout;
        } cases[] = {{false, 0}, {true, 0}, {false, 30000}, {true, 30000}};

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Address address, peer;
                int listening = listen_somewhere(&address);
                int client, fd;

                g_assert_cmpint(
                        stream_set_options(listening, cases[i].nodelay, cases[i].user_timeout), ==,
                        0);
                client = connect_to(&address);
                g_assert_cmpint(stream_accept(listening, &peer, &fd), ==, 0);
                g_assert_cmpint(option_of(fd, IPPROTO_TCP, TCP_NODELAY) != 0, ==, cases[i].nodelay);
                g_assert_cmpint(option_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), ==,
                                cases[i].user_timeout);
                g_assert_cmpint(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), ==,
                                cases[i].user_timeout > 0);
                close(fd);
                close(client);
                close(listening);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/transport/stream/handshake-names-the-user-of-the-peer",
                        test_handshake_names_the_user_of_the_peer);
        g_test_add_func("/transport/stream/init-needs-no-handshake", test_init_needs_no_handshake);
        g_test_add_func("/transport/stream/read-tells-data-silence-and-end",
                        test_read_tells_data_silence_and_end);
        g_test_add_func("/transport/stream/writev-keeps-the-order-of-pieces",
                        test_writev_keeps_the_order_of_pieces);
        g_test_add_func("/transport/stream/writev-is-short-and-then-would-block",
                        test_writev_is_short_and_then_would_block);
        g_test_add_func("/transport/stream/writev-to-nobody-is-an-error-and-no-signal",
                        test_writev_to_nobody_is_an_error_and_no_signal);
        g_test_add_func("/transport/stream/close-is-idempotent", test_close_is_idempotent);
        g_test_add_func("/transport/stream/accept-makes-a-private-non-blocking-descriptor",
                        test_accept_makes_a_private_non_blocking_descriptor);
        g_test_add_func("/transport/stream/accept-tells-real-errors",
                        test_accept_tells_real_errors);
        g_test_add_func("/transport/stream/forgotten-is-reset", test_forgotten_is_reset);
        g_test_add_func("/transport/stream/options-of-the-listener-hold-for-what-it-accepts",
                        test_options_of_the_listener_hold_for_what_it_accepts);
        return g_test_run();
}
