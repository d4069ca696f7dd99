/* SPDX-License-Identifier: Apache-2.0 */

/* Listening stream sockets, opened as an admin means them. */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "transport/stream-listen.h"
#include "util/address.h"

/* The kernel caps it at net.core.somaxconn. */
#define BACKLOG 4096

static _printf_(3, 4) int refuse(StreamListening *listening, int error, const char *format, ...)
{
        va_list arguments;

        stream_listening_done(listening);
        va_start(arguments, format);
        vsnprintf(listening->why, sizeof(listening->why), format, arguments);
        va_end(arguments);
        return error;
}

void stream_listening_done(StreamListening *listening)
{
        for (size_t i = 0; i < listening->n; i++)
                if (listening->fds[i] >= 0)
                        close(listening->fds[i]);
        listening->n = 0;
}

/* SO_BINDTODEVICE takes any name and then hears nothing, so the device is looked up first. */
static int bind_to_device(int fd, const char *interface)
{
        if (if_nametoindex(interface) == 0)
                return -ENODEV;
        if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
                       (socklen_t)strlen(interface) + 1) < 0)
                return -errno;
        return 0;
}

static int prepare_tcp(int fd, int family)
{
        const int one = 1;

        /* A restart must not wait for connections that linger in TIME-WAIT. */
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
                return -errno;
        /* IPv4 has a socket of its own beside this one. */
        if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0)
                return -errno;
        return 0;
}

static int set_freebind(int fd, int family)
{
        const int one = 1;
        int r;

        r = family == AF_INET6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof(one))
                               : setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &one, sizeof(one));
        return r < 0 ? -errno : 0;
}

void stream_share_port(int fd, bool on)
{
        const int value = on;

        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &value, sizeof(value));
}

int stream_listen(int fd)
{
        return listen(fd, BACKLOG) < 0 ? -errno : 0;
}

static int try_bind(int fd, const Address *address)
{
        return bind(fd, (const struct sockaddr *)&address->storage, address->length) < 0 ? -errno
                                                                                         : 0;
}

/* With the option set on both, the kernel lets them overlap, and gives connections to the one that
 * listens. */
static int bind_beside(int fd, const Address *address, const StreamTcpAddress *wanted)
{
        int r;

        for (size_t i = 0; i < wanted->n_rivals; i++)
                stream_share_port(wanted->rivals[i], true);
        stream_share_port(fd, true);
        r = try_bind(fd, address);
        if (r < 0)
                stream_share_port(fd, false);
        return r;
}

/* The option is not set from the start: without it the kernel says which addresses are absent. */
static int bind_tcp(int fd, const Address *address, const StreamTcpAddress *wanted,
                    StreamListening *listening)
{
        char text[ADDRESS_TEXT_MAX];
        bool absent;
        int r;

        r = try_bind(fd, address);
        absent = r == -EADDRNOTAVAIL && wanted->freebind;
        if (absent) {
                r = set_freebind(fd, address->storage.ss_family);
                if (r == 0)
                        r = try_bind(fd, address);
        }
        if (r == -EADDRINUSE && wanted->n_rivals > 0)
                r = bind_beside(fd, address, wanted);
        if (r < 0 || !absent)
                return r;
        snprintf(listening->why, sizeof(listening->why),
                 "This machine does not have the address of %s yet",
                 address_format(address, text, sizeof(text)));
        return 0;
}

/* 0 with *ret_fd, or -errno with listening->why set. */
static int open_tcp(const Address *address, const StreamTcpAddress *wanted,
                    StreamListening *listening, int *ret_fd)
{
        const char *interface = wanted->interface;
        _cleanup_close_ int fd = -1;
        char text[ADDRESS_TEXT_MAX];
        int r;

        address_format(address, text, sizeof(text));
        fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                r = -errno;
        else
                r = prepare_tcp(fd, address->storage.ss_family);
        if (r < 0) {
                snprintf(listening->why, sizeof(listening->why), "Cannot make a socket for %s: %s",
                         text, strerror(-r));
                return r;
        }

        r = interface ? bind_to_device(fd, interface) : 0;
        if (r < 0) {
                snprintf(listening->why, sizeof(listening->why),
                         "Cannot bind to network interface %s: %s", interface, strerror(-r));
                return r;
        }

        r = bind_tcp(fd, address, wanted, listening);
        if (r == 0 && !wanted->bind_only)
                r = stream_listen(fd);
        if (r < 0) {
                snprintf(listening->why, sizeof(listening->why), "Cannot listen on %s: %s", text,
                         strerror(-r));
                return r;
        }

        *ret_fd = TAKE_FD(fd);
        return 0;
}

static bool is_absent(int error)
{
        return error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL;
}

static bool is_served(const StreamTcpAddress *wanted, const Address *address)
{
        for (size_t i = 0; i < wanted->n_served; i++)
                if (address_equal_host(&wanted->served[i], address))
                        return true;
        return false;
}

static int open_each(const Address *addresses, size_t n, const StreamTcpAddress *wanted,
                     StreamListening *listening)
{
        int fd = -1, r = 0;

        for (size_t i = 0; i < n; i++) {
                int q;

                if (is_served(wanted, &addresses[i]))
                        continue;
                q = open_tcp(&addresses[i], wanted, listening, &fd);
                if (q < 0 && !is_absent(q)) {
                        stream_listening_done(listening);
                        return q;
                }
                if (q < 0)
                        r = q;
                else
                        listening->fds[listening->n++] = fd;
        }
        return listening->n > 0 ? 0 : r;
}

int stream_listen_tcp(const StreamTcpAddress *address, StreamListening *ret_listening)
{
        _cleanup_free_ Address *addresses = NULL;
        const char *host = address->host ? address->host : "all addresses";
        size_t n = 0;
        int r;

        *ret_listening = (StreamListening){};
        r = address_resolve(address->host, address->port, address->family, &addresses, &n);
        if (r == -ENOENT || (r == 0 && n == 0))
                return refuse(ret_listening, -ENOENT, "Cannot find an address of %s", host);
        if (r < 0)
                return refuse(ret_listening, r, "Cannot look up %s: %s", host, strerror(-r));
        if (n > STREAM_LISTENING_MAX)
                return refuse(ret_listening, -E2BIG,
                              "%s has %zu addresses, at most %d are possible", host, n,
                              STREAM_LISTENING_MAX);

        return open_each(addresses, n, address, ret_listening);
}

/* Whether anybody listens: 0, -ECONNREFUSED if nobody, or -errno. */
static int knock(const char *path)
{
        _cleanup_close_ int fd = -1;
        Address address;
        int r;

        r = address_from_unix(path, &address);
        if (r < 0)
                return r;
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *)&address.storage, address.length) < 0 &&
            errno != EAGAIN) /* its backlog is full: somebody is there */
                return -errno;
        return 0;
}

/* Names of the abstract namespace have no file. */
static bool is_abstract(const char *path)
{
        return path[0] == '@';
}

int stream_remove_stale(const char *path)
{
        struct stat status;
        int r;

        if (is_abstract(path))
                return 0;
        if (lstat(path, &status) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (!S_ISSOCK(status.st_mode))
                return -EEXIST;
        r = knock(path);
        if (r == 0)
                return -EADDRINUSE;
        if (r != -ECONNREFUSED)
                return r == -ENOENT ? 0 : r;
        return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

/* On success the file at path is ours, and nobody can connect yet. */
static int bind_unix(const StreamUnixAddress *unix_address, int fd)
{
        Address address;
        int r;

        r = address_from_unix(unix_address->path, &address);
        if (r < 0)
                return r;
        /* The file takes over the mode of the socket: born closed, whatever the umask. */
        if (fchmod(fd, 0) < 0)
                return -errno;
        if (bind(fd, (const struct sockaddr *)&address.storage, address.length) < 0)
                return -errno;
        return 0;
}

/* A service may not even say what is so already: its sandbox has no such call. */
static bool has_owners(const StreamUnixAddress *address)
{
        struct stat status;

        return lstat(address->path, &status) == 0 &&
               (address->owner == (uid_t)-1 || address->owner == status.st_uid) &&
               (address->group == (gid_t)-1 || address->group == status.st_gid);
}

int stream_admit_unix(const StreamUnixAddress *address)
{
        if (is_abstract(address->path))
                return 0;
        if (!has_owners(address) && lchown(address->path, address->owner, address->group) < 0)
                return -errno;
        return chmod(address->path, address->mode) < 0 ? -errno : 0;
}

int stream_listen_unix(const StreamUnixAddress *address, StreamListening *ret_listening)
{
        StreamListening *listening = ret_listening;
        const char *path = address->path;
        int fd, r;

        *listening = (StreamListening){};
        r = stream_remove_stale(path);
        if (r == -EEXIST)
                return refuse(listening, r, "%s exists and is not a socket", path);
        if (r == -EADDRINUSE)
                return refuse(listening, r, "Another process listens on %s", path);
        if (r < 0)
                return refuse(listening, r, "Cannot replace the old socket %s: %s", path,
                              strerror(-r));

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return refuse(listening, -errno, "Cannot make a Unix socket: %s", strerror(errno));
        listening->fds[listening->n++] = fd;

        r = bind_unix(address, fd);
        if (r < 0)
                return refuse(listening, r, "Cannot make the socket %s: %s", path, strerror(-r));

        r = stream_admit_unix(address);
        if (r == 0)
                r = stream_listen(fd);
        if (r < 0) {
                unlink(path);
                return refuse(listening, r, "Cannot open the socket %s to clients: %s", path,
                              strerror(-r));
        }
        return 0;
}
