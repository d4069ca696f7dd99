/* SPDX-License-Identifier: Apache-2.0 */
/* address.h: addresses of sockets: IPv4, IPv6, Unix; to text and back.
 * Thread: any */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

typedef struct Address {
        struct sockaddr_storage storage;
        socklen_t length;
} Address;

/* Enough for every address as text, its NUL included. */
#define ADDRESS_TEXT_MAX 128

/* "192.0.2.1:1883", "[2001:db8::1]:1883", "unix:/run/x", "unix:@abstract", "unix:" if unnamed,
 * "unknown". An IPv4 address mapped into IPv6 is shown as IPv4. Cuts at `size`; returns buffer. */
char *address_format(const Address *address, char *buffer, size_t size);

/* The same without port and brackets: "192.0.2.1", "2001:db8::1", "unix:/run/x". */
char *address_format_host(const Address *address, char *buffer, size_t size);

/* The port, 0 for Unix. */
uint16_t address_port(const Address *address);

/* A numeric host ("192.0.2.1", "::1", "fe80::1%eth0"; brackets around IPv6 allowed); NULL or "":
 * any local address of the family. family is AF_INET, AF_INET6 or AF_UNSPEC. Asks no name server.
 * Returns 0 or -EINVAL. */
int address_parse(const char *host, uint16_t port, int family, Address *ret);

/* All stream addresses of a name (or number; NULL: the local wildcards) in the resolver's order.
 * May block for a long time: never on a loop. Returns 0 or -errno (-ENOENT: no such name, -EAGAIN:
 * try later); the caller frees the array. */
int address_resolve(const char *host, uint16_t port, int family, Address **ret, size_t *ret_n);

/* A Unix path, or "@name" in the abstract namespace. Returns 0, -EINVAL (empty) or -ENAMETOOLONG.
 */
int address_from_unix(const char *path, Address *ret);

static inline bool address_is_unix(const Address *address)
{
        return address->storage.ss_family == AF_UNIX;
}

/* The same host (or Unix path), whatever the port; IPv4 equals IPv4 mapped into IPv6. */
bool address_equal_host(const Address *a, const Address *b);
