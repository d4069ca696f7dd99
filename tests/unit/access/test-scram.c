/* SPDX-License-Identifier: Apache-2.0 */

/* SCRAM: stored keys, and logins between the server's side and a client of the test's own. */
#include <glib.h>
#include <glib/gstdio.h>
#include <gnutls/crypto.h>
#include <string.h>
#include <unistd.h>

#include "access/scram.h"
#include "mqtt/protocol.h"
#include "util/base64.h"

/* RFC 7677, 3: user "user", password "pencil". */
#define RFC_7677                                                                                   \
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"                                             \
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"                                            \
        "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static const gnutls_mac_algorithm_t macs[] = {GNUTLS_MAC_SHA256, GNUTLS_MAC_SHA512};
static const gnutls_digest_algorithm_t digests[] = {GNUTLS_DIG_SHA256, GNUTLS_DIG_SHA512};

static Passwords *load(const char *text)
{
        _cleanup_(config_errors_done) ConfigErrors errors = CONFIG_ERRORS_INIT;
        g_autofree char *path = NULL;
        int fd = g_file_open_tmp("hawker-scram-XXXXXX", &path, NULL);
        Passwords *passwords = NULL;

        g_assert_cmpint(fd, >=, 0);
        close(fd);
        g_assert_true(g_file_set_contents(path, text, -1, NULL));
        g_assert_cmpint(passwords_load(path, &errors, &passwords), ==, 0);
        g_unlink(path);
        return passwords;
}

static Passwords *load_users(void)
{
        g_autofree char *text = NULL;
        char *one, *two, *plain;
        Passwords *passwords;

        g_assert_cmpint(password_hash_make(PASSWORD_SCRAM_SHA_256, BYTES_LITERAL("one"), &one), ==,
                        0);
        g_assert_cmpint(password_hash_make(PASSWORD_SCRAM_SHA_512, BYTES_LITERAL("two"), &two), ==,
                        0);
        g_assert_cmpint(password_hash_make(PASSWORD_PBKDF2_SHA512, BYTES_LITERAL("three"), &plain),
                        ==, 0);
        text = g_strdup_printf("user:%s\none:%s\ntwo:%s\nthree:%s\nwith,=:%s\n", RFC_7677, one, two,
                               plain, one);
        passwords = load(text);
        free(one);
        free(two);
        free(plain);
        return passwords;
}

static int begin(const Passwords *passwords, ScramHash hash, const char *first, Scram **ret)
{
        return scram_new(passwords, hash, bytes_from_string(first), ret);
}

/* What a client with this password answers; g_free(). changed: a bit of its proof is wrong. */
static char *answer(const Scram *scram, const char *header, const char *bare, const char *password,
                    bool changed)
{
        const ScramHash hash = scram_hash(scram);
        const size_t size = scram_digest_size(hash);
        Bytes challenge = scram_challenge(scram);
        g_auto(GStrv) fields = NULL;
        g_autofree char *text = g_strndup((const char *)challenge.data, challenge.length);
        g_autofree char *c = g_base64_encode((const guchar *)header, strlen(header));
        g_autofree char *without = NULL, *all = NULL, *proof = NULL;
        uint8_t client[64], stored[64], signature[64];
        g_autofree guchar *salt = NULL;
        gnutls_datum_t phrase = {(unsigned char *)(uintptr_t)password, (unsigned)strlen(password)};
        gnutls_datum_t with = {};
        gsize n;

        fields = g_strsplit(text, ",", 0);
        g_assert_cmpuint(g_strv_length(fields), ==, 3);
        salt = g_base64_decode(fields[1] + 2, &n);
        with = (gnutls_datum_t){salt, (unsigned)n};
        g_assert_cmpint(gnutls_pbkdf2(macs[hash], &phrase, &with, (unsigned)atoi(fields[2] + 2),
                                      stored, size),
                        ==, 0);
        gnutls_hmac_fast(macs[hash], stored, size, "Client Key", 10, client);
        gnutls_hash_fast(digests[hash], client, size, stored);
        without = g_strdup_printf("c=%s,%s", c, fields[0]);
        all = g_strdup_printf("%s,%s,%s", bare, text, without);
        gnutls_hmac_fast(macs[hash], stored, size, all, strlen(all), signature);
        for (size_t i = 0; i < size; i++)
                client[i] ^= signature[i];
        client[size - 1] ^= changed;
        proof = g_base64_encode(client, size);
        return g_strdup_printf("%s,p=%s", without, proof);
}

static int login(const Passwords *passwords, ScramHash hash, const char *user, const char *password)
{
        g_autofree char *bare = g_strdup_printf("n=%s,r=abc", user);
        g_autofree char *first = g_strconcat("n,,", bare, NULL);
        _cleanup_(scram_freep) Scram *scram = NULL;
        g_autofree char *final = NULL;
        Bytes proof = {};
        int r = begin(passwords, hash, first, &scram);

        if (r != 0)
                return r;
        final = answer(scram, "n,,", bare, password, false);
        r = scram_finish(scram, bytes_from_string(final), &proof);
        g_assert_cmpint(proof.length > 0, ==, r == 0);
        return r;
}

static void test_logins(void)
{
        _cleanup_(passwords_unrefp) Passwords *passwords = load_users();
        const struct {
                ScramHash hash;
                const char *user, *password;
                int result;
        } cases[] = {
                {SCRAM_SHA_256, "user", "pencil", 0},
                {SCRAM_SHA_256, "user", "pencil2", REASON_NOT_AUTHORIZED},
                {SCRAM_SHA_256, "one", "one", 0},
                {SCRAM_SHA_256, "one", "", REASON_NOT_AUTHORIZED},
                {SCRAM_SHA_512, "two", "two", 0},
                {SCRAM_SHA_512, "two", "one", REASON_NOT_AUTHORIZED},
                {SCRAM_SHA_256, "two", "two", REASON_NOT_AUTHORIZED},     /* has another key */
                {SCRAM_SHA_256, "three", "three", REASON_NOT_AUTHORIZED}, /* has none */
                {SCRAM_SHA_256, "nobody", "pencil", REASON_NOT_AUTHORIZED},
                {SCRAM_SHA_256, "with=2C=3D", "one", 0},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_test_message("%s %s", cases[i].user, cases[i].password);
                g_assert_cmpint(login(passwords, cases[i].hash, cases[i].user, cases[i].password),
                                ==, cases[i].result);
        }
}

/* The numbers of RFC 7677, but for the nonce that is ours. */
static void test_keys_of_the_rfc(void)
{
        g_autofree char *text = NULL;
        ScramKey parsed, derived;
        uint8_t salt[16];
        Bytes decoded;

        g_assert_true(base64_decode(BYTES_LITERAL("W22ZaJ0SNY7soEsUEjb6gQ=="), salt, sizeof(salt),
                                    &decoded));
        g_assert_null(scram_key_parse(RFC_7677, &parsed));
        g_assert_cmpint(
                scram_key_derive(SCRAM_SHA_256, BYTES_LITERAL("pencil"), decoded, 4096, &derived),
                ==, 0);
        g_assert_cmpmem(parsed.stored, 32, derived.stored, 32);
        g_assert_cmpmem(parsed.server, 32, derived.server, 32);
        g_assert_cmpint(scram_key_format(&parsed, &text), ==, 0);
        g_assert_cmpstr(text, ==, RFC_7677);
        g_assert_cmpint(scram_key_verify(&parsed, BYTES_LITERAL("pencil")), ==, 0);
        g_assert_cmpint(scram_key_verify(&parsed, BYTES_LITERAL("Pencil")), ==,
                        REASON_BAD_USER_NAME_OR_PASSWORD);
}

static void test_first_messages(void)
{
        static const struct {
                const char *first;
                int result;
        } cases[] = {
                {"n,,n=user,r=abc", 0},
                {"y,,n=user,r=abc", 0},
                {"n,a=user,n=user,r=abc", 0},
                {"n,,n=user,r=abc,x=later", 0},
                {"n,a=root,n=user,r=abc", REASON_NOT_AUTHORIZED},
                {"p=tls-exporter,,n=user,r=abc", REASON_NOT_AUTHORIZED},
                {"n,,m=x,n=user,r=abc", REASON_NOT_AUTHORIZED},
                {"n,,n=user", REASON_NOT_AUTHORIZED},
                {"n,,n=user,r=", REASON_NOT_AUTHORIZED},
                {"n,,n=user,r=a b", REASON_NOT_AUTHORIZED},
                {"n,,n=,r=abc", REASON_NOT_AUTHORIZED},
                {"n,,n=us=er,r=abc", REASON_NOT_AUTHORIZED},
                {"n,,n=user=2,r=abc", REASON_NOT_AUTHORIZED},
                {"n,n=user,r=abc", REASON_NOT_AUTHORIZED},
                {"n,,r=abc,n=user", REASON_NOT_AUTHORIZED},
                {"n,,", REASON_NOT_AUTHORIZED},
                {"n,", REASON_NOT_AUTHORIZED},
                {"n", REASON_NOT_AUTHORIZED},
                {"", REASON_NOT_AUTHORIZED},
                {",,,,", REASON_NOT_AUTHORIZED},
        };
        _cleanup_(passwords_unrefp) Passwords *passwords = load_users();
        g_autofree char *huge = g_strnfill(SCRAM_MESSAGE_MAX + 1, 'x');

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                _cleanup_(scram_freep) Scram *scram = NULL;
                g_autofree char *name = NULL;

                g_test_message("%s", cases[i].first);
                g_assert_cmpint(begin(passwords, SCRAM_SHA_256, cases[i].first, &scram), ==,
                                cases[i].result);
                g_assert_cmpint(scram_peek_username(bytes_from_string(cases[i].first), &name), ==,
                                cases[i].result);
                g_assert_cmpstr(name, ==, cases[i].result == 0 ? "user" : NULL);
        }
        memcpy(huge, "n,,n=user,r=", 12);
        g_assert_cmpint(scram_new(passwords, SCRAM_SHA_256, bytes_from_string(huge), NULL), ==,
                        REASON_NOT_AUTHORIZED);
        g_assert_cmpint(
                scram_new(passwords, SCRAM_SHA_256, BYTES_LITERAL("n,,n=us\0er,r=abc"), NULL), ==,
                REASON_NOT_AUTHORIZED);
}

static void test_last_messages(void)
{
        static const char header[] = "n,,", bare[] = "n=user,r=abc";
        _cleanup_(passwords_unrefp) Passwords *passwords = load_users();

        for (unsigned i = 0; i < 7; i++) {
                _cleanup_(scram_freep) Scram *scram = NULL;
                g_autofree char *final = NULL, *changed = NULL;
                Bytes proof = {};

                g_assert_cmpint(begin(passwords, SCRAM_SHA_256, "n,,n=user,r=abc", &scram), ==, 0);
                /* Of another header than the first message had; of a wrong bit. */
                final = answer(scram, i == 0 ? "y,," : header, bare, "pencil", i == 1);
                if (i == 2)
                        changed = g_strdup(final + strcspn(final, ",") + 1);
                else if (i == 3)
                        changed = g_strconcat(final, ",x=1", NULL);
                else if (i == 4)
                        changed = g_strndup(final, strlen(final) - 4);
                else if (i == 5)
                        strstr(final, "r=abc")[4] = 'd';
                g_assert_cmpint(
                        scram_finish(scram, bytes_from_string(changed ? changed : final), &proof),
                        ==, i == 6 ? 0 : REASON_NOT_AUTHORIZED);
        }
}

static char *salt_of(const Passwords *passwords, const char *user)
{
        g_autofree char *first = g_strdup_printf("n,,n=%s,r=abc", user);
        _cleanup_(scram_freep) Scram *scram = NULL;
        const char *text;

        g_assert_cmpint(begin(passwords, SCRAM_SHA_256, first, &scram), ==, 0);
        text = (const char *)scram_challenge(scram).data;
        g_assert_nonnull(strstr(text, ",i=4096"));
        return g_strndup(strstr(text, "s="), strcspn(strstr(text, "s="), ","));
}

/* As a user would, nobody has a salt of his own that does not change. */
static void test_nobody_looks_like_somebody(void)
{
        _cleanup_(passwords_unrefp) Passwords *passwords = load("user:" RFC_7677 "\n");
        _cleanup_(passwords_unrefp) Passwords *again = load("user:" RFC_7677 "\nx:" RFC_7677 "\n");
        g_autofree char *user = salt_of(passwords, "user"), *one = salt_of(passwords, "one");
        g_autofree char *two = salt_of(passwords, "two"), *later = salt_of(again, "one");

        g_assert_cmpuint(strlen(one), ==, strlen(user));
        g_assert_cmpstr(one, !=, user);
        g_assert_cmpstr(one, !=, two);
        g_assert_cmpstr(one, ==, later);
}

static void test_method_needs_a_user(void)
{
        _cleanup_(passwords_unrefp) Passwords *passwords = load("user:" RFC_7677 "\n");
        _cleanup_(scram_freep) Scram *scram = NULL;
        ScramHash hash;

        g_assert_cmpint(begin(passwords, SCRAM_SHA_512, "n,,n=user,r=abc", &scram), ==,
                        REASON_BAD_AUTHENTICATION_METHOD);
        g_assert_true(scram_hash_from_name(BYTES_LITERAL("SCRAM-SHA-512"), &hash));
        g_assert_cmpint(hash, ==, SCRAM_SHA_512);
        g_assert_false(scram_hash_from_name(BYTES_LITERAL("SCRAM-SHA-1"), &hash));
        g_assert_false(scram_hash_from_name(BYTES_LITERAL("SCRAM-SHA-256-PLUS"), &hash));
}

static void test_unreadable_keys(void)
{
        static const char *const texts[] = {
                "",
                "SCRAM-SHA-1$4096:AAAA$AAAA:AAAA",
                "SCRAM-SHA-256",
                "SCRAM-SHA-256$4096",
                "SCRAM-SHA-256$4096:AAAA$AAAA",
                "SCRAM-SHA-256$4096:AAAA$AAAA:AAAA",
                "SCRAM-SHA-256$0:W22ZaJ0SNY7soEsUEjb6gQ==$"
                "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
                "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
                "SCRAM-SHA-256$4096:$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
                "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
                RFC_7677 "=",
        };
        ScramKey key;

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                g_assert_nonnull(scram_key_parse(texts[i], &key));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/access/scram/logins", test_logins);
        g_test_add_func("/access/scram/keys-of-the-rfc", test_keys_of_the_rfc);
        g_test_add_func("/access/scram/first-messages", test_first_messages);
        g_test_add_func("/access/scram/last-messages", test_last_messages);
        g_test_add_func("/access/scram/nobody-looks-like-somebody",
                        test_nobody_looks_like_somebody);
        g_test_add_func("/access/scram/method-needs-a-user", test_method_needs_a_user);
        g_test_add_func("/access/scram/unreadable-keys", test_unreadable_keys);
        return g_test_run();
}
