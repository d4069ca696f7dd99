/* SPDX-License-Identifier: Apache-2.0 */

/* Stapled responses: which are used, which are warned about, and until when. */
#include <errno.h>
#include <glib.h>
#include <gnutls/gnutls.h>
#include <gnutls/ocsp.h>
#include <string.h>

#include "certificates/ocsp-response.h"
#include "tls-fixture.h"

#define DAY (24 * 3600)

static time_t shift; /* of the library's clock */

static time_t shifted_time(time_t *t)
{
        time_t now = time(NULL) + shift;

        if (t)
                *t = now;
        return now;
}

static TlsSettings settings_with(const char *file)
{
        return (TlsSettings){
                .certfile = tls_path("server.pem"),
                .keyfile = tls_path("server.key"),
                .cafile = tls_path("ca.pem"),
                .ocsp_file = file,
                .minimum_version = 12,
        };
}

static const char *order_file(const char *name, OcspOrder order)
{
        const char *path = tls_path(name);

        order.about = order.about ? order.about : &tls_folder.server;
        order.issuer = order.issuer ? order.issuer : &tls_folder.ca;
        ocsp_response_write(path, &order);
        return path;
}

/* Whether the client got one. */
static bool is_stapled(TlsCredentials *credentials, const TlsClientWish *wish)
{
        gnutls_datum_t response;
        TlsEnds pair;
        bool is;

        tls_ends_init(&pair, credentials, wish);
        tls_ends_shake(&pair);
        g_assert_cmpint(pair.handshake, ==, 0);
        is = gnutls_ocsp_status_request_get(pair.client.session, &response) == 0;
        tls_ends_done(&pair);
        return is;
}

static const char *const versions[] = {
        "NORMAL:-VERS-ALL:+VERS-TLS1.2",
        "NORMAL:-VERS-ALL:+VERS-TLS1.3",
};

static void test_a_good_one_is_stapled(gconstpointer version)
{
        for (unsigned is_pem = 0; is_pem < 2; is_pem++) {
                TlsSettings settings =
                        settings_with(order_file("good", (OcspOrder){.is_pem = is_pem}));
                TlsCredentials *credentials = tls_load(&settings);
                const TlsFacts *facts;
                size_t n;

                facts = tls_credentials_describe(credentials, &n);
                g_assert_cmpint(facts[0].staple_until, >, time(NULL) + 6 * DAY);
                g_assert_cmpint(facts[0].staple_until, <, time(NULL) + 8 * DAY);
                g_assert_true(is_stapled(credentials, &(TlsClientWish){.priority = version}));
                tls_credentials_unref(credentials);
        }
}

/* A stale one is worse than none: clients end the handshake. */
static void test_its_time_runs_out(gconstpointer version)
{
        TlsSettings settings = settings_with(order_file("good", (OcspOrder){}));
        TlsCredentials *credentials = tls_load(&settings);

        shift = 6 * DAY;
        g_assert_true(is_stapled(credentials, &(TlsClientWish){.priority = version}));
        shift = 8 * DAY;
        g_assert_false(is_stapled(credentials, &(TlsClientWish){.priority = version}));
        shift = 0;
        tls_credentials_unref(credentials);
}

static void test_what_does_not_help_is_warned_about(void)
{
        const struct {
                OcspOrder order;
                const char *text;
        } cases[] = {
                {{.from = -9, .until = -1}, "has expired"},
                {{.from = 1, .until = 9}, "is not valid yet"},
                {{.is_revoked = true}, "says that the certificate is revoked"},
                {{.about = &tls_folder.alice}, "about none of the certificates"},
                {{.issuer = &tls_folder.other_ca}, "about none of the certificates"},
                {{.signer = &tls_folder.other_ca}, "is not signed for the authority"},
                {{.signer = &tls_folder.alice}, "is not signed for the authority"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                TlsSettings settings = settings_with(order_file("bad", cases[i].order));
                TlsCredentials *credentials;
                const TlsFacts *facts;
                TlsNotes notes = {};
                size_t n;

                g_assert_cmpint(tls_credentials_new(&settings, &tls_key, &notes, &credentials), ==,
                                0);
                g_test_message("%s", notes.items[0].text);
                g_assert_cmpuint(notes.n, ==, 1);
                g_assert_false(notes.items[0].is_error);
                g_assert_cmpstr(notes.items[0].option, ==, "ocsp_file");
                g_assert_nonnull(strstr(notes.items[0].text, cases[i].text));
                facts = tls_credentials_describe(credentials, &n);
                g_assert_cmpint(facts[0].staple_until, ==, 0);
                g_assert_false(is_stapled(credentials, &(TlsClientWish){}));
                tls_credentials_unref(credentials);
        }
}

static void test_other_files_are_refused(void)
{
        static const struct {
                const char *name, *text;
        } cases[] = {
                {"absent", "cannot be read"},
                {"server.pem", "holds no OCSP response"},
                {"empty", "holds no OCSP response"},
                {"refusal", "holds no OCSP response with a status"},
        };

        tls_file("empty", "");
        tls_file("refusal", "\x30\x03\x0a\x01\x06"); /* unauthorized */
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                TlsSettings settings = settings_with(tls_path(cases[i].name));
                TlsCredentials *credentials = NULL;
                TlsNotes notes = {};

                g_assert_cmpint(tls_credentials_new(&settings, &tls_key, &notes, &credentials), ==,
                                -EKEYREJECTED);
                g_assert_nonnull(strstr(notes.items[0].text, cases[i].text));
        }
}

/* In any order; one may have none. */
static void test_each_goes_to_its_certificate(void)
{
        g_autofree char *certs = g_strjoin("\n", tls_path("server.pem"), tls_path("rsa.pem"),
                                           tls_path("two.pem"), NULL);
        g_autofree char *keys = g_strjoin("\n", tls_path("server.key"), tls_path("rsa.key"),
                                          tls_path("two.key"), NULL);
        g_autofree char *two =
                g_strdup(order_file("o-two", (OcspOrder){.about = &tls_folder.server_two,
                                                         .issuer = &tls_folder.middle}));
        g_autofree char *files = g_strjoin("\n", two, order_file("o-one", (OcspOrder){}), NULL);
        TlsSettings settings = settings_with(files);
        TlsCredentials *credentials;

        settings.certfile = certs;
        settings.keyfile = keys;
        credentials = tls_load(&settings);
        g_assert_true(is_stapled(credentials, &(TlsClientWish){.host = "one.example"}));
        g_assert_true(is_stapled(credentials, &(TlsClientWish){.host = "two.example"}));
        g_assert_false(is_stapled(
                credentials, &(TlsClientWish){.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:"
                                                          "+ECDHE-RSA"}));
        tls_credentials_unref(credentials);
}

static void test_a_new_one_is_a_change(void)
{
        const char *path = order_file("good", (OcspOrder){});
        TlsSettings settings = settings_with(path);
        TlsCredentials *before = tls_load(&settings), *after;

        ocsp_response_write(path, &(OcspOrder){.about = &tls_folder.server,
                                               .issuer = &tls_folder.ca,
                                               .from = -1,
                                               .until = 8});
        after = tls_load(&settings);
        g_assert_cmpint(memcmp(tls_credentials_digest(before), tls_credentials_digest(after),
                               sizeof(TlsDigest)),
                        !=, 0);
        tls_credentials_unref(before);
        tls_credentials_unref(after);
}

int main(int argc, char **argv)
{
        int r;

        g_test_init(&argc, &argv, NULL);
        gnutls_global_set_time_function(shifted_time);
        tls_folder_make();
        g_test_add_data_func("/transport/tls-ocsp/a-good-one-is-stapled/1.2", versions[0],
                             test_a_good_one_is_stapled);
        g_test_add_data_func("/transport/tls-ocsp/a-good-one-is-stapled/1.3", versions[1],
                             test_a_good_one_is_stapled);
        g_test_add_data_func("/transport/tls-ocsp/its-time-runs-out/1.2", versions[0],
                             test_its_time_runs_out);
        g_test_add_data_func("/transport/tls-ocsp/its-time-runs-out/1.3", versions[1],
                             test_its_time_runs_out);
        g_test_add_func("/transport/tls-ocsp/what-does-not-help-is-warned-about",
                        test_what_does_not_help_is_warned_about);
        g_test_add_func("/transport/tls-ocsp/other-files-are-refused",
                        test_other_files_are_refused);
        g_test_add_func("/transport/tls-ocsp/each-goes-to-its-certificate",
                        test_each_goes_to_its_certificate);
        g_test_add_func("/transport/tls-ocsp/a-new-one-is-a-change", test_a_new_one_is_a_change);
        r = g_test_run();
        tls_folder_done();
        return r;
}
