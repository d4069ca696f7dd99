/* SPDX-License-Identifier: Apache-2.0 */

/* Who signs tokens. */
#include "jwt-signer.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <gnutls/crypto.h>
#include <string.h>
#include <unistd.h>

static const struct {
        const char *name;
        gnutls_pk_algorithm_t key;
        unsigned bits;
        gnutls_sign_algorithm_t sign;
} kinds[JWT_ALGORITHMS_N] = {
        [JWT_RS256] = {"RS256", GNUTLS_PK_RSA, 2048, GNUTLS_SIGN_RSA_SHA256},
        [JWT_ES256] = {"ES256", GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
                       GNUTLS_SIGN_ECDSA_SHA256},
        [JWT_EDDSA] = {"EdDSA", GNUTLS_PK_EDDSA_ED25519, 256, GNUTLS_SIGN_EDDSA_ED25519},
        [JWT_HS256] = {"HS256"},
};

void signer_init(Signer *signer, JwtAlgorithm algorithm)
{
        *signer = (Signer){.algorithm = algorithm};
        if (algorithm == JWT_HS256)
                return;
        g_assert_cmpint(gnutls_privkey_init(&signer->key), ==, 0);
        g_assert_cmpint(gnutls_privkey_generate(signer->key, kinds[algorithm].key,
                                                kinds[algorithm].bits, 0),
                        ==, 0);
}

void signer_done(Signer *signer)
{
        if (signer->key)
                gnutls_privkey_deinit(signer->key);
        *signer = (Signer){};
}

static char *take(gnutls_datum_t *datum)
{
        char *text = g_strndup((const char *)datum->data, datum->size);

        gnutls_free(datum->data);
        return text;
}

char *signer_file(const Signer *signer)
{
        gnutls_datum_t pem = {};
        gnutls_pubkey_t public;

        if (!signer->key)
                return g_strdup(SIGNER_SECRET "\n");
        g_assert_cmpint(gnutls_pubkey_init(&public), ==, 0);
        g_assert_cmpint(gnutls_pubkey_import_privkey(public, signer->key, 0, 0), ==, 0);
        g_assert_cmpint(gnutls_pubkey_export2(public, GNUTLS_X509_FMT_PEM, &pem), ==, 0);
        gnutls_pubkey_deinit(public);
        return take(&pem);
}

char *signer_private_file(const Signer *signer)
{
        gnutls_x509_privkey_t key;
        gnutls_datum_t pem = {};

        g_assert_cmpint(gnutls_privkey_export_x509(signer->key, &key), ==, 0);
        g_assert_cmpint(gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, 0, &pem),
                        ==, 0);
        gnutls_x509_privkey_deinit(key);
        return take(&pem);
}

static char *encode(const void *data, size_t size)
{
        char *text = g_base64_encode(data, size);

        g_strdelimit(text, "+", '-');
        g_strdelimit(text, "/", '_');
        text[strcspn(text, "=")] = 0;
        return text;
}

static char *sign(const Signer *signer, const char *text)
{
        const gnutls_datum_t data = {(unsigned char *)(uintptr_t)text, (unsigned)strlen(text)};
        gnutls_datum_t signature = {}, r = {}, s = {};
        uint8_t fixed[64] = {};
        char *encoded;

        if (!signer->key) {
                g_assert_cmpint(gnutls_hmac_fast(GNUTLS_MAC_SHA256, SIGNER_SECRET,
                                                 strlen(SIGNER_SECRET), text, strlen(text), fixed),
                                ==, 0);
                return encode(fixed, 32);
        }
        g_assert_cmpint(gnutls_privkey_sign_data2(signer->key, kinds[signer->algorithm].sign, 0,
                                                  &data, &signature),
                        ==, 0);
        if (signer->algorithm == JWT_ES256) {
                g_assert_cmpint(gnutls_decode_rs_value(&signature, &r, &s), ==, 0);
                for (unsigned i = 1; i <= 32 && i <= r.size; i++)
                        fixed[32 - i] = r.data[r.size - i];
                for (unsigned i = 1; i <= 32 && i <= s.size; i++)
                        fixed[64 - i] = s.data[s.size - i];
                gnutls_free(r.data);
                gnutls_free(s.data);
                encoded = encode(fixed, 64);
        } else {
                encoded = encode(signature.data, signature.size);
        }
        gnutls_free(signature.data);
        return encoded;
}

char *signer_sign(const Signer *signer, const char *header, const char *payload)
{
        g_autofree char *first = encode(header, strlen(header));
        g_autofree char *second = encode(payload, strlen(payload));
        g_autofree char *text = g_strjoin(".", first, second, NULL);
        g_autofree char *signature = sign(signer, text);

        return g_strjoin(".", text, signature, NULL);
}

char *signer_token(const Signer *signer, const char *payload)
{
        g_autofree char *header =
                g_strdup_printf("{\"typ\":\"JWT\",\"alg\":\"%s\"}", kinds[signer->algorithm].name);

        return signer_sign(signer, header, payload);
}

int signer_load(const char *text, JwtKeys **ret_keys, char **ret_errors)
{
        _cleanup_(config_errors_done) ConfigErrors errors = CONFIG_ERRORS_INIT;
        g_autofree char *path = NULL;
        GString *all = g_string_new(NULL);
        int fd = g_file_open_tmp("hawker-jwt-XXXXXX", &path, NULL);
        int r;

        g_assert_cmpint(fd, >=, 0);
        close(fd);
        g_assert_true(g_file_set_contents(path, text, -1, NULL));
        g_assert_cmpint(g_chmod(path, 0600), ==, 0);
        r = jwt_keys_load(path, &errors, ret_keys);
        g_unlink(path);
        for (size_t i = 0; i < errors.n_items; i++)
                g_string_append_printf(all, "%s%u: %s", all->len ? "\n" : "", errors.items[i].line,
                                       errors.items[i].text);
        g_assert_true(r == 0 || errors.n_errors > 0);
        if (ret_errors)
                *ret_errors = g_string_free(all, FALSE);
        else
                g_string_free(all, TRUE);
        return r;
}
