/* SPDX-License-Identifier: Apache-2.0 */

/* A prefix of internet addresses. */

#include "util/prefix.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "util/macro.h"
#include "util/parse.h"

/* Where IPv4 begins in an IPv6 address it is mapped into, in bits. */
#define IPV4_AT 96U

static const uint8_t mapped[IPV4_AT / 8] = {[10] = 0xFF, [11] = 0xFF};

static bool is_ipv4(const Prefix *prefix)
{
        return prefix->length >= IPV4_AT && memcmp(prefix->bytes, mapped, sizeof(mapped)) == 0;
}

static Prefix from_bytes(const void *bytes, size_t n)
{
        Prefix prefix = {.length = 128};

        if (n == 4)
                memcpy(prefix.bytes, mapped, sizeof(mapped));
        memcpy(prefix.bytes + sizeof(prefix.bytes) - n, bytes, n);
        return prefix;
}

/* Keeps the first bits. */
static void cut(Prefix *prefix, unsigned length)
{
        prefix->length = (uint8_t)length;
        for (unsigned i = 0; i < sizeof(prefix->bytes); i++) {
                unsigned kept = length > i * 8 ? length - i * 8 : 0;

                if (kept < 8)
                        prefix->bytes[i] &= (uint8_t)(0xFF00U >> kept);
        }
}

static int parse_address(const char *text, Prefix *ret_prefix)
{
        uint8_t bytes[16];

        if (inet_pton(AF_INET, text, bytes) == 1)
                *ret_prefix = from_bytes(bytes, 4);
        else if (inet_pton(AF_INET6, text, bytes) == 1)
                *ret_prefix = from_bytes(bytes, 16);
        else
                return -EINVAL;
        return 0;
}

int prefix_parse(const char *text, Prefix *ret_prefix)
{
        const char *slash = strchr(text, '/');
        char address[INET6_ADDRSTRLEN];
        size_t n = slash ? (size_t)(slash - text) : strlen(text);
        Prefix prefix, whole;
        uint64_t bits;

        if (n >= sizeof(address))
                return -EINVAL;
        memcpy(address, text, n);
        address[n] = 0;
        if (parse_address(address, &prefix) < 0)
                return -EINVAL;
        if (slash) {
                unsigned before = strchr(address, ':') ? 0 : IPV4_AT;

                if (parse_uint64(slash + 1, &bits) < 0 || bits > 128 - before)
                        return -EINVAL;
                whole = prefix;
                cut(&prefix, before + (unsigned)bits);
                if (memcmp(whole.bytes, prefix.bytes, sizeof(whole.bytes)) != 0)
                        return -EINVAL;
        }
        *ret_prefix = prefix;
        return 0;
}

bool prefix_of_address(const struct sockaddr *address, unsigned ipv4_length, unsigned ipv6_length,
                       Prefix *ret_prefix)
{
        Prefix prefix;

        if (address->sa_family == AF_INET)
                prefix = from_bytes(&((const struct sockaddr_in *)address)->sin_addr, 4);
        else if (address->sa_family == AF_INET6)
                prefix = from_bytes(&((const struct sockaddr_in6 *)address)->sin6_addr, 16);
        else
                return false;
        cut(&prefix, is_ipv4(&prefix) ? IPV4_AT + ipv4_length : ipv6_length);
        *ret_prefix = prefix;
        return true;
}

Prefix prefix_cut(const Prefix *prefix, unsigned length)
{
        Prefix shorter = *prefix;

        cut(&shorter, MIN(length, (unsigned)prefix->length));
        return shorter;
}

bool prefix_contains(const Prefix *outer, const Prefix *inner)
{
        Prefix same = *inner;

        if (inner->length < outer->length)
                return false;
        cut(&same, outer->length);
        return memcmp(same.bytes, outer->bytes, sizeof(same.bytes)) == 0;
}

char *prefix_format(const Prefix *prefix, char *buffer, size_t size)
{
        const bool ipv4 = is_ipv4(prefix);
        char text[INET6_ADDRSTRLEN];

        inet_ntop(ipv4 ? AF_INET : AF_INET6, prefix->bytes + (ipv4 ? IPV4_AT / 8 : 0), text,
                  sizeof(text));
        if (prefix->length == 128)
                snprintf(buffer, size, "%s", text);
        else
                snprintf(buffer, size, "%s/%u", text, prefix->length - (ipv4 ? IPV4_AT : 0U));
        return buffer;
}
