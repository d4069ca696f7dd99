/* SPDX-License-Identifier: Apache-2.0 */

/* What a server keeps of a password for SCRAM. */

#include "access/scram-key.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>

#include "mqtt/protocol.h"
#include "util/base64.h"
#include "util/macro.h"
#include "util/parse.h"

static const struct {
        const char *name;
        gnutls_mac_algorithm_t mac;
        gnutls_digest_algorithm_t digest;
        size_t size;
} hashes[SCRAM_HASHES_N] = {
        [SCRAM_SHA_256] = {"SCRAM-SHA-256", GNUTLS_MAC_SHA256, GNUTLS_DIG_SHA256, 32},
        [SCRAM_SHA_512] = {"SCRAM-SHA-512", GNUTLS_MAC_SHA512, GNUTLS_DIG_SHA512, 64},
};

const char *scram_hash_name(ScramHash hash)
{
        return hashes[hash].name;
}

bool scram_hash_from_name(Bytes name, ScramHash *ret_hash)
{
        for (unsigned i = 0; i < SCRAM_HASHES_N; i++)
                if (bytes_equal(bytes_from_string(hashes[i].name), name)) {
                        *ret_hash = (ScramHash)i;
                        return true;
                }
        return false;
}

size_t scram_digest_size(ScramHash hash)
{
        return hashes[hash].size;
}

/* --- text --- */

static const char *parse_cost(const char *from, const char *end, ScramKey *key)
{
        const char *colon = memchr(from, ':', (size_t)(end - from));
        uint64_t iterations;
        char number[12];
        Bytes salt;

        if (!colon || (size_t)(colon - from) >= sizeof(number))
                return "has no number of iterations";
        memcpy(number, from, (size_t)(colon - from));
        number[colon - from] = 0;
        if (parse_uint64(number, &iterations) < 0 || iterations == 0 || iterations > INT32_MAX)
                return "has no number of iterations";
        key->iterations = (uint32_t)iterations;
        if (!base64_decode((Bytes){(const uint8_t *)colon + 1, (size_t)(end - colon - 1)},
                           key->salt, sizeof(key->salt), &salt) ||
            salt.length == 0)
                return "has a salt that is not 1 to 64 bytes in base64";
        key->salt_length = (uint32_t)salt.length;
        return NULL;
}

static bool parse_digest(const char *from, const char *end, size_t size, uint8_t *to)
{
        Bytes digest;

        return base64_decode((Bytes){(const uint8_t *)from, (size_t)(end - from)}, to, size,
                             &digest) &&
               digest.length == size;
}

const char *scram_key_parse(const char *text, ScramKey *ret_key)
{
        const char *dollar = strchr(text, '$'), *second, *colon, *why;
        const size_t name_length = dollar ? (size_t)(dollar - text) : 0;
        ScramKey key = {};
        size_t size;

        if (!scram_hash_from_name((Bytes){(const uint8_t *)text, name_length}, &key.hash))
                return "is of no known form";
        second = strchr(dollar + 1, '$');
        colon = second ? strchr(second, ':') : NULL;
        if (!colon)
                return "ends before its keys";
        why = parse_cost(dollar + 1, second, &key);
        if (why)
                return why;
        size = hashes[key.hash].size;
        if (!parse_digest(second + 1, colon, size, key.stored) ||
            !parse_digest(colon + 1, colon + strlen(colon), size, key.server))
                return "has keys that are not of its size in base64";
        *ret_key = key;
        return NULL;
}

int scram_key_format(const ScramKey *key, char **ret_text)
{
        const size_t size = hashes[key->hash].size;
        char salt[BASE64_SIZE(SCRAM_SALT_MAX)], stored[BASE64_SIZE(SCRAM_DIGEST_MAX)];
        char server[BASE64_SIZE(SCRAM_DIGEST_MAX)];
        char *text;

        base64_encode((Bytes){key->salt, key->salt_length}, salt);
        base64_encode((Bytes){key->stored, size}, stored);
        base64_encode((Bytes){key->server, size}, server);
        if (asprintf(&text, "%s$%u:%s$%s:%s", hashes[key->hash].name, (unsigned)key->iterations,
                     salt, stored, server) < 0)
                return -ENOMEM;
        *ret_text = text;
        return 0;
}

/* --- keys --- */

int scram_key_derive(ScramHash hash, Bytes password, Bytes salt, uint32_t iterations,
                     ScramKey *ret_key)
{
        const gnutls_datum_t phrase = {(unsigned char *)(uintptr_t)password.data,
                                       (unsigned)password.length};
        const gnutls_datum_t with = {(unsigned char *)(uintptr_t)salt.data, (unsigned)salt.length};
        ScramKey key = {
                .hash = hash, .iterations = iterations, .salt_length = (uint32_t)salt.length};
        const size_t size = hashes[hash].size;
        uint8_t salted[SCRAM_DIGEST_MAX], client[SCRAM_DIGEST_MAX];
        int r;

        memcpy(key.salt, salt.data, salt.length);
        r = gnutls_pbkdf2(hashes[hash].mac, &phrase, &with, iterations, salted, size);
        if (r >= 0)
                r = gnutls_hmac_fast(hashes[hash].mac, salted, size, "Client Key", 10, client);
        if (r >= 0)
                r = gnutls_hash_fast(hashes[hash].digest, client, size, key.stored);
        if (r >= 0)
                r = gnutls_hmac_fast(hashes[hash].mac, salted, size, "Server Key", 10, key.server);
        explicit_bzero(salted, sizeof(salted));
        explicit_bzero(client, sizeof(client));
        if (r < 0)
                return -ENOMEM;
        *ret_key = key;
        return 0;
}

int scram_key_verify(const ScramKey *key, Bytes password)
{
        ScramKey other;
        int r = scram_key_derive(key->hash, password, (Bytes){key->salt, key->salt_length},
                                 key->iterations, &other);

        if (r < 0)
                return r;
        return gnutls_memcmp(key->stored, other.stored, hashes[key->hash].size) == 0
                       ? 0
                       : REASON_BAD_USER_NAME_OR_PASSWORD;
}
