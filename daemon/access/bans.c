/* SPDX-License-Identifier: Apache-2.0 */

/* The bans that hold now. */

#include "access/bans.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

struct Bans {
        pthread_rwlock_t lock;
        BanTable *table;
        atomic_bool any[BAN_KINDS_N];
};

int bans_new(Bans **ret_bans)
{
        Bans *bans = calloc(1, sizeof(*bans));

        if (!bans)
                return -ENOMEM;
        pthread_rwlock_init(&bans->lock, NULL);
        *ret_bans = bans;
        return 0;
}

Bans *bans_free(Bans *bans)
{
        if (!bans)
                return NULL;
        ban_table_unref(bans->table);
        pthread_rwlock_destroy(&bans->lock);
        free(bans);
        return NULL;
}

static bool has_kind(const BanTable *table, BanKind kind)
{
        for (size_t i = 0; i < ban_table_count(table); i++)
                if (ban_table_at(table, i).kind == kind)
                        return true;
        return false;
}

void bans_set(Bans *bans, BanTable *table)
{
        BanTable *before;

        pthread_rwlock_wrlock(&bans->lock);
        before = bans->table;
        bans->table = table ? ban_table_ref(table) : NULL;
        for (unsigned i = 0; i < BAN_KINDS_N; i++)
                atomic_store_explicit(&bans->any[i], has_kind(table, (BanKind)i),
                                      memory_order_relaxed);
        pthread_rwlock_unlock(&bans->lock);
        ban_table_unref(before);
}

BanTable *bans_get(Bans *bans)
{
        BanTable *table;

        pthread_rwlock_rdlock(&bans->lock);
        table = bans->table ? ban_table_ref(bans->table) : NULL;
        pthread_rwlock_unlock(&bans->lock);
        return table;
}

static bool may_have(const Bans *bans, BanKind kind)
{
        return _unlikely_(atomic_load_explicit(&bans->any[kind], memory_order_relaxed));
}

bool bans_has_address(Bans *bans, const struct sockaddr *address)
{
        bool found = false;

        if (!may_have(bans, BAN_ADDRESS))
                return false;
        pthread_rwlock_rdlock(&bans->lock);
        if (bans->table)
                found = ban_table_find_address(bans->table, address, (uint64_t)time(NULL), NULL);
        pthread_rwlock_unlock(&bans->lock);
        return found;
}

bool bans_has_name(Bans *bans, BanKind kind, Bytes name)
{
        bool found = false;

        if (name.length == 0 || !may_have(bans, kind))
                return false;
        pthread_rwlock_rdlock(&bans->lock);
        if (bans->table)
                found = ban_table_find_name(bans->table, kind, name, (uint64_t)time(NULL), NULL);
        pthread_rwlock_unlock(&bans->lock);
        return found;
}
