/* SPDX-License-Identifier: Apache-2.0 */

/* A password as it is stored. */

#include "access/password-hash.h"

#include <argon2.h>
#include <crypt.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/protocol.h"
#include "util/parse.h"

#define DIGEST_SIZE 64U /* of SHA-512 */
#define SALT_MAX    64U
#define SALT_SHORT  12U /* of mosquitto_passwd before 2.1 */

/* For new ones: what mosquitto_passwd 2.1 takes, the first choice of OWASP for one lane. */
#define ARGON2_KIBIBYTES 47104U
#define ARGON2_PASSES    1U
#define ARGON2_LANES     1U
/* A file may ask for much, not for all the memory there is. */
#define ARGON2_KIBIBYTES_MAX (4U * 1024U * 1024U)
/* The shortest is that of $1$. */
#define CRYPT_DIGEST_MIN  22U
#define CRYPT_ALPHABET    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define PBKDF2_ITERATIONS 210000U
#define PBKDF2_WEAK       10000U

typedef struct Scheme {
        const char *prefix;
        /* Takes hash->text apart. NULL, or what is wrong. */
        const char *(*parse)(PasswordHash *hash);
        /* As password_hash_verify(). */
        int (*verify)(const PasswordHash *hash, Bytes password);
        bool is_quick;
        bool is_weak;
} Scheme;

struct PasswordHash {
        const Scheme *scheme;
        uint32_t iterations;
        uint32_t salt_length;
        uint8_t salt[SALT_MAX];
        uint8_t digest[DIGEST_SIZE];
        char text[];
};

/* --- of Mosquitto: fields between dollars, in base64 --- */

/* Decodes n characters; they must be whole groups of four. The size, or -1. */
static ssize_t decode(const char *text, size_t n, uint8_t *to, size_t size)
{
        const gnutls_datum_t in = {(unsigned char *)(uintptr_t)text, (unsigned)n};
        gnutls_datum_t out = {};
        ssize_t length = -1;

        if (n == 0 || n % 4 != 0 || gnutls_base64_decode2(&in, &out) < 0)
                return -1;
        /* GnuTLS passes over blanks: then there are fewer bytes than groups. */
        if (out.size <= size && (out.size + 2) / 3 * 4 == n) {
                memcpy(to, out.data, out.size);
                length = (ssize_t)out.size;
        }
        gnutls_free(out.data);
        return length;
}

static const char *parse_salt_and_digest(PasswordHash *hash, const char *text)
{
        const char *dollar = strchr(text, '$');
        ssize_t n;

        if (!dollar)
                return "ends before its digest";
        n = decode(text, (size_t)(dollar - text), hash->salt, sizeof(hash->salt));
        if (n != SALT_SHORT && n != SALT_MAX)
                return "has a salt that is not 12 or 64 bytes in base64";
        hash->salt_length = (uint32_t)n;
        if (decode(dollar + 1, strlen(dollar + 1), hash->digest, DIGEST_SIZE) != DIGEST_SIZE)
                return "has a digest that is not 64 bytes in base64";
        return NULL;
}

static int compare(const PasswordHash *hash, const uint8_t *digest)
{
        return gnutls_memcmp(hash->digest, digest, DIGEST_SIZE) == 0
                       ? 0
                       : REASON_BAD_USER_NAME_OR_PASSWORD;
}

static const char *sha512_parse(PasswordHash *hash)
{
        return parse_salt_and_digest(hash, hash->text + strlen("$6$"));
}

#define SHA512_BLOCK 128U

static int sha512_verify(const PasswordHash *hash, Bytes password)
{
        static const uint8_t block[SHA512_BLOCK - 1] = {};
        uint8_t digest[DIGEST_SIZE];
        gnutls_hash_hd_t state;

        if (gnutls_hash_init(&state, GNUTLS_DIG_SHA512) < 0)
                return -ENOMEM;
        gnutls_hash(state, password.data, password.length);
        gnutls_hash(state, hash->salt, hash->salt_length);
        gnutls_hash_output(state, digest);
        /* What it has been given stays in its memory, which it does not wipe: give it something
         * else, all but a whole block. */
        gnutls_hash(state, block, sizeof(block));
        gnutls_hash_deinit(state, NULL);
        return compare(hash, digest);
}

static const char *pbkdf2_parse(PasswordHash *hash)
{
        const char *text = hash->text + strlen("$7$");
        size_t n = strcspn(text, "$");
        char number[12];
        uint64_t iterations;

        if (n >= sizeof(number) || !text[n])
                return "has no number of iterations";
        memcpy(number, text, n);
        number[n] = 0;
        if (parse_uint64(number, &iterations) < 0 || iterations == 0 || iterations > INT32_MAX)
                return "has no number of iterations";
        hash->iterations = (uint32_t)iterations;
        return parse_salt_and_digest(hash, text + n + 1);
}

static int pbkdf2(Bytes password, Bytes salt, uint32_t iterations, uint8_t *ret_digest)
{
        const gnutls_datum_t key = {(unsigned char *)(uintptr_t)password.data,
                                    (unsigned)password.length};
        const gnutls_datum_t with = {(unsigned char *)(uintptr_t)salt.data, (unsigned)salt.length};

        return gnutls_pbkdf2(GNUTLS_MAC_SHA512, &key, &with, iterations, ret_digest, DIGEST_SIZE) <
                               0
                       ? -ENOMEM
                       : 0;
}

static int pbkdf2_verify(const PasswordHash *hash, Bytes password)
{
        uint8_t digest[DIGEST_SIZE];
        int r;

        r = pbkdf2(password, (Bytes){hash->salt, hash->salt_length}, hash->iterations, digest);
        return r < 0 ? r : compare(hash, digest);
}

/* --- Argon2id --- */

/* The library reads the text by itself at each check, and all at once: here only its costs. */
static const char *argon2_parse(PasswordHash *hash)
{
        uint32_t memory, passes, lanes;
        int end = -1;

        if (sscanf(hash->text, "$argon2id$v=19$m=%" SCNu32 ",t=%" SCNu32 ",p=%" SCNu32 "$%n",
                   &memory, &passes, &lanes, &end) != 3 ||
            end < 0)
                return "has no parameters of Argon2id in version 19";
        if (memory < 8 || memory > ARGON2_KIBIBYTES_MAX || passes == 0 || lanes == 0 ||
            lanes > memory / 8)
                return "has parameters of Argon2id that cannot be met";
        if (!strchr(hash->text + end, '$'))
                return "ends before its digest";
        hash->iterations = passes;
        return NULL;
}

static int argon2_result(int code)
{
        if (code == ARGON2_OK)
                return 0;
        return code == ARGON2_MEMORY_ALLOCATION_ERROR || code == ARGON2_THREAD_FAIL
                       ? -ENOMEM
                       : REASON_BAD_USER_NAME_OR_PASSWORD;
}

static int argon2_verify_password(const PasswordHash *hash, Bytes password)
{
        return argon2_result(argon2id_verify(hash->text, password.data, password.length));
}

/* --- crypt(3) --- */

/* crypt_checksalt() looks at the beginning only, and one that was cut would fit no password. */
static bool crypt_is_whole(const char *text)
{
        static const struct {
                const char *prefix;
                size_t digest; /* characters behind the last dollar, in bcrypt with the salt */
        } methods[] = {
                {"$1$", 22}, {"$2", 53},  {"$3$", 32},  {"$5$", 43},    {"$6$", 86},
                {"$7$", 43}, {"$y$", 43}, {"$gy$", 43}, {"$sha1$", 28},
        };
        const char *digest = strrchr(text, '$') + 1;

        for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
                if (strncmp(text, methods[i].prefix, strlen(methods[i].prefix)) == 0)
                        return strlen(digest) == methods[i].digest &&
                               strspn(digest, CRYPT_ALPHABET) == methods[i].digest;
        return false;
}

static const char *crypt_parse(PasswordHash *hash)
{
        if (!crypt_is_whole(hash->text))
                return "is of no known form";
        switch (crypt_checksalt(hash->text)) {
        case CRYPT_SALT_OK:
        case CRYPT_SALT_TOO_CHEAP:
        case CRYPT_SALT_METHOD_LEGACY:
                return NULL;
        case CRYPT_SALT_METHOD_DISABLED:
                return "is of a method that crypt(3) of this system has disabled";
        default:
                return "is of no known form";
        }
}

static bool texts_equal(const char *a, const char *b)
{
        size_t n = strlen(a);

        return strlen(b) == n && gnutls_memcmp(a, b, n) == 0;
}

/* crypt(3) takes a C string. A password with a zero byte in it costs as much, and is wrong. */
static int crypt_verify(const PasswordHash *hash, Bytes password)
{
        struct crypt_data *data = calloc(1, sizeof(*data));
        uint8_t *phrase = NULL;
        const char *result;
        int r;

        r = data ? bytes_duplicate(password, &phrase) : -ENOMEM;
        if (r == 0) {
                result = crypt_rn((const char *)phrase, hash->text, data, (int)sizeof(*data));
                r = result && texts_equal(result, hash->text) &&
                                    strlen((const char *)phrase) == password.length
                            ? 0
                            : REASON_BAD_USER_NAME_OR_PASSWORD;
        }
        if (phrase)
                explicit_bzero(phrase, password.length);
        free(phrase);
        if (data)
                explicit_bzero(data, sizeof(*data));
        free(data);
        return r;
}

/* --- SCRAM --- */

static const char *scram_parse(PasswordHash *hash)
{
        ScramKey key;
        const char *why = scram_key_parse(hash->text, &key);

        if (!why)
                hash->iterations = key.iterations;
        return why;
}

static int scram_verify(const PasswordHash *hash, Bytes password)
{
        ScramKey key;

        scram_key_parse(hash->text, &key); /* as it could be before */
        return scram_key_verify(&key, password);
}

bool password_hash_scram(const PasswordHash *hash, ScramKey *ret_key)
{
        return hash->scheme->verify == scram_verify && !scram_key_parse(hash->text, ret_key);
}

/* --- all of them --- */

/* The first that can read the text has it: crypt(3) has a $6$ and a $7$ of its own. */
static const Scheme schemes[] = {
        {"$6$", sha512_parse, sha512_verify, .is_quick = true, .is_weak = true},
        {"$7$", pbkdf2_parse, pbkdf2_verify},
        {"$argon2id$", argon2_parse, argon2_verify_password},
        {"SCRAM-", scram_parse, scram_verify},
        {"$", crypt_parse, crypt_verify},
};

static bool is_printable(Bytes text)
{
        for (size_t i = 0; i < text.length; i++)
                if (text.data[i] <= ' ' || text.data[i] > '~')
                        return false;
        return true;
}

static int parse(PasswordHash *hash, const char **ret_why)
{
        const char *first = NULL, *why;

        for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
                if (strncmp(hash->text, schemes[i].prefix, strlen(schemes[i].prefix)) != 0)
                        continue;
                why = schemes[i].parse(hash);
                if (!why) {
                        hash->scheme = &schemes[i];
                        return 0;
                }
                if (!first)
                        first = why;
        }
        *ret_why = first ? first : "does not begin with a dollar: is it a password in plain text?";
        return -EINVAL;
}

int password_hash_parse(Bytes text, PasswordHash **ret_hash, const char **ret_why)
{
        _cleanup_(password_hash_freep) PasswordHash *hash = NULL;
        int r;

        if (text.length == 0 || text.length > PASSWORD_HASH_TEXT_MAX || !is_printable(text)) {
                *ret_why = text.length == 0 ? "is missing" : "is of no known form";
                return -EINVAL;
        }
        hash = calloc(1, sizeof(*hash) + text.length + 1);
        if (!hash)
                return -ENOMEM;
        memcpy(hash->text, text.data, text.length);
        r = parse(hash, ret_why);
        if (r < 0)
                return r;
        *ret_hash = TAKE_PTR(hash);
        return 0;
}

PasswordHash *password_hash_free(PasswordHash *hash)
{
        free(hash);
        return NULL;
}

int password_hash_verify(const PasswordHash *hash, Bytes password)
{
        /* None of the libraries likes NULL. */
        if (password.length == 0)
                password = BYTES_LITERAL("");
        return hash->scheme->verify(hash, password);
}

bool password_hash_is_quick(const PasswordHash *hash)
{
        return hash->scheme->is_quick;
}

bool password_hash_is_weak(const PasswordHash *hash)
{
        return hash->scheme->is_weak ||
               (hash->scheme->verify == pbkdf2_verify && hash->iterations < PBKDF2_WEAK) ||
               (hash->scheme->verify == scram_verify && hash->iterations < SCRAM_ITERATIONS_MIN);
}

/* --- new ones --- */

static int make_argon2(Bytes password, const uint8_t *salt, char **ret_text)
{
        const size_t size = argon2_encodedlen(ARGON2_PASSES, ARGON2_KIBIBYTES, ARGON2_LANES,
                                              SALT_MAX, DIGEST_SIZE, Argon2_id);
        _cleanup_free_ char *text = malloc(size);
        int r;

        if (!text)
                return -ENOMEM;
        r = argon2id_hash_encoded(ARGON2_PASSES, ARGON2_KIBIBYTES, ARGON2_LANES, password.data,
                                  password.length, salt, SALT_MAX, DIGEST_SIZE, text, size);
        if (r != ARGON2_OK)
                return -ENOMEM;
        *ret_text = TAKE_PTR(text);
        return 0;
}

static int make_pbkdf2(Bytes password, const uint8_t *salt, char **ret_text)
{
        _cleanup_(freep) char *text = NULL;
        uint8_t digest[DIGEST_SIZE];
        gnutls_datum_t salt_text = {}, digest_text = {};
        const gnutls_datum_t digest_datum = {digest, sizeof(digest)};
        const gnutls_datum_t salt_datum = {(unsigned char *)(uintptr_t)salt, SALT_SHORT};
        int r;

        r = pbkdf2(password, (Bytes){salt, SALT_SHORT}, PBKDF2_ITERATIONS, digest);
        if (r < 0)
                return r;
        if (gnutls_base64_encode2(&salt_datum, &salt_text) < 0 ||
            gnutls_base64_encode2(&digest_datum, &digest_text) < 0 ||
            asprintf(&text, "$7$%u$%.*s$%.*s", PBKDF2_ITERATIONS, (int)salt_text.size,
                     (char *)salt_text.data, (int)digest_text.size, (char *)digest_text.data) < 0) {
                text = NULL;
                r = -ENOMEM;
        }
        gnutls_free(salt_text.data);
        gnutls_free(digest_text.data);
        if (r == 0)
                *ret_text = TAKE_PTR(text);
        return r;
}

static int make_scram(ScramHash hash, Bytes password, const uint8_t *salt, char **ret_text)
{
        ScramKey key;
        int r = scram_key_derive(hash, password, (Bytes){salt, SCRAM_SALT_NEW},
                                 SCRAM_ITERATIONS_NEW, &key);

        return r < 0 ? r : scram_key_format(&key, ret_text);
}

int password_hash_make(PasswordScheme scheme, Bytes password, char **ret_text)
{
        uint8_t salt[SALT_MAX];

        if (gnutls_rnd(GNUTLS_RND_NONCE, salt, sizeof(salt)) < 0)
                return -EIO;
        if (password.length == 0)
                password = BYTES_LITERAL("");
        switch (scheme) {
        case PASSWORD_PBKDF2_SHA512:
                return make_pbkdf2(password, salt, ret_text);
        case PASSWORD_SCRAM_SHA_256:
                return make_scram(SCRAM_SHA_256, password, salt, ret_text);
        case PASSWORD_SCRAM_SHA_512:
                return make_scram(SCRAM_SHA_512, password, salt, ret_text);
        default:
                return make_argon2(password, salt, ret_text);
        }
}
