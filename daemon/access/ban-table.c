/* SPDX-License-Identifier: Apache-2.0 */

/* Who is banned. */

#include "access/ban-table.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "util/hashmap.h"
#include "util/siphash.h"
#include "util/utf8.h"

#define NAME_MAX_BYTES 65535U

typedef struct Entry {
        BanKind kind;
        uint64_t until;
        Prefix prefix; /* of an address */
        char *subject;
        char *reason;
} Entry;

struct BanTable {
        atomic_uint references;
        Entry **entries;
        size_t n, n_allocated;
        Hashmap maps[BAN_KINDS_N];
        size_t lengths[129]; /* how many prefixes there are of each length */
};

static const char *const kinds[BAN_KINDS_N] = {
        [BAN_ADDRESS] = "address",
        [BAN_USER] = "user",
        [BAN_CLIENT] = "client",
};

const char *ban_kind_to_string(BanKind kind)
{
        return kinds[kind];
}

int ban_kind_from_string(Bytes word, BanKind *ret_kind)
{
        for (unsigned i = 0; i < BAN_KINDS_N; i++)
                if (bytes_equal(word, bytes_from_string(kinds[i]))) {
                        *ret_kind = (BanKind)i;
                        return 0;
                }
        return -EINVAL;
}

/* --- entries --- */

static Bytes entry_key(const Entry *entry)
{
        return entry->kind == BAN_ADDRESS
                       ? (Bytes){(const uint8_t *)&entry->prefix, sizeof(entry->prefix)}
                       : bytes_from_string(entry->subject);
}

static bool entry_has_key(const void *item, Bytes key)
{
        return bytes_equal(entry_key(item), key);
}

static Entry *entry_free(Entry *entry)
{
        if (!entry)
                return NULL;
        free(entry->subject);
        free(entry->reason);
        free(entry);
        return NULL;
}
DEFINE_CLEANUP(Entry, entry_free)

bool ban_reason_is_valid(const char *reason)
{
        for (const char *at = reason; *at; at++)
                if ((unsigned char)*at < ' ' || *at == 0x7F)
                        return false;
        return strlen(reason) <= BAN_REASON_MAX &&
               utf8_is_valid((const uint8_t *)reason, strlen(reason));
}

/* 0, -EINVAL or -ENOMEM. */
static int entry_new(const Ban *ban, Entry **ret_entry)
{
        _cleanup_(entry_freep) Entry *entry = calloc(1, sizeof(*entry));
        const size_t n = strlen(ban->subject);
        char text[PREFIX_TEXT_MAX];

        if (!entry)
                return -ENOMEM;
        entry->kind = ban->kind;
        entry->until = ban->until;
        if (n == 0 || n > NAME_MAX_BYTES || !ban_reason_is_valid(ban->reason))
                return -EINVAL;
        if (ban->kind == BAN_ADDRESS) {
                if (prefix_parse(ban->subject, &entry->prefix) < 0)
                        return -EINVAL;
                prefix_format(&entry->prefix, text, sizeof(text));
        } else if (!utf8_is_valid((const uint8_t *)ban->subject, n)) {
                return -EINVAL;
        }
        entry->subject = strdup(ban->kind == BAN_ADDRESS ? text : ban->subject);
        entry->reason = strdup(ban->reason);
        if (!entry->subject || !entry->reason)
                return -ENOMEM;
        *ret_entry = TAKE_PTR(entry);
        return 0;
}

static Ban ban_of(const Entry *entry)
{
        return (Ban){
                .kind = entry->kind,
                .subject = entry->subject,
                .until = entry->until,
                .reason = entry->reason,
        };
}

/* --- the table --- */

int ban_table_new(BanTable **ret_table)
{
        BanTable *table = calloc(1, sizeof(*table));

        if (!table)
                return -ENOMEM;
        atomic_init(&table->references, 1);
        for (unsigned i = 0; i < BAN_KINDS_N; i++)
                hashmap_init(&table->maps[i], entry_has_key);
        *ret_table = table;
        return 0;
}

BanTable *ban_table_ref(BanTable *table)
{
        atomic_fetch_add_explicit(&table->references, 1, memory_order_relaxed);
        return table;
}

BanTable *ban_table_unref(BanTable *table)
{
        if (!table || atomic_fetch_sub_explicit(&table->references, 1, memory_order_acq_rel) != 1)
                return NULL;
        for (unsigned i = 0; i < BAN_KINDS_N; i++)
                hashmap_done(&table->maps[i]);
        for (size_t i = 0; i < table->n; i++)
                entry_free(table->entries[i]);
        free(table->entries);
        free(table);
        return NULL;
}

static Entry *table_find(const BanTable *table, BanKind kind, Bytes key)
{
        return hashmap_find(&table->maps[kind], hash_bytes(key.data, key.length), key);
}

static int table_make_room(BanTable *table)
{
        const size_t n = table->n_allocated > 0 ? table->n_allocated * 2 : 8;
        Entry **more;

        if (table->n < table->n_allocated)
                return 0;
        more = reallocarray(table->entries, n, sizeof(*more));
        if (!more)
                return -ENOMEM;
        table->entries = more;
        table->n_allocated = n;
        return 0;
}

int ban_table_put(BanTable *table, const Ban *ban)
{
        _cleanup_(entry_freep) Entry *entry = NULL;
        Entry *before;
        Bytes key;
        int r;

        r = entry_new(ban, &entry);
        if (r < 0)
                return r;
        key = entry_key(entry);
        before = table_find(table, ban->kind, key);
        if (before) {
                before->until = entry->until;
                free(before->reason);
                before->reason = TAKE_PTR(entry->reason);
                return 0;
        }
        r = table_make_room(table);
        if (r == 0)
                r = hashmap_add(&table->maps[ban->kind], hash_bytes(key.data, key.length), entry);
        if (r < 0)
                return r;
        if (ban->kind == BAN_ADDRESS)
                table->lengths[entry->prefix.length]++;
        table->entries[table->n++] = TAKE_PTR(entry);
        return 0;
}

/* All that hold but one. */
static int table_copy(const BanTable *table, const Entry *without, uint64_t now,
                      BanTable **ret_table)
{
        _cleanup_(ban_table_unrefp) BanTable *copy = NULL;
        int r;

        r = ban_table_new(&copy);
        for (size_t i = 0; r == 0 && i < ban_table_count(table); i++) {
                const Entry *entry = table->entries[i];
                const Ban ban = ban_of(entry);

                if (entry != without && entry->until > now)
                        r = ban_table_put(copy, &ban);
        }
        if (r == 0)
                *ret_table = TAKE_PTR(copy);
        return r;
}

int ban_table_add(const BanTable *table, const Ban *ban, uint64_t now, BanTable **ret_table)
{
        _cleanup_(ban_table_unrefp) BanTable *copy = NULL;
        int r;

        r = table_copy(table, NULL, now, &copy);
        if (r == 0)
                r = ban_table_put(copy, ban);
        if (r == 0)
                *ret_table = TAKE_PTR(copy);
        return r;
}

static int put_longer(BanTable *table, const Entry *entry)
{
        const Ban ban = ban_of(entry);
        const Entry *other = table_find(table, entry->kind, entry_key(entry));

        return other && other->until >= entry->until ? 0 : ban_table_put(table, &ban);
}

int ban_table_merge(const BanTable *a, const BanTable *b, uint64_t now, BanTable **ret_table)
{
        _cleanup_(ban_table_unrefp) BanTable *table = NULL;
        int r;

        r = table_copy(a, NULL, now, &table);
        for (size_t i = 0; r == 0 && i < ban_table_count(b); i++)
                if (b->entries[i]->until > now)
                        r = put_longer(table, b->entries[i]);
        if (r == 0)
                *ret_table = TAKE_PTR(table);
        return r;
}

int ban_table_remove(const BanTable *table, BanKind kind, const char *subject, uint64_t now,
                     BanTable **ret_table)
{
        const Ban ban = {.kind = kind, .subject = subject, .reason = ""};
        _cleanup_(entry_freep) Entry *wanted = NULL;
        const Entry *found;
        int r;

        r = entry_new(&ban, &wanted);
        if (r == -ENOMEM)
                return r;
        found = table && wanted ? table_find(table, kind, entry_key(wanted)) : NULL;
        return found ? table_copy(table, found, now, ret_table) : -ENOENT;
}

size_t ban_table_count(const BanTable *table)
{
        return table ? table->n : 0;
}

bool ban_table_has(const BanTable *table, BanKind kind, const char *subject, uint64_t now)
{
        const Ban ban = {.kind = kind, .subject = subject, .reason = ""};
        _cleanup_(entry_freep) Entry *wanted = NULL;
        const Entry *found;

        if (!table || entry_new(&ban, &wanted) < 0)
                return false;
        found = table_find(table, kind, entry_key(wanted));
        return found && found->until > now;
}

Ban ban_table_at(const BanTable *table, size_t i)
{
        return ban_of(table->entries[i]);
}

bool ban_table_has_same(const BanTable *table, const BanTable *of, size_t i)
{
        const Entry *entry = of->entries[i];
        const Entry *other = table ? table_find(table, entry->kind, entry_key(entry)) : NULL;

        return other && other->until == entry->until && strcmp(other->reason, entry->reason) == 0;
}

bool ban_table_equal(const BanTable *a, const BanTable *b)
{
        const size_t n = ban_table_count(a);

        if (n != ban_table_count(b))
                return false;
        for (size_t i = 0; i < n; i++)
                if (!ban_table_has_same(b, a, i))
                        return false;
        return true;
}

/* --- ask --- */

static bool tell(const Entry *entry, uint64_t now, Ban *ret_ban)
{
        if (!entry || entry->until <= now)
                return false;
        if (ret_ban)
                *ret_ban = ban_of(entry);
        return true;
}

bool ban_table_find_address(const BanTable *table, const struct sockaddr *address, uint64_t now,
                            Ban *ret_ban)
{
        Prefix host, prefix;

        if (!prefix_of_address(address, 32, 128, &host))
                return false;
        for (unsigned length = 0; length <= 128; length++) {
                if (table->lengths[length] == 0)
                        continue;
                prefix = prefix_cut(&host, length);
                if (tell(table_find(table, BAN_ADDRESS,
                                    (Bytes){(const uint8_t *)&prefix, sizeof(prefix)}),
                         now, ret_ban))
                        return true;
        }
        return false;
}

bool ban_table_find_name(const BanTable *table, BanKind kind, Bytes name, uint64_t now,
                         Ban *ret_ban)
{
        return tell(table_find(table, kind, name), now, ret_ban);
}
