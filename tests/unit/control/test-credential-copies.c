/* SPDX-License-Identifier: Apache-2.0 */

/* What the copies of files are called, and how an admin gets to read the names of the files. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "control/credential-copies.h"
#include "control/credential-files.h"

static void test_names_are_those_of_systemd_escape(void)
{
        static const struct {
                const char *path, *name;
        } cases[] = {
                {"/etc/letsencrypt/live/a.org/privkey.pem",
                 "-etc-letsencrypt-live-a.org-privkey.pem"},
                {"/a-b/c d", "-a\\x2db-c\\x20d"},
                {".hidden", "\\x2ehidden"},
                {"a/../b", "a-..-b"},
                {"/caf\303\251", "-caf\\xc3\\xa9"},
                {"/back\\slash", "-back\\x5cslash"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *name = NULL, *text = NULL, *wanted = NULL;

                g_assert_cmpint(credential_copy_name(cases[i].path, &name), ==, 0);
                g_assert_cmpstr(name, ==, cases[i].name);
                text = g_strdup_printf("is /r/tls/%s: and /r/tls/%s, bad", name, name);
                wanted = g_strdup_printf("is %s: and %s, bad", cases[i].path, cases[i].path);
                credential_copies_restore("/r/tls", text);
                g_assert_cmpstr(text, ==, wanted);
        }
}

static void test_a_text_that_was_cut_is_restored_as_far_as_it_goes(void)
{
        static const struct {
                const char *text, *wanted;
        } cases[] = {
                {"/r/tls/-a\\x2", "/a\\x2"},  {"/r/tls/-a\\", "/a\\"},
                {"/r/tls", "/r/tls"},         {"/r/tls/", ""},
                {"/r/tlsx/-a", "/r/tlsx/-a"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *text = g_strdup(cases[i].text);

                credential_copies_restore("/r/tls", text);
                g_assert_cmpstr(text, ==, cases[i].wanted);
        }
}

static void test_what_is_on_a_token_has_no_copy(void)
{
        const char *rest = "/a\npkcs11:object=k?pin-source=/p\n/b";
        g_autofree char *copies = NULL;
        char path[PATH_MAX];

        g_assert_cmpint(credential_copies_paths("/r/tls", rest, &copies), ==, 0);
        g_assert_cmpstr(copies, ==, "/r/tls/-a\npkcs11:object=k?pin-source=/p\n/r/tls/-b");
        g_assert_true(credential_path_next(&rest, path));
        g_assert_cmpstr(path, ==, "/a");
        g_assert_true(credential_path_next(&rest, path));
        g_assert_cmpstr(path, ==, "/b");
        g_assert_false(credential_path_next(&rest, path));
        rest = "pkcs11:object=k";
        g_assert_false(credential_path_next(&rest, path));
}

static void test_a_name_that_is_too_long_is_refused(void)
{
        char path[400], *name = NULL;

        memset(path, 'a', sizeof(path));
        path[255] = 0;
        g_assert_cmpint(credential_copy_name(path, &name), ==, 0);
        g_free(name);
        path[255] = 'a';
        path[256] = 0;
        g_assert_cmpint(credential_copy_name(path, &name), ==, -ENAMETOOLONG);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/control/credential-copies/names-are-those-of-systemd-escape",
                        test_names_are_those_of_systemd_escape);
        g_test_add_func(
                "/control/credential-copies/a-text-that-was-cut-is-restored-as-far-as-it-goes",
                test_a_text_that_was_cut_is_restored_as_far_as_it_goes);
        g_test_add_func("/control/credential-copies/a-name-that-is-too-long-is-refused",
                        test_a_name_that_is_too_long_is_refused);
        g_test_add_func("/control/credential-copies/what-is-on-a-token-has-no-copy",
                        test_what_is_on_a_token_has_no_copy);
        return g_test_run();
}
