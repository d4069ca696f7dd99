/* SPDX-License-Identifier: Apache-2.0 */

/* Users, and what all connections of one share. */

#include "access/accounts.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/protocol.h"
#include "util/hashmap.h"
#include "util/list.h"
#include "util/siphash.h"

#define STRIPES_N  64U
#define CACHE_LINE 64U
/* Without a connection, of one stripe; that many are looked at when one is added. */
#define IDLE_MAX      256U
#define IDLE_LOOK_MAX 4U

/* Of new connections, s: a site whose power comes back. */
#define BURST_SECONDS 10U
/* A worker borrows this part of a second's worth. */
#define SLICES 64U

/* What one worker has borrowed and not spent: a cache line. */
typedef struct Slice {
        uint64_t lent[CACHE_LINE / sizeof(uint64_t)]; /* by AccountFlow */
} Slice;

/* Lists know nothing of alignment, so the cache lines are laid out by hand. */
struct Account {
        List idle; /* in its stripe, while it has no connection */
        uint64_t hash;
        uint64_t arrivals; /* a bucket */
        unsigned connections;
        size_t length; /* of the name */
        char *name;    /* behind the slices */
        uint64_t unused;

        atomic_uint_fast64_t buckets[ACCOUNT_FLOWS_N];
        uint64_t unused_too[CACHE_LINE / sizeof(uint64_t) - ACCOUNT_FLOWS_N];

        Slice slices[]; /* one for each worker */
};

static_assert(offsetof(Account, buckets) == CACHE_LINE, "workers write to the rest");
static_assert(offsetof(Account, slices) == 2 * CACHE_LINE, "a line for each worker");

typedef struct Stripe {
        _Alignas(CACHE_LINE) pthread_mutex_t lock;
        Hashmap map; /* of Account */
        List idle;   /* the longest idle first */
        size_t n_idle;
} Stripe;

struct Accounts {
        unsigned n_workers;
        Stripe stripes[STRIPES_N];
};

static bool account_equal(const void *entry, Bytes name)
{
        const Account *account = entry;

        return bytes_equal((Bytes){(const uint8_t *)account->name, account->length}, name);
}

int accounts_new(unsigned n_workers, Accounts **ret_accounts)
{
        Accounts *accounts = aligned_alloc(_Alignof(Accounts), sizeof(*accounts));

        if (!accounts)
                return -ENOMEM;
        accounts->n_workers = n_workers;
        for (unsigned i = 0; i < STRIPES_N; i++) {
                Stripe *stripe = &accounts->stripes[i];

                pthread_mutex_init(&stripe->lock, NULL);
                hashmap_init(&stripe->map, account_equal);
                list_init(&stripe->idle);
                stripe->n_idle = 0;
        }
        *ret_accounts = accounts;
        return 0;
}

Accounts *accounts_free(Accounts *accounts)
{
        if (!accounts)
                return NULL;
        for (unsigned i = 0; i < STRIPES_N; i++) {
                Stripe *stripe = &accounts->stripes[i];
                Account *account;

                hashmap_foreach (&stripe->map, cursor, account)
                        free(account);
                hashmap_done(&stripe->map);
                pthread_mutex_destroy(&stripe->lock);
        }
        free(accounts);
        return NULL;
}

/* --- a stripe, locked --- */

/* By other bits than those that find the place in the map. */
static Stripe *stripe_of(Accounts *accounts, uint64_t hash)
{
        return &accounts->stripes[hash >> 58 & (STRIPES_N - 1)];
}

static void account_forget(Stripe *stripe, Account *account)
{
        list_remove(&account->idle);
        stripe->n_idle--;
        hashmap_remove_entry(&stripe->map, account->hash, account);
        free(account);
}

/* Whether forgetting it changes nothing for it. */
static bool is_worthless(const Account *account, msec_t now)
{
        const uint64_t t = now * BUCKET_NS_PER_MSEC;

        for (unsigned i = 0; i < ACCOUNT_FLOWS_N; i++)
                if (atomic_load_explicit(&account->buckets[i], memory_order_relaxed) > t)
                        return false;
        return account->arrivals <= t;
}

static void stripe_tidy(Stripe *stripe, msec_t now)
{
        unsigned looked = 0;

        list_foreach_safe (Account, account, &stripe->idle, idle) {
                if (looked++ == IDLE_LOOK_MAX)
                        break;
                if (is_worthless(account, now) || stripe->n_idle > IDLE_MAX)
                        account_forget(stripe, account);
        }
}

/* It is idle at first. */
static Account *stripe_add(Stripe *stripe, unsigned n_workers, uint64_t hash, Bytes name)
{
        const size_t fixed = sizeof(Account) + n_workers * sizeof(Slice);
        const size_t size = (fixed + name.length + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
        Account *account = aligned_alloc(CACHE_LINE, size);

        if (!account)
                return NULL;
        memset(account, 0, fixed);
        account->hash = hash;
        account->length = name.length;
        account->name = (char *)account + fixed;
        if (name.length > 0)
                memcpy(account->name, name.data, name.length);
        list_init(&account->idle);
        if (hashmap_add(&stripe->map, hash, account) < 0) {
                free(account);
                return NULL;
        }
        list_append(&stripe->idle, &account->idle);
        stripe->n_idle++;
        return account;
}

/* --- connections --- */

static int account_judge(Account *account, const AccountLimits *limits, msec_t now)
{
        const BucketFlow flow = {limits->rate, (uint64_t)limits->rate * BURST_SECONDS};

        if (limits->connections >= 0 && account->connections >= (unsigned)limits->connections)
                return REASON_QUOTA_EXCEEDED;
        if (limits->rate > 0 && !bucket_take(&account->arrivals, flow, 1, now))
                return REASON_CONNECTION_RATE_EXCEEDED;
        return 0;
}

static int enter(Accounts *accounts, Stripe *stripe, uint64_t hash, Bytes username,
                 Account **ret_account)
{
        Account *account = hashmap_find(&stripe->map, hash, username);

        if (!account)
                account = stripe_add(stripe, accounts->n_workers, hash, username);
        *ret_account = account;
        return account ? 0 : -ENOMEM;
}

int accounts_enter(Accounts *accounts, const AccountLimits *limits, Bytes username, msec_t now,
                   Account **ret_account)
{
        const uint64_t hash = hash_bytes(username.data, username.length);
        Stripe *stripe = stripe_of(accounts, hash);
        Account *account;
        int r;

        pthread_mutex_lock(&stripe->lock);
        stripe_tidy(stripe, now);
        r = enter(accounts, stripe, hash, username, &account);
        if (r == 0 && limits)
                r = account_judge(account, limits, now);
        if (r == 0 && account->connections++ == 0) {
                list_remove(&account->idle);
                stripe->n_idle--;
        }
        pthread_mutex_unlock(&stripe->lock);
        if (r == 0)
                *ret_account = account;
        return r;
}

void accounts_leave(Accounts *accounts, Account *account, msec_t now)
{
        Stripe *stripe = stripe_of(accounts, account->hash);

        pthread_mutex_lock(&stripe->lock);
        if (--account->connections == 0) {
                list_append(&stripe->idle, &account->idle);
                stripe->n_idle++;
                if (is_worthless(account, now))
                        account_forget(stripe, account);
        }
        pthread_mutex_unlock(&stripe->lock);
}

size_t accounts_count(Accounts *accounts)
{
        size_t n = 0;

        for (unsigned i = 0; i < STRIPES_N; i++) {
                Stripe *stripe = &accounts->stripes[i];

                pthread_mutex_lock(&stripe->lock);
                n += stripe->map.count;
                pthread_mutex_unlock(&stripe->lock);
        }
        return n;
}

/* --- flows --- */

bool account_take(Account *account, unsigned worker, AccountFlow which, BucketFlow flow, msec_t now)
{
        uint64_t *lent = &account->slices[worker].lent[which];
        const uint64_t slice = MAX(flow.rate / SLICES, UINT64_C(1));

        if (*lent == 0) {
                if (!bucket_take_shared(&account->buckets[which], flow, slice, now))
                        return false;
                *lent = slice;
        }
        --*lent;
        return true;
}

msec_t account_wait(const Account *account, AccountFlow which, BucketFlow flow, msec_t now)
{
        return bucket_wait(atomic_load_explicit(&account->buckets[which], memory_order_relaxed),
                           flow, now);
}

msec_t account_charge(Account *account, unsigned worker, AccountFlow which, BucketFlow flow,
                      uint64_t n, msec_t now)
{
        uint64_t *lent = &account->slices[worker].lent[which];
        uint64_t slice;

        if (_likely_(*lent >= n)) {
                *lent -= n;
                return 0;
        }
        /* Who is in debt is not lent anything. */
        slice = account_wait(account, which, flow, now) > 0 ? 0 : flow.rate / SLICES;
        n -= *lent;
        *lent = slice;
        return bucket_wait(bucket_charge_shared(&account->buckets[which], flow, n + slice, now),
                           flow, now);
}
