/* SPDX-License-Identifier: Apache-2.0 */

/* A connected TCP or Unix stream socket as a Transport. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/stream.h"
#include "util/bytes.h"
#include "util/macro.h"
#include "util/utf8.h"

/* An entry of the user database: more than any has; one that is larger has no name here. */
#define ENTRY_SIZE 65536U
/* Where the kernel does not say. */
#define OVERFLOW_UID 65534U

static int stream_handshake(Transport *transport)
{
        return 0;
}

static ssize_t stream_read(Transport *transport, void *data, size_t size)
{
        ssize_t n;

        do
                n = recv(transport->fd, data, size, MSG_DONTWAIT);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : n;
}

static ssize_t stream_writev(Transport *transport, const struct iovec *pieces, int n)
{
        ssize_t written;

        do {
                /* One piece is the rule, and send() is the shorter way through the kernel. */
                if (n == 1)
                        written = send(transport->fd, pieces[0].iov_base, pieces[0].iov_len,
                                       MSG_NOSIGNAL | MSG_DONTWAIT);
                else
                        written = sendmsg(transport->fd,
                                          &(struct msghdr){.msg_iov = (struct iovec *)pieces,
                                                           .msg_iovlen = (size_t)n},
                                          MSG_NOSIGNAL | MSG_DONTWAIT);
        } while (written < 0 && errno == EINTR);
        return written < 0 ? -errno : written;
}

static uint32_t stream_wants(const Transport *transport)
{
        return 0;
}

static int stream_finish(Transport *transport)
{
        return shutdown(transport->fd, SHUT_WR) < 0 ? -errno : 0;
}

static void stream_close(Transport *transport)
{
        if (transport->fd >= 0)
                close(TAKE_FD(transport->fd));
}

static const TransportOps tcp_ops = {
        .name = "tcp",
        .handshake = stream_handshake,
        .read = stream_read,
        .writev = stream_writev,
        .wants = stream_wants,
        .finish = stream_finish,
        .close = stream_close,
};

static const TransportOps unix_ops = {
        .name = "unix",
        .handshake = stream_handshake,
        .read = stream_read,
        .writev = stream_writev,
        .wants = stream_wants,
        .finish = stream_finish,
        .close = stream_close,
};

/* --- with the name of the peer --- */

/* What a user of another user namespace looks like: anybody. */
static uid_t overflow_uid(void)
{
        _cleanup_close_ int fd = open("/proc/sys/kernel/overflowuid", O_RDONLY | O_CLOEXEC);
        char text[16] = {};

        return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 ? (uid_t)strtoul(text, NULL, 10)
                                                               : OVERFLOW_UID;
}

static char *user_name(uid_t uid)
{
        _cleanup_free_ char *buffer = malloc(ENTRY_SIZE);
        struct passwd entry, *found = NULL;
        Bytes name;

        if (!buffer || uid == overflow_uid() ||
            getpwuid_r(uid, &entry, buffer, ENTRY_SIZE, &found) != 0 || !found)
                return NULL;
        name = bytes_from_string(found->pw_name);
        return name.length > 0 && utf8_is_valid(name.data, name.length) ? strdup(found->pw_name)
                                                                        : NULL;
}

/* A peer without a name is one like others here: what that means is decided on its CONNECT. */
static int named_handshake(Transport *transport)
{
        struct ucred peer;
        socklen_t length = sizeof(peer);

        if (getsockopt(transport->fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
                return -errno;
        if (!transport->state)
                transport->state = user_name(peer.uid);
        return 0;
}

static void named_close(Transport *transport)
{
        stream_close(transport);
        free(TAKE_PTR(transport->state));
}

static const TransportOps named_ops = {
        .name = "unix",
        .handshake = named_handshake,
        .read = stream_read,
        .writev = stream_writev,
        .wants = stream_wants,
        .finish = stream_finish,
        .close = named_close,
};

void stream_init_named(Transport *transport, int fd)
{
        *transport = (Transport){.ops = &named_ops, .fd = fd, .slow_handshake = true};
}

const char *stream_peer_user(const Transport *transport)
{
        return transport->ops == &named_ops ? transport->state : NULL;
}

/* --- in and out --- */

void stream_init(Transport *transport, int fd, bool is_unix)
{
        *transport = (Transport){.ops = is_unix ? &unix_ops : &tcp_ops, .fd = fd};
}

/* accept4() hands on what has already gone wrong with the new connection. */
static bool is_trouble_of_peer(int error)
{
        static const int errors[] = {
                EAGAIN, ECONNABORTED, EPROTO,     ENETDOWN,    ENOPROTOOPT, EHOSTDOWN,
                ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, ETIMEDOUT,   EPERM,
        };

        for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
                if (errors[i] == error)
                        return true;
        return false;
}

int stream_accept(int listen_fd, Address *ret_peer, int *ret_fd)
{
        Address peer = {.length = sizeof(peer.storage)};
        int fd;

        do
                fd = accept4(listen_fd, (struct sockaddr *)&peer.storage, &peer.length,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
        while (fd < 0 && errno == EINTR);
        if (fd < 0)
                return is_trouble_of_peer(errno) ? -EAGAIN : -errno;

        *ret_peer = peer;
        *ret_fd = fd;
        return 0;
}

/* A peer without a word is asked whether it is there: three times within the timeout. */
static int set_probes(int fd, unsigned user_timeout)
{
        const int one = 1, count = 3;
        const int seconds = (int)MAX(user_timeout / 1000 / (unsigned)(count + 1), 1U);

        if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)) < 0 ||
            setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds)) < 0 ||
            setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof(seconds)) < 0 ||
            setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count)) < 0)
                return -errno;
        return 0;
}

int stream_set_options(int fd, bool nodelay, unsigned user_timeout)
{
        const int on = nodelay;

        if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
                return -errno;
        if (user_timeout == 0)
                return 0;
        if (setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof(user_timeout)) < 0)
                return -errno;
        return set_probes(fd, user_timeout);
}

void stream_forget(int fd)
{
        const struct linger reset = {.l_onoff = 1};

        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
}

bool stream_has_input(int fd)
{
        uint8_t first;

        return recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}
