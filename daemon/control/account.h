/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Users and groups of the system by name or number, and the step down from root.
 *
 * Thread: control
 */
#pragma once

#include <sys/types.h>

typedef struct Account {
        char name[64]; /* "#1234" for a number without a name */
        uid_t uid;
        gid_t gid; /* primary */
} Account;

/* A name, or a number (its gid is then the same number if the system does not know it). 0 or
 * -ENOENT. */
int account_find_user(const char *name, Account *ret_account);
int account_find_group(const char *name, gid_t *ret_gid);

/*
 * The account to run as when started as root. Where "hawker" (the default), "mosquitto" (what an
 * old file may carry over) or NULL is not there: `hawker`, else `nobody`. 0 or -ENOENT.
 */
int account_find_service(const char *user, Account *ret_account);

/* From root to the account for good: groups, gid, uid, and proof that there is no way back. 0 or
 * -errno. */
int account_assume(const Account *account);
