/* SPDX-License-Identifier: Apache-2.0 */

/* TLS credentials: what is loaded, what is refused, what is worth a warning. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "tls-fixture.h"

/* Names of files of the folder; NULL: not given. */
typedef struct Files {
        const char *certfile, *keyfile, *cafile, *crlfile, *capath;
} Files;

static int load(const Files *files, const TlsSettings *base, TlsNotes *notes)
{
        g_autofree char *certfile = g_strdup(files->certfile ? tls_path(files->certfile) : NULL);
        g_autofree char *keyfile = g_strdup(files->keyfile ? tls_path(files->keyfile) : NULL);
        g_autofree char *cafile = g_strdup(files->cafile ? tls_path(files->cafile) : NULL);
        g_autofree char *crlfile = g_strdup(files->crlfile ? tls_path(files->crlfile) : NULL);
        g_autofree char *capath = g_strdup(files->capath ? tls_path(files->capath) : NULL);
        TlsSettings settings = *base;
        TlsCredentials *credentials = NULL;
        int r;

        settings.minimum_version = MAX(settings.minimum_version, 12U);
        settings.certfile = certfile;
        settings.keyfile = keyfile;
        settings.cafile = cafile;
        settings.crlfile = crlfile;
        settings.capath = capath;
        *notes = (TlsNotes){};
        r = tls_credentials_new(&settings, &tls_key, notes, &credentials);
        g_assert_true((r == 0) == (credentials != NULL));
        for (size_t i = 0; i < notes->n; i++)
                g_test_message("%s: %s", notes->items[i].option, notes->items[i].text);
        tls_credentials_unref(credentials);
        return r;
}

static void test_files_are_checked(void)
{
        static const struct {
                Files files;
                const char *option, *text; /* of the error; NULL: fine */
        } cases[] = {
                {{"server.pem", "server.key"}, NULL, NULL},
                {{"rsa.pem", "rsa.key"}, NULL, NULL},
                {{"server.pem", "server.key", "ca.pem", "crl.pem"}, NULL, NULL},
                {{"server.pem", "server.key", .capath = "."}, NULL, NULL},
                {{"link.pem", "link.key"}, NULL, NULL},
                {{"server.pem", "rsa.key"}, "keyfile", "is not the key of the certificate in"},
                {{"server.pem", "alice.key"}, "keyfile", "is not the key of the certificate in"},
                {{"absent.pem", "server.key"}, "certfile", "absent.pem cannot be read: No such"},
                {{"server.pem", "absent.key"}, "keyfile", "absent.key cannot be read: No such"},
                {{"server.pem", NULL}, "keyfile", "each certfile needs its keyfile"},
                {{"server.key", "server.key"}, "certfile", "holds no certificate"},
                {{"server.pem", "server.pem"}, "keyfile", "holds no private key"},
                {{"server.pem", "locked.key"}, "keyfile", "locked by a password"},
                {{"empty", "server.key"}, "certfile", "holds no certificate"},
                {{"half.pem", "server.key"}, "certfile", "holds no certificate"},
                {{"server.pem", "server.key", "server.key"}, "cafile", "holds no certificate"},
                {{"server.pem", "server.key", "absent"},
                 "cafile",
                 "absent cannot be read: No such file"},
                {{"server.pem", "server.key", "."}, "cafile", "Is a directory"},
                {{"server.pem", "server.key", .capath = "absent"}, "capath", "cannot be read"},
                {{"server.pem", "server.key", "ca.pem", "absent"}, "crlfile", "cannot be read"},
                {{"server.pem", "server.key", "ca.pem", "ca.pem"}, "crlfile", "no revocation list"},
                {{"server.pem", "server.key", "other.pem", "crl.pem"}, "crlfile", "not signed by"},
                {{"server.pem", "server.key", NULL, "crl.pem"}, "crlfile", "needs cafile"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                TlsNotes notes;
                int r = load(&cases[i].files, &(TlsSettings){}, &notes);

                g_test_message("case %zu", i);
                if (!cases[i].text) {
                        g_assert_cmpint(r, ==, 0);
                        continue;
                }
                g_assert_cmpint(r, ==, -EKEYREJECTED);
                g_assert_cmpuint(notes.n, ==, 1);
                g_assert_true(notes.items[0].is_error);
                g_assert_cmpstr(notes.items[0].option, ==, cases[i].option);
                g_assert_nonnull(strstr(notes.items[0].text, cases[i].text));
        }
}

static void test_dates_are_worth_a_warning(void)
{
        static const struct {
                Files files;
                const char *option, *text;
        } cases[] = {
                {{"expired.pem", "expired.key"}, "certfile", "has expired"},
                {{"future.pem", "future.key"}, "certfile", "not valid yet"},
                {{"server.pem", "server.key", "old-ca.pem"}, "cafile", "CN=Old has expired"},
                {{"server.pem", "server.key", "ca.pem", "old-crl.pem"}, "crlfile", "out of date"},
        };
        Certificate old_ca = certificate_make(&(CertificateOrder){
                .subject = "CN=Old", .is_authority = true, .from = -9, .until = -1});
        Certificate future = certificate_make(&(CertificateOrder){
                .subject = "CN=F", .issuer = &tls_folder.ca, .from = 2, .until = 9});

        certificate_write(tls_path("old-ca.pem"), &old_ca, NULL);
        certificate_write(tls_path("future.pem"), &future, NULL);
        certificate_write_key(tls_path("future.key"), &future);
        certificate_write_revoked(tls_path("old-crl.pem"), &tls_folder.ca, NULL, -1);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                TlsNotes notes;

                g_assert_cmpint(load(&cases[i].files, &(TlsSettings){}, &notes), ==, 0);
                g_assert_cmpuint(notes.n, ==, 1);
                g_assert_false(notes.items[0].is_error);
                g_assert_cmpstr(notes.items[0].option, ==, cases[i].option);
                g_assert_nonnull(strstr(notes.items[0].text, cases[i].text));
        }
        certificate_done(&old_ca);
        certificate_done(&future);
}

static void test_client_certificates_need_authorities(void)
{
        TlsNotes notes;

        g_assert_cmpint(load(&(Files){"server.pem", "server.key"},
                             &(TlsSettings){.require_certificate = true}, &notes),
                        ==, -EKEYREJECTED);
        g_assert_cmpstr(notes.items[0].option, ==, "require_certificate");
}

static void test_pairs_must_be_whole(void)
{
        g_autofree char *certs = g_strjoin("\n", tls_path("server.pem"), tls_path("rsa.pem"), NULL);
        g_autofree char *key = g_strdup(tls_path("server.key"));
        TlsCredentials *credentials = NULL;
        TlsNotes notes = {};

        g_assert_cmpint(
                tls_credentials_new(
                        &(TlsSettings){.certfile = certs, .keyfile = key, .minimum_version = 12},
                        &tls_key, &notes, &credentials),
                ==, -EKEYREJECTED);
        g_assert_nonnull(strstr(notes.items[0].text, "each certfile needs its keyfile"));
}

static void test_the_nearest_expiry_is_known(void)
{
        TlsSettings settings = {.certfile = tls_path("server.pem"),
                                .keyfile = tls_path("server.key"),
                                .minimum_version = 12};
        TlsCredentials *credentials = tls_load(&settings);

        g_assert_cmpint(tls_credentials_expires(credentials), ==,
                        gnutls_x509_crt_get_expiration_time(tls_folder.server.own));
        tls_credentials_unref(credentials);
}

static TlsSettings server_settings(void)
{
        return (TlsSettings){
                .certfile = tls_path("server.pem"),
                .keyfile = tls_path("server.key"),
                .cafile = tls_path("ca.pem"),
                .minimum_version = 12,
        };
}

static void test_own_certificates_are_described(void)
{
        g_autofree char *certs = g_strjoin("\n", tls_path("alice.pem"), tls_path("rsa.pem"), NULL);
        g_autofree char *keys = g_strjoin("\n", tls_path("alice.key"), tls_path("rsa.key"), NULL);
        const TlsSettings settings = {.certfile = certs, .keyfile = keys, .minimum_version = 12};
        TlsCredentials *credentials = tls_load(&settings);
        gnutls_x509_crt_t alice = tls_folder.alice.own;
        unsigned char serial[8];
        size_t size = sizeof(serial), n;
        const TlsFacts *facts = tls_credentials_describe(credentials, &n);
        g_autoptr(GString) hex = g_string_new(NULL);

        g_assert_cmpint(gnutls_x509_crt_get_serial(alice, serial, &size), ==, 0);
        for (size_t i = 0; i < size; i++)
                g_string_append_printf(hex, "%02x", serial[i]);
        g_assert_cmpuint(n, ==, 2);
        g_assert_cmpstr(facts[0].certfile, ==, tls_path("alice.pem"));
        g_assert_cmpstr(facts[0].subject, ==, "CN=alice,OU=Pumps\\, large,O=Works");
        g_assert_cmpstr(facts[0].serial, ==, hex->str);
        g_assert_cmpint(facts[0].not_before, ==, gnutls_x509_crt_get_activation_time(alice));
        g_assert_cmpint(facts[0].not_after, ==, gnutls_x509_crt_get_expiration_time(alice));
        g_assert_cmpstr(facts[1].certfile, ==, tls_path("rsa.pem"));
        g_assert_cmpstr(facts[1].subject, ==, "CN=one.example");
        tls_credentials_unref(credentials);
}

static TlsDigest digest_of(const TlsSettings *settings)
{
        TlsCredentials *credentials = tls_load(settings);
        TlsDigest digest = *tls_credentials_digest(credentials);

        tls_credentials_unref(credentials);
        return digest;
}

static bool same(TlsDigest a, TlsDigest b)
{
        return memcmp(&a, &b, sizeof(a)) == 0;
}

static void test_digest_tells_what_was_loaded(void)
{
        TlsSettings settings = server_settings();
        const TlsDigest first = digest_of(&settings);
        g_autofree char *pem = NULL, *copy = NULL;

        g_assert_true(same(first, digest_of(&settings)));
        g_assert_true(g_file_get_contents(settings.certfile, &pem, NULL, NULL));
        settings.certfile = tls_file("elsewhere.pem", pem);
        g_assert_true(same(first, digest_of(&settings)));
        copy = g_strconcat(pem, "\n", NULL);
        settings.certfile = tls_file("elsewhere.pem", copy);
        g_assert_false(same(first, digest_of(&settings)));
}

/* Each of these alone makes another one. */
static void test_digest_covers_every_setting(void)
{
        const TlsSettings base = server_settings();
        TlsSettings changed[10];
        TlsDigest digests[G_N_ELEMENTS(changed)];

        for (size_t i = 0; i < G_N_ELEMENTS(changed); i++)
                changed[i] = base;
        changed[1].certfile = tls_path("rsa.pem");
        changed[1].keyfile = tls_path("rsa.key");
        changed[2].cafile = tls_path("other.pem");
        changed[3].cafile = NULL;
        changed[4].crlfile = tls_path("crl.pem");
        changed[5].minimum_version = 13;
        changed[6].require_certificate = true;
        changed[7].ask_certificate = true;
        changed[8].ignore_client_dates = true;
        changed[9].ciphers = "HIGH";
        for (size_t i = 0; i < G_N_ELEMENTS(changed); i++) {
                digests[i] = digest_of(&changed[i]);
                for (size_t j = 0; j < i; j++)
                        g_assert_false(same(digests[i], digests[j]));
        }
}

static void test_psk_files_are_checked(void)
{
        static const struct {
                const char *text, *error; /* NULL: fine */
        } cases[] = {
                {"a:00\n", NULL},
                {"\n# comment\n  a : 00ff \r\nb:AB\n", NULL},
                {"", NULL},
                {"a:00\nb\n", "psk:2: the line has no colon"},
                {":00\n", "has no identity"},
                {"a:\n", "has no key"},
                {"a:0\n", "has no key"},
                {"a:0x00\n", "has no key"},
                {"a:00\nb:00\na:01\n", "psk:3: the identity is at line 1 too"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                TlsSettings settings = {.psk_file = tls_file("psk", cases[i].text),
                                        .psk_hint = "hint"};
                TlsNotes notes;
                int r;

                r = load(&(Files){}, &settings, &notes);
                g_assert_cmpint(r, ==, cases[i].error ? -EKEYREJECTED : 0);
                if (cases[i].error)
                        g_assert_nonnull(strstr(notes.items[0].text, cases[i].error));
        }
}

/* Whether the words are known here, and the library takes what they become. */
static void test_ciphers_are_translated_or_refused(void)
{
        static const struct {
                const char *ciphers, *ciphers_13;
                unsigned version;
                const char *error; /* NULL: fine */
        } cases[] = {
                {"HIGH:!aNULL:!eNULL:!MD5", NULL, 12, NULL},
                {"HIGH:!aNULL:!eNULL:!EXPORT:!DES:!RC4:!MD5:!PSK:!SRP:!CAMELLIA", NULL, 12, NULL},
                {"DEFAULT:!aNULL:!eNULL:!LOW:!EXPORT:!SSLv2:@STRENGTH", NULL, 12, NULL},
                {"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384", NULL, 12, NULL},
                {"ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:!kRSA", NULL, 12, NULL},
                {"EECDH+AESGCM EDH+AESGCM", NULL, 12, NULL},
                {"AES256-SHA,AES128-SHA", NULL, 12, NULL},
                {NULL, "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256", 12, NULL},
                {"ECDHE+AESGCM", "TLS_AES_128_GCM_SHA256", 13, NULL},
                {"HIGH:!ECDHE-RSA-AES128-SHA", NULL, 12, "cannot be left out alone"},
                {"HIGH:nonsense", NULL, 12, "'nonsense' is not a cipher"},
                {"RC4-MD5", NULL, 12, "'RC4-MD5' is not a cipher"},
                {"aNULL", NULL, 12, "leaves no cipher"},
                {"HIGH:!ALL", NULL, 12, "leaves no cipher"},
                {"HIGH:@SECLEVEL=0", NULL, 12, "@SECLEVEL=0"},
                {"AES256-SHA", NULL, 13, "leaves no cipher for TLS 1.3"},
                {"ECDHE+CHACHA20", "TLS_AES_128_GCM_SHA256", 12, "leaves no cipher for TLS 1.3"},
                {NULL, "TLS_AES_512", 12, "'TLS_AES_512' is not a suite"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                TlsSettings settings = {.ciphers = cases[i].ciphers,
                                        .ciphers_13 = cases[i].ciphers_13,
                                        .minimum_version = cases[i].version};
                TlsNotes notes;
                int r = load(&(Files){"server.pem", "server.key"}, &settings, &notes);

                g_test_message("%s", cases[i].ciphers);
                g_assert_cmpint(r, ==, cases[i].error ? -EKEYREJECTED : 0);
                if (cases[i].error)
                        g_assert_nonnull(strstr(notes.items[0].text, cases[i].error));
        }
}

/* What is negotiated with a client that takes anything. */
static void test_ciphers_hold(void)
{
        static const struct {
                const char *ciphers, *ciphers_13, *client;
                gnutls_cipher_algorithm_t cipher; /* UNKNOWN: no handshake */
        } cases[] = {
                {"ECDHE+AES128+AESGCM", NULL, "NORMAL", GNUTLS_CIPHER_AES_128_GCM},
                {"ECDHE-ECDSA-CHACHA20-POLY1305", NULL, "NORMAL", GNUTLS_CIPHER_CHACHA20_POLY1305},
                {NULL, "TLS_AES_128_GCM_SHA256", "NORMAL:-VERS-ALL:+VERS-TLS1.3",
                 GNUTLS_CIPHER_AES_128_GCM},
                {"ECDHE+AESGCM", NULL, "NORMAL:-CIPHER-ALL:+AES-128-CBC", GNUTLS_CIPHER_UNKNOWN},
                {"HIGH:!aNULL", NULL, "NORMAL:-CIPHER-ALL:+AES-128-CBC:-VERS-TLS1.3",
                 GNUTLS_CIPHER_AES_128_CBC},
                {"HIGH:!SHA1", NULL, "NORMAL:-CIPHER-ALL:+AES-128-CBC:-VERS-TLS1.3:-MAC-ALL:+SHA1",
                 GNUTLS_CIPHER_UNKNOWN},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                TlsSettings settings = {.certfile = tls_path("server.pem"),
                                        .keyfile = tls_path("server.key"),
                                        .ciphers = cases[i].ciphers,
                                        .ciphers_13 = cases[i].ciphers_13,
                                        .minimum_version = 12};
                TlsCredentials *credentials = tls_load(&settings);
                TlsEnds pair;

                g_test_message("%zu", i);
                tls_ends_init(&pair, credentials, &(TlsClientWish){.priority = cases[i].client});
                tls_ends_shake(&pair);
                if (cases[i].cipher == GNUTLS_CIPHER_UNKNOWN)
                        g_assert_cmpint(pair.handshake, ==, -EPROTO);
                else
                        g_assert_cmpint(gnutls_cipher_get(pair.client.session), ==,
                                        cases[i].cipher);
                tls_ends_done(&pair);
                tls_credentials_unref(credentials);
        }
}

static void make_more_files(void)
{
        g_autofree char *whole = NULL, *link = g_strdup(tls_path("link.pem"));
        g_autofree char *link_key = g_strdup(tls_path("link.key"));

        g_assert_cmpint(symlink("server.pem", link), ==, 0);
        g_assert_cmpint(symlink("server.key", link_key), ==, 0);
        certificate_write_locked_key(tls_path("locked.key"), &tls_folder.server);
        tls_file("empty", "");
        g_assert_true(g_file_get_contents(tls_path("server.pem"), &whole, NULL, NULL));
        whole[strlen(whole) / 2] = 0;
        tls_file("half.pem", whole);
}

int main(int argc, char **argv)
{
        int r;

        g_test_init(&argc, &argv, NULL);
        tls_folder_make();
        make_more_files();
        g_test_add_func("/transport/tls-credentials/files-are-checked", test_files_are_checked);
        g_test_add_func("/transport/tls-credentials/dates-are-worth-a-warning",
                        test_dates_are_worth_a_warning);
        g_test_add_func("/transport/tls-credentials/client-certificates-need-authorities",
                        test_client_certificates_need_authorities);
        g_test_add_func("/transport/tls-credentials/pairs-must-be-whole", test_pairs_must_be_whole);
        g_test_add_func("/transport/tls-credentials/the-nearest-expiry-is-known",
                        test_the_nearest_expiry_is_known);
        g_test_add_func("/transport/tls-credentials/own-certificates-are-described",
                        test_own_certificates_are_described);
        g_test_add_func("/transport/tls-credentials/digest-tells-what-was-loaded",
                        test_digest_tells_what_was_loaded);
        g_test_add_func("/transport/tls-credentials/digest-covers-every-setting",
                        test_digest_covers_every_setting);
        g_test_add_func("/transport/tls-credentials/psk-files-are-checked",
                        test_psk_files_are_checked);
        g_test_add_func("/transport/tls-credentials/ciphers-are-translated-or-refused",
                        test_ciphers_are_translated_or_refused);
        g_test_add_func("/transport/tls-credentials/ciphers-hold", test_ciphers_hold);
        r = g_test_run();
        tls_folder_done();
        return r;
}
