/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A prefix of internet addresses, "192.0.2.0/24" or "2001:db8::/32"; a single address is one of
 * full length. IPv4 is kept as mapped into IPv6, so that an address is the same however it arrived.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

typedef struct Prefix {
        uint8_t bytes[16]; /* zero behind the length */
        uint8_t length;    /* bits; 96 and more for IPv4 */
} Prefix;

/* "2001:db8:…/128" and the end. */
#define PREFIX_TEXT_MAX 52

/* An address, or an address with a slash and a number of bits; bits behind those must be zero.
 * 0 or -EINVAL. */
int prefix_parse(const char *text, Prefix *ret_prefix);

/* The first bits of the address: ipv4_length up to 32, ipv6_length up to 128. False: it is not an
 * internet address. */
bool prefix_of_address(const struct sockaddr *address, unsigned ipv4_length, unsigned ipv6_length,
                       Prefix *ret_prefix);

/* Its first bits: as many as it has at most. */
Prefix prefix_cut(const Prefix *prefix, unsigned length);

/* Whether all of `inner` is in `outer`. */
bool prefix_contains(const Prefix *outer, const Prefix *inner);

/* As prefix_parse() reads it; without a length if that is full. Returns the buffer. */
char *prefix_format(const Prefix *prefix, char *buffer, size_t size);
