/* SPDX-License-Identifier: Apache-2.0 */
/* address.c: sockaddr to text and back. */

#include "util/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "util/bytes.h"
#include "util/macro.h"

#define UNIX_PATH_OFFSET offsetof(struct sockaddr_un, sun_path)

static const struct sockaddr_in *as_ipv4(const Address *address)
{
        return (const struct sockaddr_in *)&address->storage;
}

static const struct sockaddr_in6 *as_ipv6(const Address *address)
{
        return (const struct sockaddr_in6 *)&address->storage;
}

static bool is_mapped_ipv4(const Address *address)
{
        return address->storage.ss_family == AF_INET6 &&
               IN6_IS_ADDR_V4MAPPED(&as_ipv6(address)->sin6_addr);
}

/* The bytes that are the host; of a Unix address: the path, with the leading NUL if abstract. */
static Bytes host_bytes(const Address *address)
{
        const struct sockaddr_un *local = (const struct sockaddr_un *)&address->storage;
        const uint8_t *ipv6 = (const uint8_t *)&as_ipv6(address)->sin6_addr;
        size_t length;

        if (is_mapped_ipv4(address))
                return (Bytes){ipv6 + 12, 4};
        switch (address->storage.ss_family) {
        case AF_INET:
                return (Bytes){(const uint8_t *)&as_ipv4(address)->sin_addr, 4};
        case AF_INET6:
                return (Bytes){ipv6, 16};
        case AF_UNIX:
                if (address->length <= UNIX_PATH_OFFSET)
                        return (Bytes){0};
                length = MIN(address->length - UNIX_PATH_OFFSET, sizeof(local->sun_path));
                if (local->sun_path[0])
                        length = strnlen(local->sun_path, length);
                return (Bytes){(const uint8_t *)local->sun_path, length};
        default:
                return (Bytes){0};
        }
}

static void format_unix(Bytes path, char *buffer, size_t size)
{
        bool is_abstract = path.length > 0 && path.data[0] == 0;

        if (is_abstract) {
                path.data++;
                path.length--;
        }
        snprintf(buffer, size, "unix:%s%.*s", is_abstract ? "@" : "", (int)path.length,
                 path.length > 0 ? (const char *)path.data : "");
}

static void format_ipv6(const struct sockaddr_in6 *ipv6, char *buffer, size_t size)
{
        char text[INET6_ADDRSTRLEN], interface[IF_NAMESIZE];

        inet_ntop(AF_INET6, &ipv6->sin6_addr, text, sizeof(text));
        if (ipv6->sin6_scope_id == 0)
                snprintf(buffer, size, "%s", text);
        else if (if_indextoname(ipv6->sin6_scope_id, interface))
                snprintf(buffer, size, "%s%%%s", text, interface);
        else
                snprintf(buffer, size, "%s%%%u", text, ipv6->sin6_scope_id);
}

char *address_format_host(const Address *address, char *buffer, size_t size)
{
        char text[INET_ADDRSTRLEN];
        Bytes host = host_bytes(address);

        if (address_is_unix(address)) {
                format_unix(host, buffer, size);
        } else if (host.length == 4) {
                inet_ntop(AF_INET, host.data, text, sizeof(text));
                snprintf(buffer, size, "%s", text);
        } else if (host.length == 16) {
                format_ipv6(as_ipv6(address), buffer, size);
        } else {
                snprintf(buffer, size, "unknown");
        }
        return buffer;
}

char *address_format(const Address *address, char *buffer, size_t size)
{
        char host[ADDRESS_TEXT_MAX];
        int family = address->storage.ss_family;

        address_format_host(address, host, sizeof(host));
        if (family != AF_INET && family != AF_INET6)
                snprintf(buffer, size, "%s", host);
        else if (family == AF_INET || is_mapped_ipv4(address))
                snprintf(buffer, size, "%s:%u", host, address_port(address));
        else
                snprintf(buffer, size, "[%s]:%u", host, address_port(address));
        return buffer;
}

uint16_t address_port(const Address *address)
{
        switch (address->storage.ss_family) {
        case AF_INET:
                return ntohs(as_ipv4(address)->sin_port);
        case AF_INET6:
                return ntohs(as_ipv6(address)->sin6_port);
        default:
                return 0;
        }
}

/* What getaddrinfo means, as -errno. */
static int resolver_error(int code)
{
        switch (code) {
        case EAI_SYSTEM:
                return errno > 0 ? -errno : -EIO;
        case EAI_MEMORY:
                return -ENOMEM;
        case EAI_AGAIN:
                return -EAGAIN;
        case EAI_NONAME:
        case EAI_NODATA:
        case EAI_ADDRFAMILY:
                return -ENOENT;
        default:
                return -EINVAL;
        }
}

static int look_up(const char *host, uint16_t port, int family, int flags, struct addrinfo **ret)
{
        char service[sizeof("65535")];
        struct addrinfo hints = {
                .ai_family = family,
                .ai_socktype = SOCK_STREAM,
                .ai_flags = AI_PASSIVE | AI_NUMERICSERV | flags,
        };
        int r;

        snprintf(service, sizeof(service), "%u", port);
        r = getaddrinfo(host && *host ? host : NULL, service, &hints, ret);
        return r == 0 ? 0 : resolver_error(r);
}

static Address from_addrinfo(const struct addrinfo *info)
{
        Address address = {.length = info->ai_addrlen};

        memcpy(&address.storage, info->ai_addr, info->ai_addrlen);
        return address;
}

int address_parse(const char *host, uint16_t port, int family, Address *ret)
{
        char plain[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
        size_t length = host ? strlen(host) : 0;
        struct addrinfo *found = NULL;
        int r;

        if (length > 0 && host[0] == '[') {
                if (length < 3 || host[length - 1] != ']' || family == AF_INET)
                        return -EINVAL;
                host++;
                length -= 2;
                family = AF_INET6; /* brackets around IPv4 mean nothing */
        }
        if (length >= sizeof(plain))
                return -EINVAL;
        if (length > 0)
                memcpy(plain, host, length);
        plain[length] = 0;

        r = look_up(plain, port, family, AI_NUMERICHOST, &found);
        if (r < 0)
                return r == -ENOMEM ? r : -EINVAL;
        *ret = from_addrinfo(found);
        freeaddrinfo(found);
        return 0;
}

int address_resolve(const char *host, uint16_t port, int family, Address **ret, size_t *ret_n)
{
        struct addrinfo *found = NULL;
        Address *addresses;
        size_t n = 0;
        int r = look_up(host, port, family, 0, &found);

        if (r < 0)
                return r;
        for (const struct addrinfo *info = found; info; info = info->ai_next)
                n++;
        addresses = calloc(n, sizeof(*addresses));
        if (!addresses) {
                freeaddrinfo(found);
                return -ENOMEM;
        }
        n = 0;
        for (const struct addrinfo *info = found; info; info = info->ai_next)
                addresses[n++] = from_addrinfo(info);
        freeaddrinfo(found);
        *ret = addresses;
        *ret_n = n;
        return 0;
}

int address_from_unix(const char *path, Address *ret)
{
        Address address = {0};
        struct sockaddr_un *local = (struct sockaddr_un *)&address.storage;
        size_t length = path ? strlen(path) : 0;
        bool is_abstract = length > 0 && path[0] == '@';

        if (length == 0 || (is_abstract && length == 1))
                return -EINVAL;
        /* A path keeps its NUL; an abstract name has none but its length. */
        if (length + !is_abstract > sizeof(local->sun_path))
                return -ENAMETOOLONG;
        local->sun_family = AF_UNIX;
        memcpy(local->sun_path, path, length);
        if (is_abstract)
                local->sun_path[0] = 0;
        address.length = (socklen_t)(UNIX_PATH_OFFSET + length + !is_abstract);
        *ret = address;
        return 0;
}

bool address_equal_host(const Address *a, const Address *b)
{
        if (address_is_unix(a) != address_is_unix(b))
                return false;
        if (!bytes_equal(host_bytes(a), host_bytes(b)))
                return false;
        /* The same link-local address on another interface is another host. */
        return a->storage.ss_family != AF_INET6 || b->storage.ss_family != AF_INET6 ||
               as_ipv6(a)->sin6_scope_id == as_ipv6(b)->sin6_scope_id;
}
