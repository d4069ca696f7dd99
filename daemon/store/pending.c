/* SPDX-License-Identifier: Apache-2.0 */
/* pending.c: a table of the last thing that was done to each key, chained, so that nothing but the
 * entries themselves needs memory that may be refused. The chains of one that is empty are part of
 * it: after a burst a broker that is idle does not keep as many as the burst had. */
#include "store/pending.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/types.h"
#include "util/array.h"
#include "util/siphash.h"

#define CHAINS_MIN 64U
/* By so much their number grows. */
#define CHAINS_STEP 4U

/* What a page is, and what deleting a record in the order of keys costs of one. */
#define PAGE        ((size_t)4096)
#define DELETE_COST ((size_t)256)

/* A range is deleted in steps of so many records. */
#define RANGE_STEP 4096U

/* The name of a key: its table and the key. */
typedef struct Entry {
        struct Entry *next; /* of its chain, or of what is held ready */
        uint64_t hash;
        uint32_t value_length;
        uint16_t name_length;
        uint8_t kind;
        bool is_new; /* the tables never had it: a put that need not be deleted there */
        uint8_t bytes[];
} Entry;

typedef struct Range {
        uint8_t key[STORE_KEY_MAX];
        size_t length; /* 0: nothing to delete */
        bool is_done;
} Range;

struct Pending {
        Entry **chains;  /* first, or allocated */
        size_t n_chains; /* a power of two */
        size_t expected; /* so many keys, sooner or later */
        size_t n_entries;
        size_t memory;
        uint64_t cost;
        Entry *staged, **staged_end;
        Range ranges[STORE_TABLES_MAX]; /* to be deleted before all else */
        Horizon reached;                /* by what was put */
        Entry **order;                  /* of the walk */
        size_t n_order, at;
        Entry *first[CHAINS_MIN];
};

static Bytes name_of(const Entry *entry)
{
        return (Bytes){entry->bytes, entry->name_length};
}

static unsigned table_of(const Entry *entry)
{
        return entry->bytes[0];
}

static Bytes key_of(const Entry *entry)
{
        return (Bytes){entry->bytes + 1, entry->name_length - 1U};
}

static size_t memory_of(const Entry *entry)
{
        return sizeof(*entry) + entry->name_length + entry->value_length;
}

static bool is_put(const Entry *entry)
{
        return entry->kind < CHANGE_DELETE;
}

static uint64_t cost_of(const Entry *entry)
{
        return is_put(entry) ? store_cost(entry->name_length + (uint64_t)entry->value_length, 1)
                             : 0;
}

static int compare(Bytes a, Bytes b)
{
        size_t common = MIN(a.length, b.length);
        int r = common > 0 ? memcmp(a.data, b.data, common) : 0;

        return r != 0 ? r : a.length < b.length ? -1 : a.length > b.length;
}

/* --- the horizon --- */

static Bytes horizon_of(const Horizon *horizon, unsigned table)
{
        return (Bytes){horizon->keys[table].bytes, horizon->keys[table].length};
}

static void push_horizon(Horizon *horizon, unsigned table, Bytes key)
{
        if (compare(key, horizon_of(horizon, table)) <= 0)
                return;
        memcpy(horizon->keys[table].bytes, key.data, key.length);
        horizon->keys[table].length = key.length;
}

static int read_table(Horizon *horizon, StoreTxn *txn, unsigned table)
{
        _cleanup_(store_cursor_freep) StoreCursor *cursor = NULL;
        Bytes key, value;
        int r = store_cursor_new(txn, table, &cursor);

        if (r == 0)
                r = store_cursor_last(cursor, &key, &value);
        if (r > 0)
                push_horizon(horizon, table, key);
        return MIN(r, 0);
}

int horizon_read(Horizon *horizon, Store *store, unsigned n_tables)
{
        _cleanup_(store_abortp) StoreTxn *txn = NULL;
        int r = store_begin_read(store, &txn);

        *horizon = (Horizon){};
        for (unsigned i = 0; i < n_tables && r == 0; i++)
                r = read_table(horizon, txn, i);
        return r;
}

void pending_advance(const Pending *pending, Horizon *horizon)
{
        for (unsigned i = 0; i < STORE_TABLES_MAX; i++)
                push_horizon(horizon, i, horizon_of(&pending->reached, i));
}

/* --- the table --- */

Pending *pending_new(size_t keys)
{
        Pending *pending = calloc(1, sizeof(*pending));

        if (!pending)
                return NULL;
        pending->staged_end = &pending->staged;
        pending->chains = pending->first;
        pending->n_chains = CHAINS_MIN;
        pending->expected = keys;
        return pending;
}

static void free_chains(Pending *pending)
{
        if (pending->chains != pending->first)
                array_free(pending->chains, pending->n_chains * sizeof(*pending->chains));
}

Pending *pending_free(Pending *pending)
{
        if (!pending)
                return NULL;
        pending_drop(pending);
        for (size_t i = 0; i < pending->n_chains; i++)
                for (Entry *at = pending->chains[i], *next; at; at = next) {
                        next = at->next;
                        free(at);
                }
        free_chains(pending);
        array_free(pending->order, pending->n_order * sizeof(*pending->order));
        free(pending);
        return NULL;
}

/* Without memory for it the chains get longer. */
static void grow(Pending *pending)
{
        size_t n = pending->n_chains * CHAINS_STEP;
        Entry **chains;

        while (n < pending->expected)
                n *= 2;
        chains = array_resize(NULL, 0, n * sizeof(*chains));
        if (!chains)
                return;
        memset(chains, 0, n * sizeof(*chains));
        for (size_t i = 0; i < pending->n_chains; i++)
                for (Entry *at = pending->chains[i], *next; at; at = next) {
                        Entry **chain = &chains[at->hash & (n - 1)];

                        next = at->next;
                        at->next = *chain;
                        *chain = at;
                }
        free_chains(pending);
        pending->chains = chains;
        pending->n_chains = n;
}

/* Where it is linked, or would be. */
static Entry **find(Pending *pending, const Entry *like)
{
        Entry **at = &pending->chains[like->hash & (pending->n_chains - 1)];

        while (*at && ((*at)->hash != like->hash || !bytes_equal(name_of(*at), name_of(like))))
                at = &(*at)->next;
        return at;
}

static void link_entry(Pending *pending, Entry **at, Entry *entry)
{
        entry->next = *at;
        *at = entry;
        pending->n_entries++;
        pending->memory += memory_of(entry);
        pending->cost += cost_of(entry);
}

static void unlink_entry(Pending *pending, Entry **at)
{
        Entry *entry = *at;

        *at = entry->next;
        pending->n_entries--;
        pending->memory -= memory_of(entry);
        pending->cost -= cost_of(entry);
        free(entry);
}

/* --- what is done --- */

static int stage_item(Pending *pending, const ChangeItem *item)
{
        size_t name_length = 1 + item->key.length;
        Entry *entry = malloc(sizeof(*entry) + name_length + item->value.length);

        if (!entry)
                return -ENOMEM;
        entry->next = NULL;
        entry->kind = (uint8_t)item->kind;
        entry->is_new = false;
        entry->name_length = (uint16_t)name_length;
        entry->value_length = (uint32_t)item->value.length;
        entry->bytes[0] = (uint8_t)item->table;
        memcpy(entry->bytes + 1, item->key.data, item->key.length);
        if (item->value.length > 0)
                memcpy(entry->bytes + name_length, item->value.data, item->value.length);
        entry->hash = hash_bytes(entry->bytes, name_length);
        *pending->staged_end = entry;
        pending->staged_end = &entry->next;
        return 0;
}

static void drop_from(Pending *pending, Entry **end)
{
        for (Entry *at = *end, *next; at; at = next) {
                next = at->next;
                free(at);
        }
        *end = NULL;
        pending->staged_end = end;
}

int pending_stage(Pending *pending, Bytes items)
{
        Entry **end = pending->staged_end;
        ChangeItem item;

        while (change_item_read(&items, &item) > 0)
                if (stage_item(pending, &item) < 0) {
                        drop_from(pending, end);
                        return -ENOMEM;
                }
        return 0;
}

void pending_drop(Pending *pending)
{
        drop_from(pending, &pending->staged);
}

static void commit_put(Pending *pending, Entry *entry, const Horizon *horizon)
{
        Entry **at = find(pending, entry);

        push_horizon(&pending->reached, table_of(entry), key_of(entry));
        if (*at) {
                entry->is_new = (*at)->is_new;
                unlink_entry(pending, at);
        } else {
                entry->is_new = compare(key_of(entry), horizon_of(horizon, table_of(entry))) > 0;
        }
        link_entry(pending, at, entry);
        if (pending->n_entries > pending->n_chains)
                grow(pending);
}

static void commit_delete(Pending *pending, Entry *entry, const Horizon *horizon)
{
        bool is_new = compare(key_of(entry), horizon_of(horizon, table_of(entry))) > 0;
        Entry **at = find(pending, entry);

        if (*at) {
                is_new = (*at)->is_new;
                unlink_entry(pending, at);
        }
        if (is_new)
                free(entry);
        else
                link_entry(pending, at, entry);
}

static void commit_range(Pending *pending, Entry *entry)
{
        Range *range = &pending->ranges[table_of(entry)];
        Bytes key = key_of(entry);

        for (size_t i = 0; i < pending->n_chains; i++)
                for (Entry **at = &pending->chains[i]; *at;)
                        if (table_of(*at) == table_of(entry) && compare(key_of(*at), key) < 0)
                                unlink_entry(pending, at);
                        else
                                at = &(*at)->next;
        if (compare(key, (Bytes){range->key, range->length}) > 0) {
                memcpy(range->key, key.data, key.length);
                range->length = key.length;
        }
        free(entry);
}

void pending_commit(Pending *pending, const Horizon *horizon)
{
        Entry *at = pending->staged;

        pending->staged = NULL;
        pending->staged_end = &pending->staged;
        while (at) {
                Entry *entry = at;

                at = at->next;
                if (is_put(entry))
                        commit_put(pending, entry, horizon);
                else if (entry->kind == CHANGE_DELETE)
                        commit_delete(pending, entry, horizon);
                else
                        commit_range(pending, entry);
        }
}

size_t pending_keys(const Pending *pending)
{
        return pending->n_entries;
}

size_t pending_memory(const Pending *pending)
{
        return pending->memory + pending->n_chains * sizeof(*pending->chains);
}

uint64_t pending_cost(const Pending *pending)
{
        return pending->cost;
}

/* --- into the tables --- */

/* What deletes comes first: it makes room. */
static int compare_entries(const void *a, const void *b)
{
        const Entry *x = *(Entry *const *)a, *y = *(Entry *const *)b;

        return is_put(x) != is_put(y) ? is_put(x) - is_put(y) : compare(name_of(x), name_of(y));
}

int pending_rewind(Pending *pending)
{
        size_t n = 0;

        for (unsigned i = 0; i < STORE_TABLES_MAX; i++)
                pending->ranges[i].is_done = pending->ranges[i].length == 0;
        pending->at = 0;
        if (pending->order || pending->n_entries == 0)
                return 0;
        pending->order = array_resize(NULL, 0, pending->n_entries * sizeof(*pending->order));
        if (!pending->order)
                return -ENOMEM;
        pending->n_order = pending->n_entries;
        for (size_t i = 0; i < pending->n_chains; i++)
                for (Entry *at = pending->chains[i]; at; at = at->next)
                        pending->order[n++] = at;
        qsort(pending->order, n, sizeof(*pending->order), compare_entries);
        return 0;
}

static int apply_range(Range *range, unsigned table, StoreTxn *txn)
{
        size_t n;
        int r = store_delete_before(txn, table, (Bytes){range->key, range->length}, RANGE_STEP, &n);

        if (r < 0)
                return r;
        range->is_done = n < RANGE_STEP;
        return 1;
}

static int apply_entry(const Entry *entry, StoreTxn *txn)
{
        ChangeItem item = {entry->kind,
                           table_of(entry),
                           key_of(entry),
                           {entry->bytes + entry->name_length, entry->value_length}};

        return change_item_apply(&item, txn);
}

static size_t pages_of(const Entry *entry)
{
        switch (entry->kind) {
        case CHANGE_PUT:
                return PAGE + entry->value_length;
        case CHANGE_APPEND:
                return memory_of(entry);
        default:
                return DELETE_COST;
        }
}

int pending_apply(Pending *pending, StoreTxn *txn, size_t bytes)
{
        size_t written = 0;

        for (unsigned i = 0; i < STORE_TABLES_MAX; i++)
                if (!pending->ranges[i].is_done)
                        return apply_range(&pending->ranges[i], i, txn);
        while (pending->at < pending->n_entries && written < bytes) {
                const Entry *entry = pending->order[pending->at];
                int r = apply_entry(entry, txn);

                if (r < 0)
                        return r;
                pending->at++;
                written += pages_of(entry);
        }
        return pending->at < pending->n_entries;
}

unsigned pending_progress(const Pending *pending)
{
        return pending->n_entries > 0 ? (unsigned)(pending->at * 100 / pending->n_entries) : 0;
}
