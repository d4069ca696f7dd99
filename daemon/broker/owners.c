/* SPDX-License-Identifier: Apache-2.0 */
/* owners.c: a map of users with a number each. */
#include "broker/owners.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/protocol.h"
#include "util/hashmap.h"
#include "util/siphash.h"

struct Owner {
        Owners *owners;
        uint64_t hash;
        size_t sessions;
        /* Counted by all workers, without the lock. */
        atomic_size_t subscriptions;
        atomic_size_t queued; /* bytes */
        size_t length;
        uint8_t name[];
};

/* One lock: it is taken when a session begins or ends, which costs far more. */
struct Owners {
        pthread_mutex_t lock;
        Hashmap map; /* of Owner */
};

static bool has_name(const void *entry, Bytes name)
{
        return bytes_equal(owner_name(entry), name);
}

int owners_new(Owners **ret_owners)
{
        Owners *owners = calloc(1, sizeof(*owners));

        if (!owners)
                return -ENOMEM;
        pthread_mutex_init(&owners->lock, NULL);
        hashmap_init(&owners->map, has_name);
        *ret_owners = owners;
        return 0;
}

Owners *owners_free(Owners *owners)
{
        Owner *owner;

        if (!owners)
                return NULL;
        hashmap_foreach (&owners->map, cursor, owner)
                free(owner);
        hashmap_done(&owners->map);
        pthread_mutex_destroy(&owners->lock);
        free(owners);
        return NULL;
}

/* --- with the lock --- */

static int add(Owners *owners, uint64_t hash, Bytes name, Owner **ret_owner)
{
        Owner *owner = calloc(1, sizeof(*owner) + name.length);

        if (!owner)
                return -ENOMEM;
        owner->owners = owners;
        owner->hash = hash;
        owner->length = name.length;
        memcpy(owner->name, name.data, name.length);
        if (hashmap_add(&owners->map, hash, owner) < 0) {
                free(owner);
                return -ENOMEM;
        }
        *ret_owner = owner;
        return 0;
}

static int enter(Owners *owners, Bytes username, int limit, Owner **ret_owner)
{
        const uint64_t hash = hash_bytes(username.data, username.length);
        Owner *owner = hashmap_find(&owners->map, hash, username);
        int r;

        if (limit >= 0 && (owner ? owner->sessions : 0) >= (size_t)limit)
                return REASON_QUOTA_EXCEEDED;
        if (!owner) {
                r = add(owners, hash, username, &owner);
                if (r < 0)
                        return r;
        }
        owner->sessions++;
        *ret_owner = owner;
        return 0;
}

/* --- */

int owners_enter(Owners *owners, Bytes username, int limit, Owner **ret_owner)
{
        int r;

        pthread_mutex_lock(&owners->lock);
        r = enter(owners, username, limit, ret_owner);
        pthread_mutex_unlock(&owners->lock);
        return r;
}

Owner *owner_leave(Owner *owner)
{
        Owners *owners;

        if (!owner)
                return NULL;
        owners = owner->owners;
        pthread_mutex_lock(&owners->lock);
        if (--owner->sessions == 0) {
                hashmap_remove_entry(&owners->map, owner->hash, owner);
                free(owner);
        }
        pthread_mutex_unlock(&owners->lock);
        return NULL;
}

/* --- what its sessions have --- */

static void add_to(atomic_size_t *sum, size_t n)
{
        atomic_fetch_add_explicit(sum, n, memory_order_relaxed);
}

static void take_from(atomic_size_t *sum, size_t n)
{
        atomic_fetch_sub_explicit(sum, n, memory_order_relaxed);
}

void owner_add_subscriptions(Owner *owner, size_t n)
{
        if (owner)
                add_to(&owner->subscriptions, n);
}

void owner_remove_subscriptions(Owner *owner, size_t n)
{
        if (owner)
                take_from(&owner->subscriptions, n);
}

size_t owner_subscriptions(const Owner *owner)
{
        return owner ? atomic_load_explicit(&owner->subscriptions, memory_order_relaxed) : 0;
}

void owner_add_queued(Owner *owner, size_t bytes)
{
        if (owner)
                add_to(&owner->queued, bytes);
}

void owner_remove_queued(Owner *owner, size_t bytes)
{
        if (owner)
                take_from(&owner->queued, bytes);
}

size_t owner_queued(const Owner *owner)
{
        return owner ? atomic_load_explicit(&owner->queued, memory_order_relaxed) : 0;
}

Bytes owner_name(const Owner *owner)
{
        return owner ? (Bytes){owner->name, owner->length} : (Bytes){};
}

size_t owners_sessions(Owners *owners, Bytes username)
{
        const Owner *owner;
        size_t n;

        pthread_mutex_lock(&owners->lock);
        owner = hashmap_find(&owners->map, hash_bytes(username.data, username.length), username);
        n = owner ? owner->sessions : 0;
        pthread_mutex_unlock(&owners->lock);
        return n;
}

size_t owners_count(Owners *owners)
{
        size_t n;

        pthread_mutex_lock(&owners->lock);
        n = owners->map.count;
        pthread_mutex_unlock(&owners->lock);
        return n;
}
