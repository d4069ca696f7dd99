/* SPDX-License-Identifier: Apache-2.0 */
/* persist-takers.c: a table by message, in stripes with a lock each. */
#include "broker/persist-takers.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "util/hashmap.h"
#include "util/siphash.h"

#define STRIPES 64U

typedef struct Entry {
        uint64_t message;
        uint32_t left; /* whose key is not known to be on the disk */
        TakersDone *done;
} Entry;

typedef struct Stripe {
        pthread_mutex_t mutex;
        Hashmap entries;
} __attribute__((aligned(128))) Stripe;

struct Takers {
        Stripe stripes[STRIPES];
};

static Bytes key_of(const uint64_t *message)
{
        return (Bytes){(const uint8_t *)message, sizeof(*message)};
}

static bool is_of(const void *entry, Bytes key)
{
        return memcmp(&((const Entry *)entry)->message, key.data, sizeof(uint64_t)) == 0;
}

static Entry *entry_free(Entry *entry)
{
        if (entry)
                free(entry->done);
        free(entry);
        return NULL;
}
DEFINE_CLEANUP(Entry, entry_free)

int takers_new(Takers **ret_takers)
{
        Takers *takers = aligned_alloc(sizeof(Stripe), sizeof(Takers));

        if (!takers)
                return -ENOMEM;
        for (unsigned i = 0; i < STRIPES; i++) {
                pthread_mutex_init(&takers->stripes[i].mutex, NULL); /* never fails so */
                hashmap_init(&takers->stripes[i].entries, is_of);
        }
        *ret_takers = takers;
        return 0;
}

Takers *takers_free(Takers *takers)
{
        if (!takers)
                return NULL;
        for (unsigned i = 0; i < STRIPES; i++) {
                Entry *entry;

                hashmap_foreach (&takers->stripes[i].entries, j, entry)
                        entry_free(entry);
                hashmap_done(&takers->stripes[i].entries);
                pthread_mutex_destroy(&takers->stripes[i].mutex);
        }
        free(takers);
        return NULL;
}

/* Held until the end of the scope. */
typedef struct Held {
        Stripe *stripe;
        uint64_t hash;
} Held;

static Held hold(Takers *takers, uint64_t message)
{
        uint64_t hash = hash_bytes(&message, sizeof(message));
        Stripe *stripe = &takers->stripes[(hash >> 32) % STRIPES];

        pthread_mutex_lock(&stripe->mutex);
        return (Held){stripe, hash};
}

static void held_done(Held *held)
{
        pthread_mutex_unlock(&held->stripe->mutex);
}

static int add(Takers *takers, uint64_t message, uint32_t left, uint32_t n_done,
               const uint32_t *done)
{
        _cleanup_(entry_freep) Entry *entry = calloc(1, sizeof(*entry));
        size_t max = (size_t)left + n_done;
        int r;

        if (!entry)
                return -ENOMEM;
        entry->message = message;
        entry->left = left;
        entry->done = malloc(sizeof(TakersDone) + max * sizeof(uint32_t));
        if (!entry->done)
                return -ENOMEM;
        entry->done->count = n_done;
        if (n_done > 0)
                memcpy(entry->done->sessions, done, n_done * sizeof(uint32_t));

        _cleanup_(held_done) Held held = hold(takers, message);

        r = hashmap_add(&held.stripe->entries, held.hash, entry);
        if (r == 0)
                TAKE_PTR(entry);
        return r;
}

int takers_add(Takers *takers, uint64_t message, uint32_t count)
{
        return add(takers, message, count, 0, NULL);
}

int takers_restore(Takers *takers, uint64_t message, uint32_t left, const uint32_t *done,
                   uint32_t n_done)
{
        return add(takers, message, left, n_done, done);
}

void takers_remove(Takers *takers, uint64_t message)
{
        _cleanup_(held_done) Held held = hold(takers, message);

        entry_free(hashmap_remove(&held.stripe->entries, held.hash, key_of(&message)));
}

static TakersVerdict end(Held *held, Entry *entry, TakersDone **ret_done)
{
        hashmap_remove_entry(&held->stripe->entries, held->hash, entry);
        *ret_done = TAKE_PTR(entry->done);
        entry_free(entry);
        return TAKERS_LAST;
}

TakersVerdict takers_done(Takers *takers, uint64_t message, uint32_t session, TakersDone **ret_done)
{
        _cleanup_(held_done) Held held = hold(takers, message);
        Entry *entry = hashmap_find(&held.stripe->entries, held.hash, key_of(&message));

        if (!entry)
                return TAKERS_SOLE;
        if (entry->left <= 1)
                return end(&held, entry, ret_done);
        entry->done->sessions[entry->done->count++] = session;
        return TAKERS_OTHERS;
}

TakersVerdict takers_settled(Takers *takers, uint64_t message, TakersDone **ret_done)
{
        _cleanup_(held_done) Held held = hold(takers, message);
        Entry *entry = hashmap_find(&held.stripe->entries, held.hash, key_of(&message));

        if (!entry || --entry->left > 0)
                return TAKERS_OTHERS;
        return end(&held, entry, ret_done);
}

size_t takers_count(Takers *takers)
{
        size_t count = 0;

        for (unsigned i = 0; i < STRIPES; i++) {
                Stripe *stripe = &takers->stripes[i];

                pthread_mutex_lock(&stripe->mutex);
                count += stripe->entries.count;
                pthread_mutex_unlock(&stripe->mutex);
        }
        return count;
}
