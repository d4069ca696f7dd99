/* SPDX-License-Identifier: Apache-2.0 */

/* PAM, by services of the test's own. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "access/pam.h"
#include "mqtt/protocol.h"

/* Takes "right" for everybody. pam_exec gives the password with a zero byte behind it. */
#define SCRIPT                                                                                     \
        "#!/bin/sh\n"                                                                              \
        "[ \"$(tr -d '\\000')\" = right ] && [ \"$PAM_RHOST\" = 192.0.2.1 ] && [ \"$PAM_USER\" = " \
        "ada ]\n"

static char *folder;

static char *service(const char *name, const char *text)
{
        char *path = g_build_filename(folder, name, NULL);

        g_assert_true(g_file_set_contents(path, text, -1, NULL));
        return path;
}

static int check(const char *path, const char *password)
{
        const PamLogin login = {
                .service = path,
                .username = BYTES_LITERAL("ada"),
                .password = bytes_from_string(password),
                .peer = "192.0.2.1",
        };

        return pam_check(&login);
}

static void test_what_modules_say(void)
{
        static const struct {
                const char *name, *text;
                int result;
        } cases[] = {
                {"permit", "auth required pam_permit.so\naccount required pam_permit.so\n", 0},
                {"deny", "auth required pam_deny.so\naccount required pam_permit.so\n",
                 REASON_BAD_USER_NAME_OR_PASSWORD},
                {"locked", "auth required pam_permit.so\naccount required pam_deny.so\n",
                 REASON_BAD_USER_NAME_OR_PASSWORD},
                {"expired",
                 "auth required pam_permit.so\naccount required pam_debug.so acct=acct_expired\n",
                 REASON_NOT_AUTHORIZED},
                {"away",
                 "auth required pam_debug.so auth=authinfo_unavail\naccount required "
                 "pam_permit.so\n",
                 REASON_SERVER_UNAVAILABLE},
                {"missing-module", "auth required no-such-module.so\n", REASON_SERVER_UNAVAILABLE},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path = service(cases[i].name, cases[i].text);

                g_test_message("%s", cases[i].name);
                g_assert_cmpint(pam_find(path), ==, 0);
                g_assert_cmpint(check(path, "x"), ==, cases[i].result);
        }
}

static void test_password_peer_and_user_arrive(void)
{
        g_autofree char *script = service("script", SCRIPT);
        g_autofree char *text =
                g_strdup_printf("auth required pam_exec.so expose_authtok quiet %s\n"
                                "account required pam_permit.so\n",
                                script);
        g_autofree char *path = service("exec", text);

        g_assert_cmpint(g_chmod(script, 0700), ==, 0);
        g_assert_cmpint(check(path, "right"), ==, 0);
        g_assert_cmpint(check(path, "wrong"), ==, REASON_BAD_USER_NAME_OR_PASSWORD);
        g_assert_cmpint(check(path, ""), !=, 0);
}

/* Four of them, in microseconds. */
static gint64 failures_take(const char *path)
{
        const gint64 begin = g_get_monotonic_time();

        for (unsigned i = 0; i < 4; i++)
                g_assert_cmpint(check(path, "x"), ==, REASON_BAD_USER_NAME_OR_PASSWORD);
        return g_get_monotonic_time() - begin;
}

/* Without our hook it would take two seconds a time, each time; a busy machine may stall in one. */
static void test_failures_are_not_slow(void)
{
        g_autofree char *path =
                service("slow", "auth optional pam_faildelay.so delay=2000000\n"
                                "auth required pam_deny.so\naccount required pam_permit.so\n");
        gint64 took = failures_take(path);

        for (unsigned tries = 0; tries < 5 && took >= G_USEC_PER_SEC; tries++)
                took = failures_take(path);
        g_assert_cmpint(took, <, G_USEC_PER_SEC);
}

static void test_zero_bytes_are_refused(void)
{
        g_autofree char *path =
                service("all", "auth required pam_permit.so\naccount required pam_permit.so\n");
        PamLogin login = {.service = path, .username = BYTES_LITERAL("ada")};

        login.password = BYTES_LITERAL("right\0x");
        g_assert_cmpint(pam_check(&login), ==, REASON_BAD_USER_NAME_OR_PASSWORD);
        login.password = (Bytes){};
        login.username = BYTES_LITERAL("ada\0x");
        g_assert_cmpint(pam_check(&login), ==, REASON_BAD_USER_NAME_OR_PASSWORD);
        login.username = (Bytes){};
        g_assert_cmpint(pam_check(&login), ==, REASON_BAD_USER_NAME_OR_PASSWORD);
}

static void test_missing_service(void)
{
        g_autofree char *path = g_build_filename(folder, "none", NULL);

        g_assert_cmpint(pam_find(path), ==, -ENOENT);
        g_assert_cmpint(pam_find("no-such-service-of-hawker"), ==, -ENOENT);
}

static void remove_files(void)
{
        GDir *dir = g_dir_open(folder, 0, NULL);
        const char *name;

        while ((name = g_dir_read_name(dir))) {
                g_autofree char *path = g_build_filename(folder, name, NULL);

                g_unlink(path);
        }
        g_dir_close(dir);
}

int main(int argc, char **argv)
{
        int r;

        g_test_init(&argc, &argv, NULL);
        folder = g_dir_make_tmp("hawker-pam-XXXXXX", NULL);
        g_test_add_func("/access/pam/what-modules-say", test_what_modules_say);
        g_test_add_func("/access/pam/password-peer-and-user-arrive",
                        test_password_peer_and_user_arrive);
        g_test_add_func("/access/pam/failures-are-not-slow", test_failures_are_not_slow);
        g_test_add_func("/access/pam/zero-bytes-are-refused", test_zero_bytes_are_refused);
        g_test_add_func("/access/pam/missing-service", test_missing_service);
        r = g_test_run();
        remove_files();
        g_rmdir(folder);
        g_free(folder);
        return r;
}
