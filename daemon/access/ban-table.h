/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who is banned: addresses and prefixes, users, client identifiers, each with a reason and an end.
 *
 * Thread: immutable (one owner while it is being made)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

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
        const char *reason;  /* ban_reason_is_valid() */
} Ban;

typedef struct BanTable BanTable;

#define BAN_REASON_MAX 1024U /* bytes */

/* One line of UTF-8 without control characters, not longer than that; it may be empty. */
bool ban_reason_is_valid(const char *reason);

/* An empty one, to be filled before others see it. 0 or -ENOMEM. */
int ban_table_new(BanTable **ret_table);
/* While it is being made: this one too, in place of one of the same subject. 0, -EINVAL: it has no
 * such subject, or its reason is no line; or -ENOMEM. */
int ban_table_put(BanTable *table, const Ban *ban);

BanTable *ban_table_ref(BanTable *table);
BanTable *ban_table_unref(BanTable *table);
DEFINE_CLEANUP(BanTable, ban_table_unref)

/* Another one with this ban too, in place of one of the same subject, and without those that are
 * over. table NULL: an empty one. 0, -EINVAL: it has no such subject, or -ENOMEM. */
int ban_table_add(const BanTable *table, const Ban *ban, uint64_t now, BanTable **ret_table);
/* Without it. 0, -ENOENT or -ENOMEM. */
int ban_table_remove(const BanTable *table, BanKind kind, const char *subject, uint64_t now,
                     BanTable **ret_table);

/* All of both but those that are over; of one subject, the ban that lasts longer. Either may be
 * NULL. 0 or -ENOMEM. */
int ban_table_merge(const BanTable *a, const BanTable *b, uint64_t now, BanTable **ret_table);

size_t ban_table_count(const BanTable *table);
/* The views live as long as the table. i < ban_table_count(). */
Ban ban_table_at(const BanTable *table, size_t i);
/* Whether just this subject has a ban that holds; table may be NULL. */
bool ban_table_has(const BanTable *table, BanKind kind, const char *subject, uint64_t now);
/* Whether the i-th ban of `of` is in it, with the same end and reason; table may be NULL. */
bool ban_table_has_same(const BanTable *table, const BanTable *of, size_t i);
bool ban_table_equal(const BanTable *a, const BanTable *b);

/* Whether a ban holds for it, and which (ret_ban may be NULL); now: s since 1970. */
bool ban_table_find_address(const BanTable *table, const struct sockaddr *address, uint64_t now,
                            Ban *ret_ban);
bool ban_table_find_name(const BanTable *table, BanKind kind, Bytes name, uint64_t now,
                         Ban *ret_ban);

/* "address", "user", "client". -EINVAL for another word. */
const char *ban_kind_to_string(BanKind kind);
int ban_kind_from_string(Bytes word, BanKind *ret_kind);
