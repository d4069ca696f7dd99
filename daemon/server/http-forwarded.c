/* SPDX-License-Identifier: Apache-2.0 */
/* http-forwarded.c: who a proxy says that it speaks for. */

#include "server/http-forwarded.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* As RFC 3986 spells them: not as inet_aton(3) would read them. */
static int parse_host(const char *host, Address *ret_address)
{
        Address address = {};
        struct sockaddr_in *ipv4 = (struct sockaddr_in *)&address.storage;
        struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&address.storage;

        if (inet_pton(AF_INET, host, &ipv4->sin_addr) == 1) {
                ipv4->sin_family = AF_INET;
                address.length = sizeof(*ipv4);
        } else if (inet_pton(AF_INET6, host, &ipv6->sin6_addr) == 1) {
                ipv6->sin6_family = AF_INET6;
                address.length = sizeof(*ipv6);
        } else {
                return -EINVAL;
        }
        *ret_address = address;
        return 0;
}

/* Cuts off a port: what is behind the only colon, or behind the one after a bracket. False: what is
 * there is none. */
static bool cut_port(char *host)
{
        char *bracket = strchr(host, ']'), *colon = strchr(bracket ? bracket : host, ':');

        if (!colon || strchr(colon + 1, ':'))
                return true;
        *colon = 0;
        return strspn(colon + 1, "0123456789") == strlen(colon + 1);
}

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80" */
static int parse_one(const char *text, size_t length, Address *ret_address)
{
        char host[INET6_ADDRSTRLEN + sizeof("[]:65535")];
        size_t last;

        if (length == 0 || length >= sizeof(host))
                return -EINVAL;
        memcpy(host, text, length);
        host[length] = 0;
        if (!cut_port(host))
                return -EINVAL;
        if (host[0] != '[')
                return parse_host(host, ret_address);
        last = strlen(host) - 1;
        if (host[last] != ']' || !strchr(host, ':'))
                return -EINVAL;
        host[last] = 0;
        return parse_host(host + 1, ret_address);
}

static bool is_proxy(const Address *address, const Prefix *proxies, size_t n_proxies)
{
        Prefix host;

        if (!prefix_of_address((const struct sockaddr *)&address->storage, 32, 128, &host))
                return false;
        for (size_t i = 0; i < n_proxies; i++)
                if (prefix_contains(&proxies[i], &host))
                        return true;
        return false;
}

int http_forwarded_parse(const char *field, const Prefix *proxies, size_t n_proxies,
                         Address *ret_address)
{
        const char *end = field + strlen(field);
        Address address;
        bool goes_on;

        do {
                const char *word = end;
                size_t length;
                int r;

                while (word > field && word[-1] != ',')
                        word--;
                goes_on = word > field;
                length = (size_t)(end - word);
                end = goes_on ? word - 1 : field;
                while (length > 0 && strchr(" \t", *word))
                        word++, length--;
                while (length > 0 && strchr(" \t", word[length - 1]))
                        length--;
                r = parse_one(word, length, &address);
                if (r < 0)
                        return r;
        } while (goes_on && is_proxy(&address, proxies, n_proxies));
        *ret_address = address;
        return 0;
}
