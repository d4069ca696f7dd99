/* SPDX-License-Identifier: Apache-2.0 */

/* What an authority has said lately. */

#include "access/authority-cache.h"

#include <errno.h>
#include <pthread.h>

#include "util/hashmap.h"
#include "util/list.h"
#include "util/siphash.h"

typedef struct Entry {
        List link; /* in the order in which they were asked for */
        msec_t until;
        bool allow;
        size_t length;
        uint8_t question[];
} Entry;

struct AuthorityCache {
        pthread_mutex_t mutex;
        Hashmap by_question;
        List entries;
        size_t maximum;
};

static void unlock(pthread_mutex_t **mutex)
{
        pthread_mutex_unlock(*mutex);
}

#define _locked_(_cache)                                                                           \
        _cleanup_(unlock) pthread_mutex_t *lock_ = &(_cache)->mutex;                               \
        pthread_mutex_lock(lock_)

static bool is_question(const void *entry, Bytes question)
{
        const Entry *own = entry;

        return bytes_equal((Bytes){own->question, own->length}, question);
}

static uint64_t hash_of(Bytes question)
{
        return hash_bytes(question.data, question.length);
}

int authority_cache_new(size_t maximum, AuthorityCache **ret_cache)
{
        AuthorityCache *cache = malloc(sizeof(*cache));

        if (!cache)
                return -ENOMEM;
        *cache = (AuthorityCache){.maximum = maximum};
        pthread_mutex_init(&cache->mutex, NULL);
        hashmap_init(&cache->by_question, is_question);
        list_init(&cache->entries);
        *ret_cache = cache;
        return 0;
}

AuthorityCache *authority_cache_free(AuthorityCache *cache)
{
        if (!cache)
                return NULL;
        list_foreach_safe (Entry, entry, &cache->entries, link)
                free(entry);
        hashmap_done(&cache->by_question);
        pthread_mutex_destroy(&cache->mutex);
        free(cache);
        return NULL;
}

static void drop(AuthorityCache *cache, Entry *entry)
{
        hashmap_remove_entry(&cache->by_question, hash_of((Bytes){entry->question, entry->length}),
                             entry);
        list_remove(&entry->link);
        free(entry);
}

void authority_cache_clear(AuthorityCache *cache)
{
        _locked_(cache);

        list_foreach_safe (Entry, entry, &cache->entries, link)
                drop(cache, entry);
}

bool authority_cache_find(AuthorityCache *cache, Bytes question, msec_t now, bool *ret_allow)
{
        _locked_(cache);
        Entry *entry = hashmap_find(&cache->by_question, hash_of(question), question);

        if (!entry)
                return false;
        if (now >= entry->until) {
                drop(cache, entry);
                return false;
        }
        list_remove(&entry->link);
        list_append(&cache->entries, &entry->link);
        *ret_allow = entry->allow;
        return true;
}

void authority_cache_put(AuthorityCache *cache, Bytes question, msec_t until, bool allow)
{
        _locked_(cache);
        Entry *entry = hashmap_find(&cache->by_question, hash_of(question), question);

        if (entry)
                drop(cache, entry);
        else if (cache->by_question.count >= cache->maximum)
                drop(cache, list_first_entry(&cache->entries, Entry, link));
        entry = malloc(sizeof(*entry) + question.length);
        if (!entry)
                return;
        *entry = (Entry){.until = until, .allow = allow, .length = question.length};
        memcpy(entry->question, question.data, question.length);
        if (hashmap_add(&cache->by_question, hash_of(question), entry) < 0)
                free(entry);
        else
                list_append(&cache->entries, &entry->link);
}
