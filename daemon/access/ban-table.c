/* SPDX-License-Identifier: Apache-2.0 */

/* Who is banned. */

#include "access/ban-table.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

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
        size_t n;
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

static bool reason_is_one_line(const char *reason)
{
        for (const char *at = reason; *at; at++)
                if ((unsigned char)*at < ' ' || *at == 0x7F)
                        return false;
        return true;
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
        if (n == 0 || n > NAME_MAX_BYTES || !reason_is_one_line(ban->reason))
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

static int table_new(BanTable **ret_table)
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

/* While it is being made. The last one of a subject holds. */
static int table_put(BanTable *table, const Ban *ban)
{
        _cleanup_(entry_freep) Entry *entry = NULL;
        Entry **more, *before;
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
        more = reallocarray(table->entries, table->n + 1, sizeof(*more));
        if (!more)
                return -ENOMEM;
        table->entries = more;
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

        r = table_new(&copy);
        for (size_t i = 0; r == 0 && i < ban_table_count(table); i++) {
                const Entry *entry = table->entries[i];
                const Ban ban = ban_of(entry);

                if (entry != without && entry->until > now)
                        r = table_put(copy, &ban);
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
                r = table_put(copy, ban);
        if (r == 0)
                *ret_table = TAKE_PTR(copy);
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

Ban ban_table_at(const BanTable *table, size_t i)
{
        return ban_of(table->entries[i]);
}

bool ban_table_equal(const BanTable *a, const BanTable *b)
{
        const size_t n = ban_table_count(a);

        if (n != ban_table_count(b))
                return false;
        for (size_t i = 0; i < n; i++) {
                const Entry *entry = a->entries[i];
                const Entry *other = table_find(b, entry->kind, entry_key(entry));

                if (!other || other->until != entry->until ||
                    strcmp(other->reason, entry->reason) != 0)
                        return false;
        }
        return true;
}

/* --- ask --- */

bool ban_table_find_address(const BanTable *table, const struct sockaddr *address, uint64_t now)
{
        Prefix host, prefix;

        if (!prefix_of_address(address, 32, 128, &host))
                return false;
        for (unsigned length = 0; length <= 128; length++) {
                const Entry *entry;

                if (table->lengths[length] == 0)
                        continue;
                prefix = prefix_cut(&host, length);
                entry = table_find(table, BAN_ADDRESS,
                                   (Bytes){(const uint8_t *)&prefix, sizeof(prefix)});
                if (entry && entry->until > now)
                        return true;
        }
        return false;
}

bool ban_table_find_name(const BanTable *table, BanKind kind, Bytes name, uint64_t now)
{
        const Entry *entry = table_find(table, kind, name);

        return entry && entry->until > now;
}

/* --- text --- */

static int hex_digit(uint8_t c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
                return (c | 0x20) - 'a' + 10;
        return -1;
}

/* 0, -EINVAL or -ENOMEM. */
static int decode_name(Bytes text, char **ret_name)
{
        _cleanup_free_ char *name = malloc(text.length + 1);
        size_t n = 0;

        if (!name)
                return -ENOMEM;
        for (size_t i = 0; i < text.length; i++) {
                int high, low;

                if (text.data[i] != '%') {
                        name[n++] = (char)text.data[i];
                        continue;
                }
                if (text.length - i < 3)
                        return -EINVAL;
                high = hex_digit(text.data[i + 1]);
                low = hex_digit(text.data[i + 2]);
                if (high < 0 || low < 0 || high + low == 0)
                        return -EINVAL;
                name[n++] = (char)(high << 4 | low);
                i += 2;
        }
        name[n] = 0;
        *ret_name = TAKE_PTR(name);
        return 0;
}

static int write_name(const char *name, Buffer *to)
{
        static const char digits[] = "0123456789ABCDEF";
        int r = 0;

        for (const char *at = name; *at && r == 0; at++) {
                const unsigned char c = (unsigned char)*at;
                const char coded[] = {'%', digits[c >> 4], digits[c & 15]};

                r = c <= ' ' || c == '%' || c == 0x7F ? buffer_append(to, coded, sizeof(coded))
                                                      : buffer_append(to, at, 1);
        }
        return r;
}

static Bytes take_word(Bytes *rest)
{
        Bytes word = *rest;

        word.length = 0;
        while (word.length < rest->length && rest->data[word.length] != ' ' &&
               rest->data[word.length] != '\t')
                word.length++;
        *rest = (Bytes){rest->data + word.length, rest->length - word.length};
        while (rest->length > 0 && (rest->data[0] == ' ' || rest->data[0] == '\t'))
                *rest = (Bytes){rest->data + 1, rest->length - 1};
        return word;
}

/* "2026-12-24T12:00:00Z" */
static int parse_time(Bytes word, uint64_t *ret_until)
{
        char text[sizeof("2026-12-24T12:00:00Z")];
        struct tm tm = {};
        const char *end;
        time_t time;

        if (bytes_equal(word, BYTES_LITERAL("-"))) {
                *ret_until = BAN_FOR_GOOD;
                return 0;
        }
        if (word.length != sizeof(text) - 1)
                return -EINVAL;
        memcpy(text, word.data, word.length);
        text[word.length] = 0;
        end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
        if (!end || *end)
                return -EINVAL;
        time = timegm(&tm);
        if (time < 0)
                return -EINVAL;
        *ret_until = (uint64_t)time;
        return 0;
}

static int parse_line(BanTable *table, Bytes line, const char **ret_why)
{
        _cleanup_free_ char *subject = NULL, *reason = NULL;
        Ban ban = {};
        int r;

        if (memchr(line.data, 0, line.length)) {
                *ret_why = "has a zero byte in it";
                return -EINVAL;
        }
        if (ban_kind_from_string(take_word(&line), &ban.kind) < 0) {
                *ret_why = "does not begin with address, user or client";
                return -EINVAL;
        }
        r = decode_name(take_word(&line), &subject);
        if (r == 0 && parse_time(take_word(&line), &ban.until) < 0) {
                *ret_why = "has no time such as 2026-12-24T12:00:00Z, or -, behind the subject";
                return -EINVAL;
        }
        if (r == 0)
                r = bytes_duplicate(line, (uint8_t **)&reason);
        ban.subject = subject;
        ban.reason = reason;
        if (r == 0)
                r = table_put(table, &ban);
        if (r == -EINVAL)
                *ret_why = "has no address, prefix or name behind its first word";
        return r;
}

int ban_table_parse(Bytes text, BanTable **ret_table, unsigned *ret_line, const char **ret_why)
{
        _cleanup_(ban_table_unrefp) BanTable *table = NULL;
        unsigned number = 0;
        int r;

        r = table_new(&table);
        while (r == 0 && text.length > 0) {
                const uint8_t *end = memchr(text.data, '\n', text.length);
                Bytes line = {text.data, end ? (size_t)(end - text.data) : text.length};

                text.data += line.length + !!end;
                text.length -= line.length + !!end;
                number++;
                while (line.length > 0 &&
                       (line.data[line.length - 1] == '\r' || line.data[line.length - 1] == ' '))
                        line.length--;
                if (line.length > 0 && line.data[0] != '#')
                        r = parse_line(table, line, ret_why);
        }
        if (r == 0)
                *ret_table = TAKE_PTR(table);
        else
                *ret_line = number;
        return r;
}

static int write_entry(const Entry *entry, Buffer *to)
{
        char until[32] = "-";
        time_t time = (time_t)entry->until;
        struct tm tm;
        int r;

        if (entry->until != BAN_FOR_GOOD && gmtime_r(&time, &tm))
                strftime(until, sizeof(until), "%Y-%m-%dT%H:%M:%SZ", &tm);
        r = buffer_append(to, kinds[entry->kind], strlen(kinds[entry->kind]));
        if (r == 0)
                r = buffer_append(to, " ", 1);
        if (r == 0)
                r = write_name(entry->subject, to);
        if (r == 0)
                r = buffer_append(to, " ", 1);
        if (r == 0)
                r = buffer_append(to, until, strlen(until));
        if (r == 0 && entry->reason[0])
                r = buffer_append(to, " ", 1);
        if (r == 0)
                r = buffer_append(to, entry->reason, strlen(entry->reason));
        return r == 0 ? buffer_append(to, "\n", 1) : r;
}

int ban_table_write(const BanTable *table, Buffer *to)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < ban_table_count(table); i++)
                r = write_entry(table->entries[i], to);
        return r;
}
