/* SPDX-License-Identifier: Apache-2.0 */

/* Where a service reads the files of its TLS. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/credentials.h"
#include "credential-stage.h"

/* As the service: root's files are closed to it. */
static int load(Stage *stage, const char *more, TlsCredentials **ret)
{
        _cleanup_(settings_unrefp) Settings *settings = stage_parse(stage, more);
        const bool is_root = geteuid() == 0;
        TlsTicketKey key = {};
        int r;

        stage_forget_errors(stage);
        if (is_root)
                g_assert_true(setgroups(0, NULL) == 0 && setegid(NOBODY) == 0 &&
                              seteuid(NOBODY) == 0);
        r = credentials_load(&settings->listeners[0], &key, &stage->errors, ret);
        if (is_root)
                g_assert_true(seteuid(0) == 0 && setegid(0) == 0);
        return r;
}

static char *subject_of(const TlsCredentials *credentials)
{
        size_t n = 0;
        const TlsFacts *facts = tls_credentials_describe(credentials, &n);

        g_assert_cmpuint(n, ==, 1);
        return facts->subject;
}

static void lock(const Stage *stage, const char *name)
{
        g_assert_cmpint(g_chmod(stage_at(stage->files, name), 0), ==, 0);
}

static void open_folder(const Stage *stage)
{
        g_assert_cmpint(g_chmod(stage->files, 0755), ==, 0);
        g_assert_cmpint(g_chmod(stage_at(stage->files, "cert.pem"), 0644), ==, 0);
}

static void test_what_can_be_read_is_read_where_it_is(void)
{
        _cleanup_(tls_credentials_unrefp) TlsCredentials *credentials = NULL;
        Stage stage;

        stage_init(&stage);
        g_assert_cmpint(stage_import(&stage), ==, 0);
        stage_put_pair(&stage, &stage.two, &stage.two);
        open_folder(&stage);
        g_assert_cmpint(g_chmod(stage_at(stage.files, "key.pem"), 0644), ==, 0);
        g_assert_cmpint(load(&stage, "", &credentials), ==, 0);
        g_assert_cmpstr(subject_of(credentials), ==, "CN=two");
        stage_done(&stage);
}

static void test_a_pair_is_of_one_place(void)
{
        _cleanup_(tls_credentials_unrefp) TlsCredentials *credentials = NULL;
        Stage stage;

        stage_init(&stage);
        g_assert_cmpint(stage_import(&stage), ==, 0);
        /* The new certificate can be read, its key cannot. */
        stage_put_pair(&stage, &stage.two, &stage.two);
        open_folder(&stage);
        lock(&stage, "key.pem");
        g_assert_cmpint(load(&stage, "", &credentials), ==, 0);
        g_assert_cmpstr(subject_of(credentials), ==, "CN=one");
        g_assert_cmpuint(stage.errors.n_items, ==, 0);
        stage_done(&stage);
}

static void test_messages_name_the_files(void)
{
        TlsCredentials *credentials = NULL;
        g_autofree char *words = NULL;
        Stage stage;

        stage_init(&stage);
        stage_put_pair(&stage, &stage.one, &stage.two);
        g_assert_cmpint(stage_import(&stage), ==, 0);
        lock(&stage, "key.pem");
        g_assert_cmpint(load(&stage, "", &credentials), ==, -EKEYREJECTED);
        words = g_strdup_printf("%s/key.pem is not the key of the certificate in %s/cert.pem",
                                stage.files, stage.files);
        stage_assert_told(&stage, 4, words);
        g_assert_null(credentials);
        stage_done(&stage);
}

static void test_a_missing_copy_is_explained(void)
{
        TlsCredentials *credentials = NULL;
        g_autofree char *words = NULL, *more = NULL;
        Stage stage;

        stage_init(&stage);
        open_folder(&stage);
        lock(&stage, "key.pem");
        words = g_strdup_printf("%s/key.pem has no copy that the service can read: ", stage.files);
        g_assert_cmpint(load(&stage, "", &credentials), ==, -EKEYREJECTED);
        g_assert_cmpuint(stage.errors.n_errors, ==, 2);
        g_assert_nonnull(strstr(stage.errors.items[1].text, words));
        g_assert_nonnull(strstr(stage.errors.items[1].text, "'systemctl reload'"));
        g_assert_cmpuint(stage.errors.items[1].line, ==, 4);
        /* Of an option that is new since then. */
        stage_put_pair(&stage, &stage.one, &stage.one);
        g_assert_cmpint(stage_import(&stage), ==, 0);
        lock(&stage, "key.pem");
        certificate_write(stage_at(stage.files, "ca.pem"), &stage.two, NULL);
        more = g_strdup_printf("cafile %s/ca.pem\n", stage.files);
        g_assert_cmpint(load(&stage, more, &credentials), ==, -EKEYREJECTED);
        g_assert_cmpuint(stage.errors.n_errors, ==, 1);
        stage_assert_told(&stage, 5, "ca.pem has no copy");
        /* Without a service manager nobody makes any. */
        g_unsetenv("RUNTIME_DIRECTORY");
        g_assert_cmpint(load(&stage, "", &credentials), ==, -EKEYREJECTED);
        stage_assert_told(&stage, 4, "key.pem cannot be read: Permission denied");
        stage_done(&stage);
}

/* Another process: exchanges the pair until the test is over, however that ends. */
static _Noreturn void renew_until_over(Stage *stage, pid_t test)
{
        bool turn = false;
        int r = 0;

        while (r == 0 && getppid() == test) {
                const Certificate *next = turn ? &stage->one : &stage->two;

                stage_put_pair(stage, next, next);
                r = stage_import(stage);
                turn = !turn;
        }
        _exit(r < 0);
}

static void test_copies_that_are_exchanged_meanwhile_are_read_again(void)
{
        const pid_t test = getpid();
        unsigned n_loaded = 0;
        Stage stage;
        pid_t child;

        if (geteuid() != 0) {
                g_test_skip("only root can");
                return;
        }
        stage_init(&stage);
        g_assert_cmpint(stage_import(&stage), ==, 0);
        child = fork();
        g_assert_cmpint(child, >=, 0);
        if (child == 0)
                renew_until_over(&stage, test);
        for (unsigned i = 0; i < 300; i++) {
                _cleanup_(tls_credentials_unrefp) TlsCredentials *credentials = NULL;

                /* The one thing that it may not manage is to find them at rest. */
                if (load(&stage, "", &credentials) == 0)
                        n_loaded++;
                else
                        stage_assert_told(&stage, 3, "is being changed all the time");
        }
        g_assert_cmpint(kill(child, SIGKILL), ==, 0);
        g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
        g_test_message("%u of 300", n_loaded);
        g_assert_cmpuint(n_loaded, >, 0);
        stage_done(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/control/credentials/what-can-be-read-is-read-where-it-is",
                        test_what_can_be_read_is_read_where_it_is);
        g_test_add_func("/control/credentials/a-pair-is-of-one-place", test_a_pair_is_of_one_place);
        g_test_add_func("/control/credentials/messages-name-the-files",
                        test_messages_name_the_files);
        g_test_add_func("/control/credentials/a-missing-copy-is-explained",
                        test_a_missing_copy_is_explained);
        g_test_add_func("/control/credentials/copies-that-are-exchanged-meanwhile-are-read-again",
                        test_copies_that_are_exchanged_meanwhile_are_read_again);
        return g_test_run();
}
