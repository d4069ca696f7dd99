/* SPDX-License-Identifier: Apache-2.0 */

/* A password as it is stored: each spelling, right and wrong. */
#include <errno.h>
#include <glib.h>

#include "access/password-hash.h"
#include "mqtt/protocol.h"

/* Written by mosquitto_passwd 2.0.11 and 2.1.2, by the reference of Argon2, and the vectors of
 * specification of SHA-crypt. */
#define SALTED                                                                                     \
        "$6$jZ3u5vjXWoUkJkdr$pgcwLli4hLHR1He7q6K4Dn9EbZkpR0AQ0zfsQ6eGXSf2bhqEyHIuHbdvnxJbhKVg"     \
        "JNyKvqDe9M6fwW6gwpV4RQ=="
#define PBKDF2                                                                                     \
        "$7$101$+pPGbac5yHb5t2Fw$armAGV3VxsgleWCm7zA7Zq4N8jqo9WsKzoigVDO2YY/GpgI0vkk7lUeOQqBW"     \
        "wWqceZJDEMu/+remG6dZhnVljg=="
#define PBKDF2_64                                                                                  \
        "$7$1000$uNkdLxc5S3voZb+b32M4QuOuq9XADpr4cghBZkHSc01+v5Jsqd/zaulsWCnfChh7mDgsndzeCn2"      \
        "TD5JMqdzkBQ==$nUZTtkszsOr+Pf0fsMufzghkdAt7Vg1kSLduBnaaVI0NMAsCEhmxeVu/a3iobsXmDx6GH"      \
        "FkZUmsln2qHeiPZvA=="
#define ARGON2                                                                                     \
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
#define CRYPT_5 "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"
#define CRYPT_6                                                                                    \
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEd"   \
        "FCoEOfaS35inz1"

static PasswordHash *parsed(const char *text)
{
        PasswordHash *hash = NULL;
        const char *why = NULL;

        g_assert_cmpint(password_hash_parse(bytes_from_string(text), &hash, &why), ==, 0);
        g_assert_null(why);
        return hash;
}

static void test_right_and_wrong(void)
{
        static const struct {
                const char *hash, *password;
                bool is_quick, is_weak;
        } cases[] = {
                {SALTED, "p", true, true},
                {PBKDF2, "p", false, true},
                {PBKDF2_64, "p", false, true},
                {ARGON2, "password", false, false},
                {CRYPT_5, "Hello world!", false, false},
                {CRYPT_6, "Hello world!", false, false},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                _cleanup_(password_hash_freep) PasswordHash *hash = parsed(cases[i].hash);
                Bytes password = bytes_from_string(cases[i].password);
                uint8_t with_zero[32];
                g_autofree char *longer = g_strconcat(cases[i].password, "x", NULL);

                g_test_message("%s", cases[i].hash);
                g_assert_cmpint(password_hash_verify(hash, password), ==, 0);
                g_assert_cmpint(password_hash_verify(hash, bytes_from_string(longer)), ==,
                                REASON_BAD_USER_NAME_OR_PASSWORD);
                g_assert_cmpint(password_hash_verify(hash, (Bytes){}), ==,
                                REASON_BAD_USER_NAME_OR_PASSWORD);
                /* A zero byte ends a string, not a password. */
                memcpy(with_zero, cases[i].password, password.length);
                memcpy(with_zero + password.length, "\0x", 2);
                g_assert_cmpint(password_hash_verify(hash, (Bytes){with_zero, password.length + 2}),
                                ==, REASON_BAD_USER_NAME_OR_PASSWORD);
                g_assert_cmpint(password_hash_is_quick(hash), ==, cases[i].is_quick);
                g_assert_cmpint(password_hash_is_weak(hash), ==, cases[i].is_weak);
        }
}

static void test_unreadable(void)
{
        static const struct {
                const char *hash, *why;
        } cases[] = {
                {"", "missing"},
                {"secret", "plain text"},
                {"$", "no known form"},
                {"$6$", "ends before"},
                {"$6$jZ3u5vjXWoUkJkdr", "ends before"},
                {"$6$jZ3u5vjXWoUkJkdr$", "digest"},
                {"$6$jZ3u5vjXWoUkJk==$pgcwLli4hLHR1He7q6K4Dn9EbZkpR0AQ0zfsQ6eGXSf2bhqEyHIuHbdvnxJb"
                 "hKVgJNyKvqDe9M6fwW6gwpV4RQ==",
                 "salt"},
                {"$6$jZ3u5vjXWoUkJkdr$pgcwLli4hLHR1He7q6K4Dn9EbZkpR0AQ0zfsQ6eGXSf2bhqEyHIuHbdvnxJb",
                 "digest"},
                {"$7$0$+pPGbac5yHb5t2Fw$armAGV3V", "iterations"},
                {"$7$x$+pPGbac5yHb5t2Fw$armAGV3V", "iterations"},
                {"$7$99999999999$+pPGbac5yHb5t2Fw$armAGV3V", "iterations"},
                {"$argon2id$v=16$m=65536,t=2,p=1$c29tc2FsdA$CTFh", "version 19"},
                {"$argon2id$v=19$m=4294967295,t=2,p=1$c29tc2FsdA$CTFh", "cannot be met"},
                {"$argon2id$v=19$m=65536,t=2,p=1$c29tc2FsdA", "ends before"},
                {"$nothing$x$y", "no known form"},
                {"$5$saltstring$5B8vYYiY.CVt1RlTT", "no known form"},
                {"$5$saltstring", "no known form"},
                {"$6$with blank$x", "no known form"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                PasswordHash *hash = NULL;
                const char *why = NULL;

                g_test_message("%s", cases[i].hash);
                g_assert_cmpint(password_hash_parse(bytes_from_string(cases[i].hash), &hash, &why),
                                ==, -EINVAL);
                g_assert_null(hash);
                g_assert_nonnull(why);
                g_assert_nonnull(strstr(why, cases[i].why));
        }
}

static void test_made(void)
{
        static const PasswordScheme schemes[] = {PASSWORD_ARGON2ID, PASSWORD_PBKDF2_SHA512};

        for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
                _cleanup_free_ char *one = NULL, *other = NULL;
                Bytes password = BYTES_LITERAL("correct horse");

                g_assert_cmpint(password_hash_make(schemes[i], password, &one), ==, 0);
                g_assert_cmpint(password_hash_make(schemes[i], password, &other), ==, 0);
                g_assert_cmpstr(one, !=, other); /* the salt */
                _cleanup_(password_hash_freep) PasswordHash *hash = parsed(one);

                g_assert_cmpint(password_hash_verify(hash, password), ==, 0);
                g_assert_cmpint(password_hash_verify(hash, BYTES_LITERAL("correct horsf")), ==,
                                REASON_BAD_USER_NAME_OR_PASSWORD);
                g_assert_false(password_hash_is_weak(hash));
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/access/password-hash/right-and-wrong", test_right_and_wrong);
        g_test_add_func("/access/password-hash/unreadable-says-why", test_unreadable);
        g_test_add_func("/access/password-hash/made-ones-hold", test_made);
        return g_test_run();
}
