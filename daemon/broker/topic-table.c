/* SPDX-License-Identifier: Apache-2.0 */
/* topic-table.c: buckets, and the way from one size to another. */

#include "broker/topic-table.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/macro.h"

#define BUCKETS_MIN 16U
/* Nodes per bucket on average when the table doubles: beyond, too many do not find room at home. */
#define LOAD_MAX  6U
#define EACH_BYTE 0x0101010101010101U
/* A table of up to so many buckets changes its size at once: 0.2 ms. */
#define AT_ONCE_MAX 1024U
/* Else each node that comes or goes moves so many buckets, in some microseconds. The old ones are
 * empty long before the new ones are full (LOAD_MAX of them for each), or can be halved again. */
#define BUCKETS_MOVED 16U

static_assert(sizeof(void *) != 8 || sizeof(TopicBucket) == 64, "a bucket is a cache line");
static_assert(offsetof(TopicBucket, passed) == TOPIC_BUCKET_NODES, "eight bytes in one word");

/* --- buckets --- */

static uint8_t hash_tag(uint32_t hash)
{
        uint8_t tag = (uint8_t)(hash >> 24);

        return tag ? tag : 1;
}

/*
 * The places in the bucket that have this tag: the highest bit of each such byte. All eight bytes
 * are compared at once; a byte above a true match may be a false one, so the caller looks at the
 * node.
 */
static uint64_t bucket_candidates(const TopicBucket *bucket, uint8_t tag)
{
        uint64_t word;

        memcpy(&word, bucket->tags, sizeof(word));
        word = le64toh(word) ^ (EACH_BYTE * tag);
        return (word - EACH_BYTE) & ~word & (EACH_BYTE << 7) & (UINT64_MAX >> 8);
}

static unsigned candidate_place(uint64_t candidates)
{
        return (unsigned)__builtin_ctzll(candidates) / 8;
}

/* Zeroed memory of this size comes from the kernel page by page, when it is used first. */
static int buckets_new(size_t n, TopicBuckets *ret_buckets)
{
        const size_t line = sizeof(TopicBucket);
        uint8_t *memory = calloc(n + 1, line);

        if (!memory)
                return -ENOMEM;
        *ret_buckets = (TopicBuckets){
                .at = (TopicBucket *)(void *)(memory + line - (uintptr_t)memory % line),
                .n = n,
                .memory = memory,
        };
        return 0;
}

static void buckets_free(TopicBuckets *buckets)
{
        free(buckets->memory);
        *buckets = (TopicBuckets){0};
}

static TopicNode *buckets_find(const TopicBuckets *buckets, size_t node_size,
                               const TopicNode *parent, Bytes level, uint32_t hash)
{
        size_t mask = buckets->n - 1, at = hash & mask;
        uint8_t tag = hash_tag(hash);

        /* Counters of passers-by that stick could lead in a circle: no further than once round. */
        for (size_t n = 0; n <= mask; n++, at = (at + 1) & mask) {
                const TopicBucket *bucket = &buckets->at[at];
                uint64_t candidates = bucket_candidates(bucket, tag);

                for (; candidates; candidates &= candidates - 1) {
                        TopicNode *node = bucket->nodes[candidate_place(candidates)];

                        if (node && node->hash == hash && node->parent == parent &&
                            bytes_equal(topic_node_bytes(node, node_size), level))
                                return node;
                }
                if (bucket->passed == 0)
                        return NULL;
        }
        return NULL;
}

/* There is a free place somewhere. */
static void buckets_put(const TopicBuckets *buckets, TopicNode *node)
{
        size_t mask = buckets->n - 1;

        for (size_t at = node->hash & mask;; at = (at + 1) & mask) {
                TopicBucket *bucket = &buckets->at[at];
                uint64_t free_places = bucket_candidates(bucket, 0);

                if (free_places) {
                        unsigned place = candidate_place(free_places);

                        bucket->tags[place] = hash_tag(node->hash);
                        bucket->nodes[place] = node;
                        return;
                }
                if (bucket->passed < UINT8_MAX)
                        bucket->passed++;
        }
}

static TopicNode **bucket_place(TopicBucket *bucket, const TopicNode *node)
{
        for (unsigned place = 0; place < TOPIC_BUCKET_NODES; place++)
                if (bucket->nodes[place] == node)
                        return &bucket->nodes[place];
        return NULL;
}

static bool buckets_have(const TopicBuckets *buckets, const TopicNode *node)
{
        size_t mask = buckets->n - 1, at = node->hash & mask;

        for (size_t n = 0; n <= mask; n++, at = (at + 1) & mask) {
                if (bucket_place(&buckets->at[at], node))
                        return true;
                if (buckets->at[at].passed == 0)
                        return false;
        }
        return false;
}

/* The node is there. */
static void buckets_take_out(const TopicBuckets *buckets, const TopicNode *node)
{
        size_t mask = buckets->n - 1;

        for (size_t at = node->hash & mask;; at = (at + 1) & mask) {
                TopicBucket *bucket = &buckets->at[at];
                TopicNode **place = bucket_place(bucket, node);

                if (place) {
                        bucket->tags[place - bucket->nodes] = 0;
                        *place = NULL;
                        return;
                }
                if (bucket->passed < UINT8_MAX)
                        bucket->passed--;
        }
}

/* --- from one size to another --- */

static void move_bucket(TopicTable *table, size_t at)
{
        const TopicBuckets *old = &table->old;

        for (unsigned place = 0; place < TOPIC_BUCKET_NODES; place++) {
                TopicNode *node = old->at[at].nodes[place];

                /* The nodes lie all over the heap: ask for them some steps ahead. */
                if (at + 2 < old->n && old->at[at + 2].nodes[place])
                        __builtin_prefetch(old->at[at + 2].nodes[place]);
                if (!node)
                        continue;
                buckets_take_out(old, node);
                buckets_put(&table->now, node);
        }
}

static void move(TopicTable *table, size_t n)
{
        if (_likely_(!table->old.memory))
                return;
        for (; n > 0 && table->moved < table->old.n; n--)
                move_bucket(table, table->moved++);
        if (table->moved == table->old.n)
                buckets_free(&table->old);
}

static int resize(TopicTable *table, size_t n)
{
        TopicBuckets buckets;
        int r;

        r = buckets_new(n, &buckets);
        if (r < 0)
                return r;
        move(table, SIZE_MAX); /* of the last time: mostly nothing */
        table->old = table->now;
        table->now = buckets;
        table->moved = 0;
        move(table, table->old.n <= AT_ONCE_MAX ? SIZE_MAX : BUCKETS_MOVED);
        return 0;
}

/* --- the table --- */

int topic_table_init(TopicTable *table, uint16_t node_size)
{
        *table = (TopicTable){.node_size = node_size};
        return buckets_new(BUCKETS_MIN, &table->now);
}

void topic_table_done(TopicTable *table, void (*node_done)(TopicNode *node))
{
        move(table, SIZE_MAX);
        for (size_t i = 0; i < table->now.n; i++)
                for (unsigned place = 0; place < TOPIC_BUCKET_NODES; place++) {
                        TopicNode *node = table->now.at[i].nodes[place];

                        if (!node)
                                continue;
                        if (node_done)
                                node_done(node);
                        free(node);
                }
        buckets_free(&table->now);
        *table = (TopicTable){0};
}

TopicNode *topic_table_find(const TopicTable *table, const TopicNode *parent, Bytes level,
                            uint32_t hash)
{
        TopicNode *node = buckets_find(&table->now, table->node_size, parent, level, hash);

        if (_unlikely_(!node && table->old.memory))
                node = buckets_find(&table->old, table->node_size, parent, level, hash);
        return node;
}

int topic_table_reserve(TopicTable *table)
{
        move(table, BUCKETS_MOVED);
        return table->count >= table->now.n * LOAD_MAX ? resize(table, table->now.n * 2) : 0;
}

void topic_table_add(TopicTable *table, TopicNode *node)
{
        buckets_put(&table->now, node);
        table->count++;
}

void topic_table_remove(TopicTable *table, const TopicNode *node)
{
        const bool is_old = table->old.memory && buckets_have(&table->old, node);

        buckets_take_out(is_old ? &table->old : &table->now, node);
        table->count--;
        move(table, BUCKETS_MOVED);
}

void topic_table_shrink(TopicTable *table)
{
        /* Best effort: without memory for a smaller table the large one serves. */
        if (table->count < table->now.n && table->now.n > BUCKETS_MIN && !table->old.memory)
                (void)resize(table, table->now.n / 2);
}

void topic_table_prefetch_node(const TopicTable *table, uint32_t hash)
{
        const TopicBucket *bucket = &table->now.at[hash & (table->now.n - 1)];
        uint64_t candidates = bucket_candidates(bucket, hash_tag(hash));

        if (candidates)
                __builtin_prefetch(bucket->nodes[candidate_place(candidates)]);
}
