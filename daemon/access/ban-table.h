/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who is banned: addresses and prefixes, users, client identifiers, each with a reason and an end.
 * As text, one a line: KIND SUBJECT UNTIL REASON
 *
 *   address 192.0.2.0/24 - scans us every night
 *   user eve 2026-12-24T12:00:00Z
 *   client sensor%2017 - the fifth time this week
 *
 * UNTIL is UTC, or - for good. In names %XX is the byte XX. Empty lines, and those that begin with
 * #, say nothing.
 *
 * Thread: immutable
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "util/buffer.h"
#include "util/bytes.h"
#include "util/macro.h"
#include "util/prefix.h"

typedef enum BanKind {
        BAN_ADDRESS,
        BAN_USER,
        BAN_CLIENT,
        BAN_KINDS_N,
} BanKind;

#define BAN_FOR_GOOD UINT64_MAX

typedef struct Ban {
        BanKind kind;
        const char *subject; /* "192.0.2.0/24", or a name */
        uint64_t until;      /* s since 1970; BAN_FOR_GOOD */
        const char *reason;  /* one line, may be empty */
} Ban;

typedef struct BanTable BanTable;

/* 0; -EINVAL with *ret_line and *ret_why, a text that lives for ever; or -ENOMEM. */
int ban_table_parse(Bytes text, BanTable **ret_table, unsigned *ret_line, const char **ret_why);
BanTable *ban_table_ref(BanTable *table);
BanTable *ban_table_unref(BanTable *table);
DEFINE_CLEANUP(BanTable, ban_table_unref)

/* Another one with this ban too, in place of one of the same subject, and without those that are
 * over. table NULL: an empty one. 0, -EINVAL: it has no such subject, or -ENOMEM. */
int ban_table_add(const BanTable *table, const Ban *ban, uint64_t now, BanTable **ret_table);
/* Without it. 0, -ENOENT or -ENOMEM. */
int ban_table_remove(const BanTable *table, BanKind kind, const char *subject, uint64_t now,
                     BanTable **ret_table);

/* As ban_table_parse() reads it. 0 or -ENOMEM. */
int ban_table_write(const BanTable *table, Buffer *to);

size_t ban_table_count(const BanTable *table);
/* The views live as long as the table. i < ban_table_count(). */
Ban ban_table_at(const BanTable *table, size_t i);
bool ban_table_equal(const BanTable *a, const BanTable *b);

/* Whether a ban holds for it; now: s since 1970. */
bool ban_table_find_address(const BanTable *table, const struct sockaddr *address, uint64_t now);
bool ban_table_find_name(const BanTable *table, BanKind kind, Bytes name, uint64_t now);

/* "address", "user", "client". -EINVAL for another word. */
const char *ban_kind_to_string(BanKind kind);
int ban_kind_from_string(Bytes word, BanKind *ret_kind);
