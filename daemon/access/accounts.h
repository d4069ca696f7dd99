/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Users whose clients are connected, and what all connections of one share: their number, their
 * messages and bytes a second.
 *
 * All workers share the table, which is cut into stripes with a lock each: it is taken when a
 * connection comes or goes. What a second lets through is a bucket that all take from, but each
 * worker borrows a slice at a time, a 64th of a second's worth, and spends that alone: so a message
 * mostly costs a subtraction, and no more is out than a slice for each worker.
 *
 * A user without connections is remembered until its buckets are full again: who comes back at once
 * has not gained by it.
 *
 * Thread: any; a slice: the worker with that number
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/bucket.h"
#include "util/bytes.h"
#include "util/clock.h"
#include "util/macro.h"

typedef struct Accounts Accounts;
typedef struct Account Account;

typedef struct AccountLimits {
        unsigned rate;   /* new connections a second, ten times as many at once; 0: any */
        int connections; /* at a time; -1: any */
} AccountLimits;

typedef enum AccountFlow {
        ACCOUNT_MESSAGES, /* from its clients */
        ACCOUNT_RECEIVED, /* bytes */
        ACCOUNT_SENT,     /* bytes */
        ACCOUNT_FLOWS_N
} AccountFlow;

/* For so many workers. 0 or -ENOMEM. */
int accounts_new(unsigned n_workers, Accounts **ret_accounts);
/* All accounts go too, whoever has one. */
Accounts *accounts_free(Accounts *accounts);
DEFINE_CLEANUP(Accounts, accounts_free)

/*
 * A connection of the user is there, until accounts_leave(). 0; REASON_QUOTA_EXCEEDED: it has as
 * many as it may; REASON_CONNECTION_RATE_EXCEEDED; or -ENOMEM. Without limits (NULL) nothing is
 * refused.
 */
int accounts_enter(Accounts *accounts, const AccountLimits *limits, Bytes username, msec_t now,
                   Account **ret_account);
void accounts_leave(Accounts *accounts, Account *account, msec_t now);

/* Takes one of the flow, if there is any. */
bool account_take(Account *account, unsigned worker, AccountFlow which, BucketFlow flow,
                  msec_t now);

/* Takes so many (up to 2^33), though there may not be as many: how many ms until there is something
 * again. */
msec_t account_charge(Account *account, unsigned worker, AccountFlow which, BucketFlow flow,
                      uint64_t n, msec_t now);

/* How many ms until something can be taken. */
msec_t account_wait(const Account *account, AccountFlow which, BucketFlow flow, msec_t now);

/* How many are remembered. */
size_t accounts_count(Accounts *accounts);
