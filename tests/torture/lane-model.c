/* SPDX-License-Identifier: Apache-2.0 */
#include "torture/lane-model.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/macro.h"

#define VALUE_MAX ((size_t)120 * 1024)

static const char *const names[TABLES] = {"meta",   "word",   "heap",  "queue0",
                                          "queue1", "queue2", "queue3"};

const StoreOptions lane_options = {
        .tables = names, .n_tables = TABLES, .format = 1, .max_size = (uint64_t)1 << 30};

static uint64_t mix(uint64_t x)
{
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
        return x ^ (x >> 31);
}

/* The k-th number that belongs to a change. */
static uint64_t chance(uint64_t seed, unsigned lane, uint64_t n, unsigned k)
{
        return mix(seed + mix(n * 64 + k + ((uint64_t)lane << 56)));
}

/* What a change does; the model and the store are told the same. */
typedef struct Step {
        unsigned put, delete; /* keys of HEAP; HEAP_KEYS: none */
        bool appends;
        bool drops;     /* the oldest of the queue, all but `keep` */
        uint64_t taken; /* out of the middle of the queue, if it is there; 0: none */
        uint64_t keep;
} Step;

static Step step_of(uint64_t seed, unsigned lane, uint64_t n)
{
        uint64_t a = chance(seed, lane, n, 0), b = chance(seed, lane, n, 1);
        Step step = {.put = HEAP_KEYS, .delete = HEAP_KEYS};

        if (a % 2 == 0)
                step.put = (unsigned)(a >> 8) % HEAP_KEYS;
        if (a % 5 == 0)
                step.delete = (unsigned)(a >> 16) % HEAP_KEYS;
        step.appends = b % 4 != 0;
        if (b % 3 == 0 && n > 40)
                step.taken = n - 1 - (b >> 8) % 40;
        step.drops = b % 61 == 0;
        step.keep = 20 + (b >> 20) % 200;
        return step;
}

/* Mostly small, now and then larger than pages and blocks are. */
static size_t value_of(uint64_t seed, unsigned lane, uint64_t n, unsigned k, uint8_t *value)
{
        uint64_t c = chance(seed, lane, n, k), at = 0;
        size_t size = c % 50 == 0 ? (c >> 8) % VALUE_MAX : (c >> 8) % 700;

        size += sizeof(uint64_t);
        while (at < size) {
                uint64_t word = mix(c + at);

                memcpy(value + at, &word, MIN(sizeof(word), size - at));
                at += sizeof(word);
        }
        return size;
}

typedef struct HeapKey {
        uint8_t lane, key;
} HeapKey;

static Bytes heap_key(unsigned lane, unsigned key, HeapKey *place)
{
        *place = (HeapKey){(uint8_t)lane, (uint8_t)key};
        return (Bytes){(const uint8_t *)place, sizeof(*place)};
}

static Bytes queue_key(uint64_t n, uint64_t *place)
{
        *place = htobe64(n);
        return (Bytes){(const uint8_t *)place, sizeof(*place)};
}

static Bytes word_key(unsigned lane, uint8_t *place)
{
        *place = (uint8_t)('0' + lane);
        return (Bytes){place, 1};
}

Change *lane_change(uint64_t seed, unsigned lane, const LaneWord *word)
{
        const Step step = step_of(seed, lane, word->n);
        const unsigned queue = TABLE_QUEUE + lane;
        uint8_t *value = malloc(VALUE_MAX + 16);
        Change *change = change_new(false, 1000);
        HeapKey heap;
        uint64_t number;
        uint8_t name;

        if (!value || !change) {
                free(value);
                return change_free(change);
        }
        change_put(&change, TABLE_WORD, word_key(lane, &name),
                   (Bytes){(const uint8_t *)word, sizeof(*word)});
        if (step.put < HEAP_KEYS)
                change_put(&change, TABLE_HEAP, heap_key(lane, step.put, &heap),
                           (Bytes){value, value_of(seed, lane, word->n, 2, value)});
        if (step.delete < HEAP_KEYS)
                change_delete(&change, TABLE_HEAP, heap_key(lane, step.delete, &heap));
        if (step.appends)
                change_append(&change, queue, queue_key(word->n, &number),
                              (Bytes){value, value_of(seed, lane, word->n, 3, value)});
        if (step.taken > 0)
                change_delete(&change, queue, queue_key(step.taken, &number));
        if (step.drops && word->n > step.keep)
                change_delete_before(&change, queue, queue_key(word->n - step.keep, &number));
        free(value);
        return change;
}

int lane_read_word(StoreTxn *txn, unsigned lane, LaneWord *ret_word)
{
        uint8_t name;
        Bytes value;
        int r = store_get(txn, TABLE_WORD, word_key(lane, &name), &value);

        if (r < 0)
                return r;
        *ret_word = (LaneWord){};
        if (r == 0)
                return 0;
        if (value.length != sizeof(*ret_word))
                return -EBADMSG;
        memcpy(ret_word, value.data, sizeof(*ret_word));
        return 0;
}

/* --- the model --- */

typedef struct Model {
        uint64_t heap[HEAP_KEYS]; /* the change that put it; 0: there is none */
        bool *queue;              /* by number */
} Model;

static void play(Model *model, uint64_t seed, unsigned lane, uint64_t upto)
{
        uint64_t left = 1;

        for (uint64_t n = 1; n <= upto; n++) {
                const Step step = step_of(seed, lane, n);

                if (step.put < HEAP_KEYS)
                        model->heap[step.put] = n;
                if (step.delete < HEAP_KEYS)
                        model->heap[step.delete] = 0;
                model->queue[n] = step.appends;
                if (step.taken > 0)
                        model->queue[step.taken] = false;
                for (; step.drops && n > step.keep && left < n - step.keep; left++)
                        model->queue[left] = false;
        }
}

static bool is_value(Bytes found, uint64_t seed, unsigned lane, uint64_t n, unsigned k)
{
        static uint8_t value[VALUE_MAX + 16];
        size_t size = value_of(seed, lane, n, k, value);

        return found.length == size && memcmp(found.data, value, size) == 0;
}

static int check_heap(StoreTxn *txn, const Model *model, uint64_t seed, unsigned lane)
{
        for (unsigned key = 0; key < HEAP_KEYS; key++) {
                uint64_t n = model->heap[key];
                HeapKey place;
                Bytes value;
                int r = store_get(txn, TABLE_HEAP, heap_key(lane, key, &place), &value);

                if (r < 0)
                        return r;
                if (r == 0 ? n == 0 : n > 0 && is_value(value, seed, lane, n, 2))
                        continue;
                printf("lane %u: key %u %s change %" PRIu64 "\n", lane, key,
                       r == 0   ? "is gone, it was put by"
                       : n == 0 ? "is there, in spite of"
                                : "is not what it is after",
                       n);
                return 1;
        }
        return 0;
}

static int check_queue(StoreTxn *txn, const Model *model, uint64_t seed, unsigned lane,
                       uint64_t upto)
{
        _cleanup_(store_cursor_freep) StoreCursor *cursor = NULL;
        Bytes key = {}, value;
        uint64_t n = 0;
        int r = store_cursor_new(txn, TABLE_QUEUE + lane, &cursor);

        if (r == 0)
                r = store_cursor_seek(cursor, (Bytes){}, &key, &value);
        while (r >= 0) {
                uint64_t found = UINT64_MAX;

                do
                        n++;
                while (n <= upto && !model->queue[n]);
                if (r > 0 && key.length == sizeof(found))
                        memcpy(&found, key.data, sizeof(found));
                found = be64toh(found);
                if (r == 0 && n > upto)
                        return 0;
                if (r == 0 || found != n || !is_value(value, seed, lane, n, 3)) {
                        printf("lane %u: queue has %" PRId64 " where %" PRIu64 " of %" PRIu64
                               " should be\n",
                               lane, (int64_t)found, n, upto);
                        return 1;
                }
                r = store_cursor_next(cursor, &key, &value);
        }
        return r;
}

int lane_check(StoreTxn *txn, uint64_t seed, unsigned lane, uint64_t n)
{
        Model model = {.queue = calloc(n + 1, sizeof(bool))};
        int r;

        if (!model.queue)
                return -ENOMEM;
        play(&model, seed, lane, n);
        r = check_heap(txn, &model, seed, lane);
        if (r == 0)
                r = check_queue(txn, &model, seed, lane, n);
        free(model.queue);
        return r;
}
