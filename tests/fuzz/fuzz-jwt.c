/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: a token as it is, and header and payload, with a line feed between, well signed. */

#include <gnutls/crypto.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access/jwt.h"
#include "fuzz.h"

#define SECRET "what is behind the signature is of interest"

static JwtKeys *load_keys(void)
{
        _cleanup_(config_errors_done) ConfigErrors errors = CONFIG_ERRORS_INIT;
        _cleanup_close_ int fd = memfd_create("secret", MFD_CLOEXEC);
        JwtKeys *keys = NULL;
        char path[32];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        must(write(fd, SECRET, strlen(SECRET)) == (ssize_t)strlen(SECRET));
        must(jwt_keys_load(path, &errors, &keys) == 0);
        return keys;
}

static size_t encode(const uint8_t *data, size_t n, char *to)
{
        static const char digits[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        size_t length = 0;

        for (size_t bit = 0; bit < n * 8; bit += 6) {
                unsigned two = data[bit / 8] << 8 | (bit / 8 + 1 < n ? data[bit / 8 + 1] : 0);

                to[length++] = digits[two >> (10 - bit % 8) & 63];
        }
        return length;
}

static void try(const JwtKeys *keys, Bytes token)
{
        static const JwtRules rules = {.username_claim = "sub", .client_id_claim = "jti"};
        _cleanup_(jwt_claims_done) JwtClaims claims = {};
        const char *why = NULL;
        int r = jwt_verify(token, keys, &rules, 1000000000, &claims, &why);

        must(r >= 0 && (r == 0) == !why && (r == 0) == (claims.username && claims.client_id));
        must(r != 0 || claims.expires > 1000000000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static JwtKeys *keys;
        const uint8_t *newline = size > 0 ? memchr(data, '\n', size) : NULL;
        char token[JWT_LENGTH_MAX + 100];
        uint8_t signature[32];
        size_t n;

        if (!keys)
                keys = load_keys();
        try(keys, (Bytes){data, size});
        if (!newline || size > JWT_LENGTH_MAX / 2)
                return 0;
        n = encode(data, (size_t)(newline - data), token);
        token[n++] = '.';
        n += encode(newline + 1, size - (size_t)(newline - data) - 1, token + n);
        must(gnutls_hmac_fast(GNUTLS_MAC_SHA256, SECRET, strlen(SECRET), token, n, signature) == 0);
        token[n++] = '.';
        n += encode(signature, sizeof(signature), token + n);
        try(keys, (Bytes){(uint8_t *)token, n});
        return 0;
}
