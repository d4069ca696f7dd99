/* SPDX-License-Identifier: Apache-2.0 */

/* Users and groups of the system. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/account.h"
#include "util/macro.h"
#include "util/parse.h"

static int parse_number(const char *text, uint32_t *ret)
{
        uint64_t number;

        /* The last one means "none" to the system. */
        if (parse_uint64(text, &number) < 0 || number >= UINT32_MAX)
                return -ENOENT;
        *ret = (uint32_t)number;
        return 0;
}

int account_find_user(const char *name, Account *ret_account)
{
        const struct passwd *entry = getpwnam(name);
        Account account = {};
        uint32_t number = 0;

        if (!entry) {
                if (parse_number(name, &number) < 0)
                        return -ENOENT;
                entry = getpwuid(number);
        }
        if (entry) {
                account.uid = entry->pw_uid;
                account.gid = entry->pw_gid;
                snprintf(account.name, sizeof(account.name), "%s", entry->pw_name);
        } else {
                account.uid = account.gid = number;
                snprintf(account.name, sizeof(account.name), "#%u", number);
        }
        *ret_account = account;
        return 0;
}

int account_find_group(const char *name, gid_t *ret_gid)
{
        const struct group *entry = getgrnam(name);
        uint32_t number;

        if (entry) {
                *ret_gid = entry->gr_gid;
                return 0;
        }
        if (parse_number(name, &number) < 0)
                return -ENOENT;
        *ret_gid = number;
        return 0;
}

int account_find_service(const char *user, Account *ret_account)
{
        static const char *const defaults[] = {"hawker", "nobody"};
        bool is_default = !user || strcmp(user, "hawker") == 0 || strcmp(user, "mosquitto") == 0;
        int r;

        r = user ? account_find_user(user, ret_account) : -ENOENT;
        for (size_t i = 0; i < ARRAY_SIZE(defaults) && r < 0 && is_default; i++)
                r = account_find_user(defaults[i], ret_account);
        return r;
}

int account_assume(const Account *account)
{
        /* A number without a name has no supplementary groups to look up. */
        if (account->name[0] == '#' ? setgroups(1, &account->gid) < 0
                                    : initgroups(account->name, account->gid) < 0)
                return -errno;
        if (setresgid(account->gid, account->gid, account->gid) < 0 ||
            setresuid(account->uid, account->uid, account->uid) < 0)
                return -errno;
        if (account->uid != 0 && setuid(0) == 0)
                return -EPERM;
        return 0;
}
