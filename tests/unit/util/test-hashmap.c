/* SPDX-License-Identifier: Apache-2.0 */
/* test-hashmap.c: against GLib's table, with hashes that collide on purpose. */

#include <glib.h>

#include "util/hashmap.h"
#include "util/siphash.h"

#define N_ENTRIES 600

typedef struct Entry {
        uint32_t key;
        unsigned seen;
} Entry;

static bool entry_equal(const void *entry, Bytes key)
{
        return bytes_equal((Bytes){(const uint8_t *)&((const Entry *)entry)->key, sizeof(uint32_t)},
                           key);
}

static Bytes key_of(const uint32_t *key)
{
        return (Bytes){(const uint8_t *)key, sizeof(*key)};
}

/* How keys are hashed: well, into a few homes, or all into the last one (the run then wraps). */
typedef uint64_t (*Hash)(uint32_t key);

static uint64_t hash_well(uint32_t key)
{
        return hash_bytes(&key, sizeof(key));
}

static uint64_t hash_few(uint32_t key)
{
        return UINT64_MAX - key % 5;
}

static uint64_t hash_one(uint32_t key)
{
        return UINT64_MAX;
}

static const Hash hashes[] = {hash_well, hash_few, hash_one};

static void fill(Hashmap *map, Entry *entries, uint32_t n, Hash hash)
{
        hashmap_init(map, entry_equal);
        for (uint32_t i = 0; i < n; i++) {
                entries[i] = (Entry){.key = i};
                g_assert_cmpint(hashmap_add(map, hash(i), &entries[i]), ==, 0);
        }
}

static void test_empty(void)
{
        Hashmap map;
        Entry entry = {.key = 1}, *found;

        hashmap_init(&map, entry_equal);
        g_assert_null(map.slots);
        g_assert_null(hashmap_find(&map, 1, key_of(&entry.key)));
        g_assert_null(hashmap_remove(&map, 1, key_of(&entry.key)));
        g_assert_false(hashmap_remove_entry(&map, 1, &entry));
        hashmap_foreach (&map, i, found)
                g_assert_not_reached();
        g_assert_cmpint(hashmap_add(&map, 1, &entry), ==, 0);
        g_assert_true(hashmap_remove(&map, 1, key_of(&entry.key)) == &entry);
        g_assert_null(map.slots);
        hashmap_done(&map);
}

static void model_step(GRand *rand, Hashmap *map, GHashTable *model, Entry *entries, Hash hash)
{
        uint32_t key = (uint32_t)g_rand_int_range(rand, 0, N_ENTRIES);
        Entry *entry = &entries[key], *expected = g_hash_table_lookup(model, entry);

        g_assert_true(hashmap_find(map, hash(key), key_of(&key)) == expected);
        if (!expected) {
                entry->key = key;
                g_assert_cmpint(hashmap_add(map, hash(key), entry), ==, 0);
                g_hash_table_add(model, entry);
        } else if (g_rand_boolean(rand)) {
                g_assert_true(hashmap_remove(map, hash(key), key_of(&key)) == entry);
                g_hash_table_remove(model, entry);
        } else {
                g_assert_true(hashmap_remove_entry(map, hash(key), entry));
                g_assert_false(hashmap_remove_entry(map, hash(key), entry));
                g_hash_table_remove(model, entry);
        }
        g_assert_cmpuint(map->count, ==, g_hash_table_size(model));
        g_assert_cmpuint(map->count * 5, <=, map->capacity * 4);
}

static void test_model(void)
{
        static Entry entries[N_ENTRIES];
        GRand *rand = g_rand_new_with_seed(1);

        for (size_t h = 0; h < ARRAY_SIZE(hashes); h++) {
                GHashTable *model = g_hash_table_new(NULL, NULL);
                Hashmap map;

                hashmap_init(&map, entry_equal);
                for (int step = 0; step < 12000; step++)
                        model_step(rand, &map, model, entries, hashes[h]);
                hashmap_done(&map);
                g_hash_table_destroy(model);
        }
        g_rand_free(rand);
}

static void assert_all_seen_once(const Entry *entries, uint32_t n)
{
        for (uint32_t i = 0; i < n; i++)
                g_assert_cmpuint(entries[i].seen, ==, 1);
}

static void test_foreach(void)
{
        static Entry entries[N_ENTRIES];

        for (size_t h = 0; h < ARRAY_SIZE(hashes); h++) {
                Hashmap map;
                Entry *entry;

                fill(&map, entries, N_ENTRIES, hashes[h]);
                hashmap_foreach (&map, i, entry)
                        entry->seen++;
                g_assert_null(entry);
                assert_all_seen_once(entries, N_ENTRIES);
                hashmap_done(&map);
        }
}

/* Removes each modulus-th entry while it walks; 1 removes all. */
static void test_foreach_remove(void)
{
        static Entry entries[N_ENTRIES];

        for (size_t h = 0; h < ARRAY_SIZE(hashes); h++) {
                for (uint32_t modulus = 1; modulus <= 4; modulus++) {
                        uint32_t removed = 0;
                        Hashmap map;
                        Entry *entry;

                        fill(&map, entries, N_ENTRIES, hashes[h]);
                        hashmap_foreach (&map, i, entry) {
                                entry->seen++;
                                if (entry->key % modulus > 0)
                                        continue;
                                removed++;
                                hashmap_remove_entry(&map, hashes[h](entry->key), entry);
                        }
                        assert_all_seen_once(entries, N_ENTRIES);
                        g_assert_cmpuint(map.count, ==, N_ENTRIES - removed);
                        hashmap_done(&map);
                }
        }
}

static void test_size(void)
{
        static Entry entries[5000];
        size_t largest;
        Hashmap map;

        fill(&map, entries, ARRAY_SIZE(entries), hash_well);
        largest = map.capacity;
        g_assert_cmpuint(largest, ==, 8192);
        for (uint32_t i = 0; i < 4900; i++)
                hashmap_remove_entry(&map, hash_well(i), &entries[i]);
        g_assert_cmpuint(map.capacity, ==, largest);
        g_assert_cmpint(hashmap_add(&map, hash_well(0), &entries[0]), ==, 0);
        g_assert_cmpuint(map.capacity, <=, 2048);
        for (uint32_t i = 4900; i < ARRAY_SIZE(entries); i++)
                g_assert_true(hashmap_find(&map, hash_well(i), key_of(&i)) == &entries[i]);
        hashmap_done(&map);
        g_assert_null(map.slots);
}

static void test_reserve(void)
{
        static Entry entries[100];
        Hashmap map;
        size_t capacity;

        hashmap_init(&map, entry_equal);
        g_assert_cmpint(hashmap_reserve(&map, 100), ==, 0);
        capacity = map.capacity;
        hashmap_done(&map);
        g_assert_cmpint(hashmap_reserve(&map, SIZE_MAX / 8), ==, -ENOMEM);
        g_assert_cmpuint(map.count, ==, 0);
        fill(&map, entries, 100, hash_well);
        g_assert_cmpuint(map.capacity, ==, capacity);
        hashmap_done(&map);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/hashmap/empty-owns-no-memory", test_empty);
        g_test_add_func("/util/hashmap/agrees-with-a-model", test_model);
        g_test_add_func("/util/hashmap/walk-sees-each-once", test_foreach);
        g_test_add_func("/util/hashmap/walk-may-remove-the-current", test_foreach_remove);
        g_test_add_func("/util/hashmap/grows-and-shrinks", test_size);
        g_test_add_func("/util/hashmap/reserve", test_reserve);
        return g_test_run();
}
