/* SPDX-License-Identifier: Apache-2.0 */
/* hashmap.h: an open-addressing table of pointers to entries that others own.
 * Thread: any (no lock inside: one thread at a time)
 *
 * Linear probing, no tombstones (a removal shifts its followers back), load at most 0.8. The caller
 * hashes (hash_bytes()) and says which entry a key means (equal). An empty table owns no memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/bytes.h"
#include "util/macro.h"

/* Is `entry` the one that `key` names? Called only when all 64 bits of the hashes are equal. */
typedef bool (*HashmapEqual)(const void *entry, Bytes key);

typedef struct HashmapSlot {
        uint64_t hash;
        void *entry; /* NULL: the slot is free */
} HashmapSlot;

typedef struct Hashmap {
        HashmapSlot *slots;
        size_t capacity; /* 0 or a power of two */
        size_t count;
        HashmapEqual equal;
} Hashmap;

/* An empty table. Allocates nothing. */
void hashmap_init(Hashmap *map, HashmapEqual equal);

/* Gives the table back, not the entries. The map is empty and usable afterwards. */
void hashmap_done(Hashmap *map);

/* The entry, or NULL. */
static inline void *hashmap_find(const Hashmap *map, uint64_t hash, Bytes key)
{
        const HashmapSlot *slots = map->slots;
        size_t mask = map->capacity - 1;

        if (map->count == 0)
                return NULL;
        for (size_t i = hash & mask; slots[i].entry; i = (i + 1) & mask)
                if (slots[i].hash == hash && _likely_(map->equal(slots[i].entry, key)))
                        return slots[i].entry;
        return NULL;
}

/* Adds an entry whose key the caller knows to be absent. Resizes: grows when full, shrinks when
 * less than an eighth is used. Returns 0 or -ENOMEM (then nothing has changed). */
int hashmap_add(Hashmap *map, uint64_t hash, void *entry);

/* Makes room for `count` entries in all, so that adding up to them cannot fail. 0 or -ENOMEM. */
int hashmap_reserve(Hashmap *map, size_t count);

/* Takes the entry of this key out and returns it; NULL if there is none. Never fails, never
 * resizes, but gives all memory back with the last entry. */
void *hashmap_remove(Hashmap *map, uint64_t hash, Bytes key);

/* Takes exactly this entry out, whatever its key; false if it is not there. Does not call equal. */
bool hashmap_remove_entry(Hashmap *map, uint64_t hash, const void *entry);

typedef struct HashmapCursor {
        size_t position;
        size_t left;
} HashmapCursor;

HashmapCursor hashmap_cursor(const Hashmap *map);
void *hashmap_next(const Hashmap *map, HashmapCursor *cursor);

/* Walks all entries in no order: hashmap_foreach(&map, i, entry) { … }. It declares the cursor `i`
 * (any unused name); `entry` is a pointer variable of the caller, NULL after a complete walk.
 * The body may remove the current entry (and free it): then still each other entry is seen exactly
 * once. It must not remove another one and must not add. */
#define hashmap_foreach(map, index, entry)                                                         \
        for (HashmapCursor index = hashmap_cursor(map);                                            \
             ((entry) = hashmap_next((map), &index)) != NULL;)
