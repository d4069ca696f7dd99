/* SPDX-License-Identifier: Apache-2.0 */

/* Whether a socket that is there is what a listener asks for. */
#include "control/socket-match.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "util/macro.h"

static bool is_v6only(int fd)
{
        int value = 0;
        socklen_t length = sizeof(value);

        return getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, &length) == 0 && value == 1;
}

/* The network device that the socket is bound to: "" if to none. */
static bool has_device(int fd, const char *interface)
{
        char name[IF_NAMESIZE] = "";
        socklen_t length = sizeof(name);

        if (getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &length) < 0)
                return false;
        return strcmp(name, interface ? interface : "") == 0;
}

static bool has_family(int fd, const Address *address, SocketDomain domain)
{
        const int family = address->storage.ss_family;

        if (domain == SOCKET_DOMAIN_IPV4)
                return family == AF_INET;
        if (domain == SOCKET_DOMAIN_IPV6)
                return family == AF_INET6 && is_v6only(fd);
        return family == AF_INET || family == AF_INET6;
}

/* 1, 0, or -errno. */
static int has_host(const Address *address, const char *host)
{
        _cleanup_free_ Address *addresses = NULL;
        size_t n = 0;
        int r;

        r = address_resolve(host, address_port(address), AF_UNSPEC, &addresses, &n);
        if (r < 0)
                return r == -ENOMEM ? r
                                    : 0; /* who opens the others says that there is no such host */
        for (size_t i = 0; i < n; i++)
                if (address_equal_host(&addresses[i], address))
                        return 1;
        return 0;
}

int socket_is_at(int fd, const Address *address, const ListenerSettings *listener)
{
        Address path;

        if (listener->path)
                return address_from_unix(listener->path, &path) == 0 &&
                       address_equal_host(&path, address);
        if (address_is_unix(address) || address_port(address) != listener->port ||
            !has_family(fd, address, listener->socket_domain) ||
            !has_device(fd, listener->bind_interface))
                return 0;
        return listener->host ? has_host(address, listener->host) : 1;
}
