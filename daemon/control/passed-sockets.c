/* SPDX-License-Identifier: Apache-2.0 */

/* The listening sockets that systemd has opened for the broker. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "control/parking.h"
#include "control/passed-sockets.h"
#include "control/socket-match.h"
#include "util/macro.h"

static const struct in6_addr *ipv6_of(const Address *address)
{
        return &((const struct sockaddr_in6 *)&address->storage)->sin6_addr;
}

static uint32_t ipv4_of(const Address *address)
{
        return ntohl(((const struct sockaddr_in *)&address->storage)->sin_addr.s_addr);
}

static bool is_loopback(const Address *address)
{
        switch (address->storage.ss_family) {
        case AF_INET:
                return ipv4_of(address) >> IN_CLASSA_NSHIFT == IN_LOOPBACKNET;
        case AF_INET6:
                return IN6_IS_ADDR_LOOPBACK(ipv6_of(address));
        default:
                return address_is_unix(address);
        }
}

static int option_of(int fd, int level, int option)
{
        int value = -1;
        socklen_t length = sizeof(value);

        return getsockopt(fd, level, option, &value, &length) < 0 ? -errno : value;
}

/* --- receive --- */

static int set_flags(int fd)
{
        int flags = fcntl(fd, F_GETFL);

        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
            fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
                return -errno;
        return 0;
}

/* An end of the parking pair: a socket of that name that nobody can listen on. */
static bool is_parking(int fd, const char *name)
{
        return strcmp(name, PARKING_NAME) == 0 && option_of(fd, SOL_SOCKET, SO_DOMAIN) == AF_UNIX &&
               option_of(fd, SOL_SOCKET, SO_TYPE) == SOCK_SEQPACKET &&
               option_of(fd, SOL_SOCKET, SO_ACCEPTCONN) == 0;
}

/* 1: it is one, and taken over; 0: it is not; or -errno. */
static int receive_parking(int fd, const char *name, PassedSockets *sockets)
{
        int r;

        if (!is_parking(fd, name) || sockets->n_parking == PASSED_PARKING_MAX)
                return 0;
        r = set_flags(fd);
        if (r < 0)
                return r;
        sockets->parking[sockets->n_parking++] = fd;
        return 1;
}

PassedSocket *passed_socket_free(PassedSocket *socket)
{
        if (!socket)
                return NULL;
        closep(&socket->fd);
        free(socket->name);
        free(socket);
        return NULL;
}

static int append(PassedSockets *sockets, PassedSocket *socket)
{
        PassedSocket **items = reallocarray(sockets->items, sockets->n + 1, sizeof(*items));

        if (!items)
                return -ENOMEM;
        items[sockets->n++] = socket;
        sockets->items = items;
        return 0;
}

/* What an administrator has added to the last process has this before its name. */
static bool is_added_name(const char *name)
{
        return strncmp(name, PASSED_ADDED_PREFIX, strlen(PASSED_ADDED_PREFIX)) == 0;
}

/* Takes the fd over. 1: it is a socket to listen on; 0: it is not; or -errno. */
static int receive_one(int fd, const char *name, PassedSockets *sockets)
{
        _cleanup_(passed_socket_freep) PassedSocket *socket = calloc(1, sizeof(*socket));
        int r;

        if (!socket)
                return -ENOMEM;
        socket->fd = -1;
        socket->address.length = sizeof(socket->address.storage);

        if (option_of(fd, SOL_SOCKET, SO_TYPE) != SOCK_STREAM ||
            option_of(fd, SOL_SOCKET, SO_ACCEPTCONN) != 1 ||
            getsockname(fd, (struct sockaddr *)&socket->address.storage, &socket->address.length) <
                    0)
                return 0;
        r = set_flags(fd);
        if (r < 0)
                return r;
        socket->is_added = is_added_name(name);
        socket->name = strdup(socket->is_added ? name + strlen(PASSED_ADDED_PREFIX) : name);
        if (!socket->name)
                return -ENOMEM;
        r = append(sockets, socket);
        if (r < 0)
                return r;
        TAKE_PTR(socket)->fd = fd;
        return 1;
}

static int receive_all(char **names, size_t n, ConfigErrors *errors, PassedSockets *sockets)
{
        int result = 0;

        for (size_t i = 0; i < n; i++) {
                const int fd = SD_LISTEN_FDS_START + (int)i;
                int r = result < 0 ? result : receive_parking(fd, names[i], sockets);

                if (r > 0)
                        continue;
                if (r == 0)
                        r = receive_one(fd, names[i], sockets);
                if (r > 0)
                        continue;
                close(fd);
                if (r < 0)
                        result = r;
                else
                        config_errors_add(errors, CONFIG_WARNING, NULL, 0,
                                          "What systemd passed as %s is no listening stream socket",
                                          names[i]);
        }
        return result;
}

int passed_sockets_receive(ConfigErrors *errors, PassedSockets *ret_sockets)
{
        PassedSockets sockets = {};
        char **names = NULL;
        int n, r;

        n = sd_listen_fds_with_names(true, &names);
        if (n < 0)
                return n;
        r = n > 0 ? receive_all(names, (size_t)n, errors, &sockets) : 0;
        for (int i = 0; i < n; i++)
                free(names[i]);
        free(names);
        if (r < 0)
                passed_sockets_done(&sockets);
        else
                *ret_sockets = sockets;
        return r;
}

void passed_sockets_done(PassedSockets *sockets)
{
        for (size_t i = 0; i < sockets->n; i++)
                passed_socket_free(sockets->items[i]);
        for (size_t i = 0; i < sockets->n_parking; i++)
                closep(&sockets->parking[i]);
        free(sockets->items);
        *sockets = (PassedSockets){};
}

/* --- added later --- */

int passed_sockets_add(PassedSockets *sockets, int fd, const char *name)
{
        _cleanup_close_ int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        _cleanup_free_ char *full = NULL;
        int r;

        if (copy < 0)
                return -errno;
        if (asprintf(&full, PASSED_ADDED_PREFIX "%s", name) < 0) {
                full = NULL;
                return -ENOMEM;
        }
        r = receive_one(copy, full, sockets);
        if (r <= 0)
                return r < 0 ? r : -EINVAL;
        TAKE_FD(copy);
        return 0;
}

PassedSocket *passed_sockets_take(PassedSockets *sockets, const char *name)
{
        for (size_t i = 0; i < sockets->n; i++) {
                PassedSocket *socket = sockets->items[i];

                if (!socket->is_added || strcmp(socket->name, name) != 0)
                        continue;
                sockets->items[i] = sockets->items[--sockets->n];
                return socket;
        }
        return NULL;
}

void passed_sockets_put_back(PassedSockets *sockets, PassedSocket *socket)
{
        sockets->items[sockets->n++] = socket; /* its place is still there */
}

size_t passed_sockets_added(const PassedSockets *sockets,
                            const char *names[static PASSED_ADDED_MAX])
{
        size_t n = 0;

        for (size_t i = 0; i < sockets->n && n < PASSED_ADDED_MAX; i++)
                if (sockets->items[i]->is_added)
                        names[n++] = sockets->items[i]->name;
        return n;
}

/* --- claim --- */

static void take(PassedSocket *socket, PassedClaim *claim)
{
        /* More than a listener can have stay behind, and are reported. */
        if (claim->n == STREAM_LISTENING_MAX)
                return;
        socket->is_claimed = true;
        claim->items[claim->n++] = socket;
}

static void take_named(PassedSockets *sockets, const char *name, PassedClaim *claim)
{
        for (size_t i = 0; i < sockets->n; i++)
                if (!sockets->items[i]->is_claimed && strcmp(sockets->items[i]->name, name) == 0)
                        take(sockets->items[i], claim);
}

void passed_sockets_release(PassedSockets *sockets)
{
        for (size_t i = 0; i < sockets->n; i++)
                sockets->items[i]->is_claimed = false;
}

/* The name says more than the address. */
static bool is_wanted_by_name(const PassedSocket *socket, const Settings *settings)
{
        for (size_t i = 0; i < settings->n_listeners; i++) {
                const char *name = settings->listeners[i].socket_name;

                if (name && strcmp(name, socket->name) == 0)
                        return true;
        }
        return false;
}

int passed_sockets_claim(PassedSockets *sockets, const Settings *settings,
                         const ListenerSettings *listener, PassedClaim *claim)
{
        const size_t n_before = claim->n;

        if (listener->socket_name)
                take_named(sockets, listener->socket_name, claim);
        if (claim->n > n_before)
                return 0;
        for (size_t i = 0; i < sockets->n; i++) {
                PassedSocket *socket = sockets->items[i];
                int r;

                if (socket->is_claimed || is_wanted_by_name(socket, settings))
                        continue;
                r = socket_is_at(socket->fd, &socket->address, listener);
                if (r < 0)
                        return r;
                if (r > 0)
                        take(socket, claim);
        }
        return 0;
}

void passed_sockets_claim_local(PassedSockets *sockets, PassedClaim *claim)
{
        for (size_t i = 0; i < sockets->n; i++) {
                PassedSocket *socket = sockets->items[i];

                if (!socket->is_claimed && strcmp(socket->name, PASSED_SOCKET_MQTT) == 0 &&
                    is_loopback(&socket->address))
                        take(socket, claim);
        }
}

bool passed_sockets_have(const PassedSockets *sockets, const char *name)
{
        for (size_t i = 0; i < sockets->n; i++)
                if (strcmp(sockets->items[i]->name, name) == 0)
                        return true;
        return false;
}

void passed_sockets_report(const PassedSockets *sockets, bool local_only, ConfigErrors *errors)
{
        char text[ADDRESS_TEXT_MAX];

        for (size_t i = 0; i < sockets->n; i++) {
                const PassedSocket *socket = sockets->items[i];
                const bool is_public = local_only && !is_loopback(&socket->address);

                if (socket->is_claimed)
                        continue;
                config_errors_add(
                        errors, CONFIG_WARNING, NULL, 0,
                        "Nobody answers at the socket %s that %s as %s: %s; a listener "
                        "with socket_name %s would serve it",
                        address_format(&socket->address, text, sizeof(text)),
                        socket->is_added ? "was added" : "systemd passed", socket->name,
                        is_public ? "without a configured listener only this machine is let in"
                                  : "no listener has its name or address",
                        socket->name);
        }
}
