/* SPDX-License-Identifier: Apache-2.0 */

/* Accounts: names and numbers, and the step down from root. */
#include <errno.h>
#include <glib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/account.h"

static void test_user_is_found_by_name_and_number(void)
{
        Account account;

        g_assert_cmpint(account_find_user("root", &account), ==, 0);
        g_assert_cmpstr(account.name, ==, "root");
        g_assert_cmpuint(account.uid, ==, 0);
        g_assert_cmpint(account_find_user("0", &account), ==, 0);
        g_assert_cmpstr(account.name, ==, "root");
        g_assert_cmpint(account_find_user("3999999999", &account), ==, 0);
        g_assert_cmpstr(account.name, ==, "#3999999999");
        g_assert_cmpuint(account.uid, ==, 3999999999U);
        g_assert_cmpuint(account.gid, ==, 3999999999U);
}

static void test_unknown_names_are_refused(void)
{
        /* The last number means "none" to chown() and setuid(). */
        static const char *const names[] = {"", "no-such-account", "-1", "12x", "4294967295"};
        Account account;
        gid_t gid;

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_assert_cmpint(account_find_user(names[i], &account), ==, -ENOENT);
                g_assert_cmpint(account_find_group(names[i], &gid), ==, -ENOENT);
        }
}

static void test_group_is_found_by_name_and_number(void)
{
        gid_t gid = 99;

        g_assert_cmpint(account_find_group("root", &gid), ==, 0);
        g_assert_cmpuint(gid, ==, 0);
        g_assert_cmpint(account_find_group("4711", &gid), ==, 0);
        g_assert_cmpuint(gid, ==, 4711);
}

static void test_service_falls_back_only_from_the_default_names(void)
{
        static const char *const defaults[] = {NULL, "hawker", "mosquitto"};
        Account account;

        for (size_t i = 0; i < G_N_ELEMENTS(defaults); i++) {
                g_assert_cmpint(account_find_service(defaults[i], &account), ==, 0);
                g_assert_cmpuint(account.uid, !=, 0);
        }
        g_assert_cmpint(account_find_service("no-such-account", &account), ==, -ENOENT);
        g_assert_cmpint(account_find_service("root", &account), ==, 0);
        g_assert_cmpuint(account.uid, ==, 0);
}

/* In a child: there is no way back from it. */
static int assume_nobody(void)
{
        const Account account = {.name = "#4711", .uid = 4711, .gid = 4712};
        gid_t groups[8];

        if (account_assume(&account) < 0)
                return 1;
        if (getuid() != 4711 || geteuid() != 4711 || getgid() != 4712 || getegid() != 4712)
                return 2;
        if (getgroups(8, groups) != 1 || groups[0] != 4712)
                return 3;
        return seteuid(0) == 0 ? 4 : 0;
}

static void test_assume_leaves_root_for_good(void)
{
        int status = -1;
        pid_t child;

        if (geteuid() != 0) {
                g_test_skip("only root becomes another");
                return;
        }
        child = fork();
        if (child == 0)
                _exit(assume_nobody());
        g_assert_cmpint(waitpid(child, &status, 0), ==, child);
        g_assert_true(WIFEXITED(status));
        g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/control/account/user-is-found-by-name-and-number",
                        test_user_is_found_by_name_and_number);
        g_test_add_func("/control/account/unknown-names-are-refused",
                        test_unknown_names_are_refused);
        g_test_add_func("/control/account/group-is-found-by-name-and-number",
                        test_group_is_found_by_name_and_number);
        g_test_add_func("/control/account/service-falls-back-only-from-the-default-names",
                        test_service_falls_back_only_from_the_default_names);
        g_test_add_func("/control/account/assume-leaves-root-for-good",
                        test_assume_leaves_root_for_good);
        return g_test_run();
}
