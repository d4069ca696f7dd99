/* SPDX-License-Identifier: Apache-2.0 */

/* The keys by which JSON Web Tokens are checked. */

#include "access/jwt-key.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <stdatomic.h>
#include <string.h>

#include "util/secret-file.h"

#define RSA_BITS_MIN    2048U
#define SECRET_MIN      32U /* RFC 7518, 3.2 */
#define HALF_OF_ES256   32U /* r and s, RFC 7518, 3.4 */
#define DIGEST_OF_HS256 32U
#define PEM_BEGIN       "-----BEGIN "
#define PEM_DASHES      "-----"

typedef struct JwtKey {
        JwtAlgorithm algorithm;
        gnutls_pubkey_t public; /* NULL: of a secret */
        uint8_t id[32];         /* SHA-256 of the public key, or of the secret */
} JwtKey;

struct JwtKeys {
        atomic_uint references;
        SecretFile file;
        Bytes secret; /* lies in the file */
        JwtKey *items;
        size_t n;
};

/* What goes along while a file is read. */
typedef struct Load {
        const char *path;
        ConfigErrors *errors;
        JwtKeys *keys;
} Load;

static int refuse(const Load *load, unsigned line, const char *what)
{
        config_errors_add(load->errors, CONFIG_ERROR, load->path, line, "%s", what);
        return -EINVAL;
}

/* --- public keys --- */

static int import_certificate(const gnutls_datum_t *pem, gnutls_pubkey_t key)
{
        gnutls_x509_crt_t certificate;
        int r = gnutls_x509_crt_init(&certificate);

        if (r < 0)
                return r;
        r = gnutls_x509_crt_import(certificate, pem, GNUTLS_X509_FMT_PEM);
        if (r == 0)
                r = gnutls_pubkey_import_x509(key, certificate, 0);
        gnutls_x509_crt_deinit(certificate);
        return r;
}

/* NULL, or why it is none of ours. */
static const char *find_algorithm(gnutls_pubkey_t key, JwtAlgorithm *ret_algorithm)
{
        gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
        unsigned bits = 0;

        switch (gnutls_pubkey_get_pk_algorithm(key, &bits)) {
        case GNUTLS_PK_RSA:
                *ret_algorithm = JWT_RS256;
                return bits < RSA_BITS_MIN ? "The RSA key has fewer than 2048 bits" : NULL;
        case GNUTLS_PK_ECDSA:
                *ret_algorithm = JWT_ES256;
                gnutls_pubkey_export_ecc_raw(key, &curve, NULL, NULL);
                return curve != GNUTLS_ECC_CURVE_SECP256R1 ? "The curve of the key is not P-256"
                                                           : NULL;
        case GNUTLS_PK_EDDSA_ED25519:
                *ret_algorithm = JWT_EDDSA;
                return NULL;
        default:
                return "The key is neither RSA nor P-256 nor Ed25519";
        }
}

static int add_public(const Load *load, unsigned line, const char *label, Bytes pem)
{
        const gnutls_datum_t datum = {(unsigned char *)(uintptr_t)pem.data, (unsigned)pem.length};
        JwtKeys *keys = load->keys;
        JwtKey key = {};
        JwtKey *items = reallocarray(keys->items, keys->n + 1, sizeof(*items));
        size_t id_size = sizeof(key.id);
        const char *why;
        int r;

        if (!items)
                return -ENOMEM;
        keys->items = items;
        if (gnutls_pubkey_init(&key.public) < 0)
                return -ENOMEM;
        r = strcmp(label, "CERTIFICATE") == 0
                    ? import_certificate(&datum, key.public)
                    : gnutls_pubkey_import(key.public, &datum, GNUTLS_X509_FMT_PEM);
        if (r == 0)
                r = gnutls_pubkey_get_key_id(key.public, GNUTLS_KEYID_USE_SHA256, key.id, &id_size);
        why = r < 0 ? gnutls_strerror(r) : find_algorithm(key.public, &key.algorithm);
        if (why) {
                gnutls_pubkey_deinit(key.public);
                return refuse(load, line, why);
        }
        keys->items[keys->n++] = key;
        return 0;
}

/* --- PEM --- */

static unsigned count_lines(const char *from, const char *to)
{
        unsigned n = 0;

        for (; from < to; from++)
                n += *from == '\n';
        return n;
}

/* The block that begins here, with its dashes; *ret_end is behind it. */
static int add_block(const Load *load, const char *begin, unsigned line, const char **ret_end)
{
        const char *name = begin + strlen(PEM_BEGIN);
        const char *name_end = strstr(name, PEM_DASHES);
        const char *end;
        char label[32];

        if (!name_end || (size_t)(name_end - name) >= sizeof(label))
                return refuse(load, line, "The line of PEM does not end with dashes");
        memcpy(label, name, (size_t)(name_end - name));
        label[name_end - name] = 0;
        end = strstr(name_end, "-----END ");
        end = end ? strchr(end, '\n') ? strchr(end, '\n') : end + strlen(end) : NULL;
        if (!end)
                return refuse(load, line, "The block of PEM has no end");
        *ret_end = end;
        if (strstr(label, "PRIVATE KEY"))
                return refuse(load, line,
                              "The file holds a private key: only who signs tokens may have it");
        if (strcmp(label, "PUBLIC KEY") != 0 && strcmp(label, "CERTIFICATE") != 0)
                return refuse(load, line, "The block of PEM is no public key");
        return add_public(load, line, label,
                          (Bytes){(const uint8_t *)begin, (size_t)(end - begin)});
}

/* All blocks are looked at, to show every problem at once. */
static int add_blocks(const Load *load)
{
        const char *text = (const char *)load->keys->file.data, *at = strstr(text, PEM_BEGIN);
        int result = 0;

        while (at) {
                const char *end = at + strlen(PEM_BEGIN);
                int r = add_block(load, at, count_lines(text, at) + 1, &end);

                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        result = r;
                at = strstr(end, PEM_BEGIN);
        }
        return result;
}

/* --- a secret --- */

static int add_secret(const Load *load)
{
        JwtKeys *keys = load->keys;
        size_t size = keys->file.size;

        if (size > 0 && keys->file.data[size - 1] == '\n')
                size--;
        if (size > 0 && keys->file.data[size - 1] == '\r')
                size--;
        if (size < SECRET_MIN)
                return refuse(load, 0,
                              "It has no key in PEM, and for a secret fewer than 32 bytes");
        keys->items = calloc(1, sizeof(*keys->items));
        if (!keys->items)
                return -ENOMEM;
        keys->items[0].algorithm = JWT_HS256;
        keys->n = 1;
        keys->secret = (Bytes){keys->file.data, size};
        if (gnutls_hash_fast(GNUTLS_DIG_SHA256, keys->file.data, size, keys->items[0].id) < 0)
                return -ENOMEM;
        if (secret_file_is_open(&keys->file))
                config_errors_add(load->errors, CONFIG_WARNING, load->path, 0,
                                  "Other users of this machine may read it: chmod o= %s",
                                  load->path);
        return 0;
}

/* --- all of them --- */

int jwt_keys_load(const char *path, ConfigErrors *errors, JwtKeys **ret_keys)
{
        _cleanup_(jwt_keys_unrefp) JwtKeys *keys = calloc(1, sizeof(*keys));
        const Load load = {path, errors, keys};
        int r;

        if (!keys)
                return -ENOMEM;
        atomic_init(&keys->references, 1);
        r = secret_file_read(path, &keys->file);
        if (r < 0 && r != -ENOMEM)
                return refuse(&load, 0, strerror(-r));
        if (r == 0)
                r = strstr((const char *)keys->file.data, PEM_BEGIN) ? add_blocks(&load)
                                                                     : add_secret(&load);
        if (r < 0)
                return r;
        *ret_keys = TAKE_PTR(keys);
        return 0;
}

JwtKeys *jwt_keys_ref(JwtKeys *keys)
{
        if (keys)
                atomic_fetch_add_explicit(&keys->references, 1, memory_order_relaxed);
        return keys;
}

JwtKeys *jwt_keys_unref(JwtKeys *keys)
{
        if (!keys || atomic_fetch_sub_explicit(&keys->references, 1, memory_order_acq_rel) != 1)
                return NULL;
        for (size_t i = 0; i < keys->n; i++)
                if (keys->items[i].public)
                        gnutls_pubkey_deinit(keys->items[i].public);
        free(keys->items);
        secret_file_done(&keys->file);
        free(keys);
        return NULL;
}

Bytes jwt_keys_text(const JwtKeys *keys)
{
        return (Bytes){keys->file.data, keys->file.size};
}

bool jwt_keys_equal(const JwtKeys *a, const JwtKeys *b)
{
        if (!a || !b)
                return a == b;
        return bytes_equal(jwt_keys_text(a), jwt_keys_text(b));
}

static bool has_key(const JwtKeys *keys, const JwtKey *key)
{
        for (size_t i = 0; i < keys->n; i++)
                if (keys->items[i].algorithm == key->algorithm &&
                    memcmp(keys->items[i].id, key->id, sizeof(key->id)) == 0)
                        return true;
        return false;
}

bool jwt_keys_include(const JwtKeys *new, const JwtKeys *old)
{
        for (size_t i = 0; i < old->n; i++)
                if (!has_key(new, &old->items[i]))
                        return false;
        return true;
}

bool jwt_keys_are_quick(const JwtKeys *keys)
{
        return keys->secret.length > 0;
}

bool jwt_algorithm_from_name(const char *name, JwtAlgorithm *ret_algorithm)
{
        static const char *const names[JWT_ALGORITHMS_N] = {
                [JWT_RS256] = "RS256",
                [JWT_ES256] = "ES256",
                [JWT_EDDSA] = "EdDSA",
                [JWT_HS256] = "HS256",
        };

        for (unsigned i = 0; i < JWT_ALGORITHMS_N; i++)
                if (strcmp(names[i], name) == 0) {
                        *ret_algorithm = (JwtAlgorithm)i;
                        return true;
                }
        return false;
}

/* --- signatures --- */

static bool verify_secret(Bytes secret, Bytes text, Bytes signature)
{
        uint8_t digest[DIGEST_OF_HS256];

        if (signature.length != sizeof(digest) ||
            gnutls_hmac_fast(GNUTLS_MAC_SHA256, secret.data, secret.length, text.data, text.length,
                             digest) < 0)
                return false;
        return gnutls_memcmp(digest, signature.data, sizeof(digest)) == 0;
}

/* In a token r and s stand side by side, in GnuTLS in DER. */
static bool verify_es256(gnutls_pubkey_t key, const gnutls_datum_t *text, Bytes signature)
{
        const gnutls_datum_t r = {(unsigned char *)(uintptr_t)signature.data, HALF_OF_ES256};
        const gnutls_datum_t s = {r.data + HALF_OF_ES256, HALF_OF_ES256};
        gnutls_datum_t der = {};
        bool is_right;

        if (signature.length != (size_t)2 * HALF_OF_ES256 ||
            gnutls_encode_rs_value(&der, &r, &s) < 0)
                return false;
        is_right = gnutls_pubkey_verify_data2(key, GNUTLS_SIGN_ECDSA_SECP256R1_SHA256, 0, text,
                                              &der) >= 0;
        gnutls_free(der.data);
        return is_right;
}

static bool verify_public(const JwtKey *key, Bytes text, Bytes signature)
{
        const gnutls_datum_t data = {(unsigned char *)(uintptr_t)text.data, (unsigned)text.length};
        const gnutls_datum_t proof = {(unsigned char *)(uintptr_t)signature.data,
                                      (unsigned)signature.length};

        if (key->algorithm == JWT_ES256)
                return verify_es256(key->public, &data, signature);
        return gnutls_pubkey_verify_data2(key->public,
                                          key->algorithm == JWT_RS256 ? GNUTLS_SIGN_RSA_SHA256
                                                                      : GNUTLS_SIGN_EDDSA_ED25519,
                                          0, &data, &proof) >= 0;
}

bool jwt_keys_verify(const JwtKeys *keys, JwtAlgorithm algorithm, Bytes text, Bytes signature)
{
        for (size_t i = 0; i < keys->n; i++) {
                const JwtKey *key = &keys->items[i];

                if (key->algorithm == algorithm &&
                    (key->public ? verify_public(key, text, signature)
                                 : verify_secret(keys->secret, text, signature)))
                        return true;
        }
        return false;
}
