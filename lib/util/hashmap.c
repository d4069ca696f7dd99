/* SPDX-License-Identifier: Apache-2.0 */
/* hashmap.c: linear probing with backward shift. */

#include "util/hashmap.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define CAPACITY_MIN 8

/* How many entries a table of this capacity may hold. */
static size_t limit_of(size_t capacity)
{
        return capacity / 5 * 4 + capacity % 5 * 4 / 5;
}

static void place(HashmapSlot *slots, size_t capacity, uint64_t hash, void *entry)
{
        size_t mask = capacity - 1, i = hash & mask;

        while (slots[i].entry)
                i = (i + 1) & mask;
        slots[i] = (HashmapSlot){hash, entry};
}

static int resize(Hashmap *map, size_t capacity)
{
        HashmapSlot *slots = calloc(capacity, sizeof(*slots));

        if (!slots)
                return -ENOMEM;
        for (size_t i = 0; i < map->capacity; i++)
                if (map->slots[i].entry)
                        place(slots, capacity, map->slots[i].hash, map->slots[i].entry);
        free(map->slots);
        map->slots = slots;
        map->capacity = capacity;
        return 0;
}

void hashmap_init(Hashmap *map, HashmapEqual equal)
{
        *map = (Hashmap){.equal = equal};
}

void hashmap_done(Hashmap *map)
{
        free(map->slots);
        hashmap_init(map, map->equal);
}

int hashmap_reserve(Hashmap *map, size_t count)
{
        size_t capacity = map->capacity ? map->capacity : CAPACITY_MIN;

        while (limit_of(capacity) < count) {
                if (capacity > SIZE_MAX / 2 / sizeof(HashmapSlot))
                        return -ENOMEM;
                capacity *= 2;
        }
        return capacity == map->capacity ? 0 : resize(map, capacity);
}

/* An addition is the only time the table is made smaller: a walk may remove, but not add, and so
 * never has the table changed under it. */
static void shrink(Hashmap *map)
{
        size_t capacity = map->capacity;

        while (capacity > CAPACITY_MIN && map->count < capacity / 8)
                capacity /= 2;
        /* Twice what was found, so that it does not grow again at once. A refusal does no harm. */
        if (capacity * 2 < map->capacity)
                (void)resize(map, capacity * 2);
}

int hashmap_add(Hashmap *map, uint64_t hash, void *entry)
{
        assert(entry);

        if (_unlikely_(map->count >= limit_of(map->capacity))) {
                int r = hashmap_reserve(map, map->count + 1);

                if (r < 0)
                        return r;
        } else if (_unlikely_(map->count < map->capacity / 8)) {
                shrink(map);
        }
        place(map->slots, map->capacity, hash, entry);
        map->count++;
        return 0;
}

/* Empties the slot and moves back what had to go further because of it: an entry may move into the
 * hole if the hole lies between its home and where it is now. */
static void *remove_slot(Hashmap *map, size_t hole)
{
        HashmapSlot *slots = map->slots;
        size_t mask = map->capacity - 1;
        void *entry = slots[hole].entry;

        if (--map->count == 0) {
                hashmap_done(map);
                return entry;
        }
        for (size_t i = (hole + 1) & mask; slots[i].entry; i = (i + 1) & mask) {
                if (((i - slots[i].hash) & mask) >= ((i - hole) & mask)) {
                        slots[hole] = slots[i];
                        hole = i;
                }
        }
        slots[hole].entry = NULL;
        return entry;
}

void *hashmap_remove(Hashmap *map, uint64_t hash, Bytes key)
{
        size_t mask = map->capacity - 1;

        if (map->count == 0)
                return NULL;
        for (size_t i = hash & mask; map->slots[i].entry; i = (i + 1) & mask)
                if (map->slots[i].hash == hash && map->equal(map->slots[i].entry, key))
                        return remove_slot(map, i);
        return NULL;
}

bool hashmap_remove_entry(Hashmap *map, uint64_t hash, const void *entry)
{
        size_t mask = map->capacity - 1;

        if (map->count == 0)
                return false;
        for (size_t i = hash & mask; map->slots[i].entry; i = (i + 1) & mask) {
                if (map->slots[i].entry == entry) {
                        remove_slot(map, i);
                        return true;
                }
        }
        return false;
}

/* The walk goes down, from a free slot round the circle to that slot. A removal moves entries only
 * from higher slots of the same run (already seen) into the current one, and no run crosses a free
 * slot: so nothing is missed and nothing is seen twice. */
HashmapCursor hashmap_cursor(const Hashmap *map)
{
        HashmapCursor cursor = {0, map->capacity};

        while (cursor.position < map->capacity && map->slots[cursor.position].entry)
                cursor.position++;
        return cursor;
}

void *hashmap_next(const Hashmap *map, HashmapCursor *cursor)
{
        if (map->capacity == 0) /* the last entry was removed, and the table with it */
                return NULL;
        while (cursor->left > 0) {
                void *entry;

                cursor->left--;
                cursor->position = (cursor->position - 1) & (map->capacity - 1);
                entry = map->slots[cursor->position].entry;
                if (entry)
                        return entry;
        }
        return NULL;
}
