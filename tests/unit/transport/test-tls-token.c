/* SPDX-License-Identifier: Apache-2.0 */

/* Keys and certificates on a token: a SoftHSM of the test's own. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <gnutls/pkcs11.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "tls-fixture.h"

#define N_THREADS    4
#define N_HANDSHAKES 10

static const char *const versions[] = {
        "NORMAL:-VERS-ALL:+VERS-TLS1.2",
        "NORMAL:-VERS-ALL:+VERS-TLS1.3",
};

static char *folder; /* of the token */

static void must(int r)
{
        if (r < 0)
                g_error("PKCS#11: %s", gnutls_strerror(r));
}

static bool has_module(void)
{
        g_autofree char *maps = NULL;

        g_assert_true(g_file_get_contents("/proc/self/maps", &maps, NULL, NULL));
        return strstr(maps, "softhsm") || strstr(maps, "pkcs11/");
}

/* Most listeners have their keys in files: they pay nothing for tokens. */
static void test_modules_are_not_loaded_in_vain(void)
{
        TlsSettings settings = {.certfile = tls_path("server.pem"),
                                .keyfile = tls_path("server.key"),
                                .minimum_version = 12};
        TlsCredentials *credentials = tls_load(&settings);
        TlsEnds pair;

        tls_ends_init(&pair, credentials, &(TlsClientWish){});
        tls_ends_shake(&pair);
        g_assert_cmpint(pair.handshake, ==, 0);
        g_assert_false(has_module());
        tls_ends_done(&pair);
        tls_credentials_unref(credentials);
}

/* --- the token --- */

static bool run(const char *const *command)
{
        int status = -1;

        return g_spawn_sync(NULL, (char **)command, NULL,
                            G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL |
                                    G_SPAWN_STDERR_TO_DEV_NULL,
                            NULL, NULL, NULL, NULL, &status, NULL) &&
               status == 0;
}

static void put(const char *label, const Certificate *certificate)
{
        const char *token = "pkcs11:token=hawker?pin-value=1234";
        const unsigned flags = GNUTLS_PKCS11_OBJ_FLAG_LOGIN;
        gnutls_datum_t id = {(unsigned char *)label, (unsigned)strlen(label)};

        must(gnutls_pkcs11_copy_x509_privkey2(token, certificate->key, label, &id,
                                              GNUTLS_KEY_DIGITAL_SIGNATURE |
                                                      GNUTLS_KEY_KEY_ENCIPHERMENT,
                                              flags | GNUTLS_PKCS11_OBJ_FLAG_MARK_SENSITIVE));
        must(gnutls_pkcs11_copy_x509_crt2(token, certificate->own, label, &id, flags));
}

static bool make_token(void)
{
        static const char *const init[] = {
                "softhsm2-util", "--init-token", "--free",   "--label", "hawker",
                "--pin",         "1234",         "--so-pin", "5678",    NULL};
        g_autofree char *text = NULL, *path = NULL;

        folder = g_dir_make_tmp("hawker-token-XXXXXX", NULL);
        path = g_build_filename(folder, "softhsm2.conf", NULL);
        text = g_strdup_printf("directories.tokendir = %s\nlog.level = ERROR\n", folder);
        g_assert_true(g_file_set_contents(path, text, -1, NULL));
        g_setenv("SOFTHSM2_CONF", path, true);
        if (!run(init) || gnutls_pkcs11_init(GNUTLS_PKCS11_FLAG_AUTO, NULL) < 0 || !has_module())
                return false;
        put("rsa", &tls_folder.server_rsa);
        put("ec", &tls_folder.server);
        tls_file("pin", "1234\n");
        tls_file("wrong-pin", "4321");
        return true;
}

static void remove_token(void)
{
        const char *const command[] = {"rm", "-r", folder, NULL};

        run(command);
        g_clear_pointer(&folder, g_free);
}

/* --- */

static char *uri(const char *object, const char *type, const char *pin)
{
        return g_strdup_printf("pkcs11:token=hawker;object=%s;type=%s%s%s", object, type,
                               pin ? "?pin-source=" : "", pin ? tls_path(pin) : "");
}

static void shake(const TlsSettings *settings, const char *priority)
{
        TlsCredentials *credentials = tls_load(settings);
        TlsEnds pair;

        g_assert_true(tls_credentials_is_slow(credentials));
        tls_ends_init(&pair, credentials, &(TlsClientWish){.priority = priority});
        g_assert_true(pair.server.slow_handshake);
        tls_ends_shake(&pair);
        g_assert_cmpint(pair.handshake, ==, 0);
        g_assert_cmpint(pair.client.result, ==, 0);
        tls_ends_done(&pair);
        tls_credentials_unref(credentials);
}

static void test_key_on_a_token(gconstpointer version)
{
        static const char *const names[][2] = {{"rsa", "rsa.pem"}, {"ec", "server.pem"}};

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autofree char *key = uri(names[i][0], "private", "pin");
                TlsSettings settings = {
                        .certfile = tls_path(names[i][1]), .keyfile = key, .minimum_version = 12};

                shake(&settings, version);
        }
}

static void test_certificate_on_a_token(void)
{
        g_autofree char *key = uri("ec", "private", "pin");
        g_autofree char *certificate = uri("ec", "cert", NULL);
        TlsSettings settings = {.certfile = certificate, .keyfile = key, .minimum_version = 12};

        shake(&settings, NULL);
}

static void test_pin_file_as_a_uri(void)
{
        g_autofree char *path = g_strdup(tls_path("pin"));
        g_autofree char *key = g_strdup_printf(
                "pkcs11:token=hawker;object=ec;type=private?pin-source=file:%%2F%s", path + 1);
        TlsSettings settings = {
                .certfile = tls_path("server.pem"), .keyfile = key, .minimum_version = 12};

        shake(&settings, NULL);
}

static void test_what_is_wrong_is_told(void)
{
        const struct {
                char *certfile, *keyfile; /* NULL: of the folder */
                const char *option, *text;
        } cases[] = {
                {NULL, uri("ec", "private", "wrong-pin"), "keyfile", "PIN"},
                {NULL, uri("ec", "private", "absent"), "keyfile", "absent with the PIN of the"},
                {NULL, uri("none", "private", "pin"), "keyfile", "shows such a private key"},
                {NULL, g_strdup("pkcs11:token=none;object=ec"), "keyfile", "shows such a private"},
                {NULL, g_strdup("pkcs11:token=hawker;object=ec?pin-value=1234"), "keyfile",
                 "a PIN does not belong in the settings"},
                {NULL, g_strdup("pkcs11:nonsense"), "keyfile", "pkcs11:nonsense: "},
                {NULL, uri("rsa", "private", "pin"), "keyfile", "is not the key of"},
                {uri("none", "cert", NULL), uri("ec", "private", "pin"), "certfile",
                 "shows such a certificate"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                TlsSettings settings = {.certfile = cases[i].certfile ? cases[i].certfile
                                                                      : tls_path("server.pem"),
                                        .keyfile = cases[i].keyfile,
                                        .minimum_version = 12};
                TlsCredentials *credentials = NULL;
                TlsNotes notes = {};

                g_assert_cmpint(tls_credentials_new(&settings, &tls_key, &notes, &credentials), ==,
                                -EKEYREJECTED);
                g_test_message("%s", notes.items[0].text);
                g_assert_cmpuint(notes.n, ==, 1);
                g_assert_cmpstr(notes.items[0].option, ==, cases[i].option);
                g_assert_nonnull(strstr(notes.items[0].text, cases[i].text));
                g_assert_null(strstr(notes.items[0].text, "1234"));
                g_free(cases[i].certfile);
                g_free(cases[i].keyfile);
        }
}

static void *shake_many(void *data)
{
        for (unsigned i = 0; i < N_HANDSHAKES; i++) {
                TlsEnds pair;

                tls_ends_init(&pair, data, &(TlsClientWish){.priority = versions[i % 2]});
                tls_ends_shake(&pair);
                g_assert_cmpint(pair.handshake, ==, 0);
                tls_ends_done(&pair);
        }
        return NULL;
}

static void test_threads_share_a_key(void)
{
        g_autofree char *key = uri("rsa", "private", "pin");
        TlsSettings settings = {
                .certfile = tls_path("rsa.pem"), .keyfile = key, .minimum_version = 12};
        TlsCredentials *credentials = tls_load(&settings);
        pthread_t threads[N_THREADS];

        for (unsigned i = 0; i < N_THREADS; i++)
                pthread_create(&threads[i], NULL, shake_many, credentials);
        for (unsigned i = 0; i < N_THREADS; i++)
                pthread_join(threads[i], NULL);
        tls_credentials_unref(credentials);
}

static void test_there_is_a_token(void)
{
        const char *wanted = g_getenv("HAWKER_TOKEN_TESTS");

        if (g_strcmp0(wanted, "required") == 0)
                g_error("SoftHSM does not work here, and HAWKER_TOKEN_TESTS requires it");
        g_test_skip("SoftHSM is not here, or p11-kit does not know it: install softhsm2");
}

static void add_tests(void)
{
        g_test_add_data_func("/transport/tls-token/key-on-a-token/1.2", versions[0],
                             test_key_on_a_token);
        g_test_add_data_func("/transport/tls-token/key-on-a-token/1.3", versions[1],
                             test_key_on_a_token);
        g_test_add_func("/transport/tls-token/certificate-on-a-token", test_certificate_on_a_token);
        g_test_add_func("/transport/tls-token/pin-file-as-a-uri", test_pin_file_as_a_uri);
        g_test_add_func("/transport/tls-token/what-is-wrong-is-told", test_what_is_wrong_is_told);
        g_test_add_func("/transport/tls-token/threads-share-a-key", test_threads_share_a_key);
}

int main(int argc, char **argv)
{
        int r;

        g_test_init(&argc, &argv, NULL);
        tls_folder_make();
        test_modules_are_not_loaded_in_vain(); /* before anything of a token */
        if (make_token())
                add_tests();
        else
                g_test_add_func("/transport/tls-token/there-is-a-token", test_there_is_a_token);
        r = g_test_run();
        remove_token();
        tls_folder_done();
        return r;
}
