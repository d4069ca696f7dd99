/* SPDX-License-Identifier: Apache-2.0 */

/* The users of a password file with their hashes. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "access/passwords.h"
#include "mqtt/protocol.h"

/* The password is "p". */
#define WEAK                                                                                       \
        "$6$jZ3u5vjXWoUkJkdr$pgcwLli4hLHR1He7q6K4Dn9EbZkpR0AQ0zfsQ6eGXSf2bhqEyHIuHbdvnxJbhKVgJNyK" \
        "vqDe9M6fwW6gwpV4RQ=="
#define PBKDF2                                                                                     \
        "$7$101$+pPGbac5yHb5t2Fw$armAGV3VxsgleWCm7zA7Zq4N8jqo9WsKzoigVDO2YY/GpgI0vkk7lUeOQqBWwWqc" \
        "eZJDEMu/+remG6dZhnVljg=="
#define STRONG "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$c29tZXNhbHRzb21lc2FsdHNvbWVzYWx0c29tZXNhbHQ"

typedef struct Attempt {
        Passwords *passwords;
        ConfigErrors errors;
        char *path;
        int result;
} Attempt;

static void attempt_text(Attempt *attempt, const char *text, mode_t mode)
{
        int fd;

        *attempt = (Attempt){};
        fd = g_file_open_tmp("hawker-XXXXXX", &attempt->path, NULL);
        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t)strlen(text));
        g_assert_cmpint(fchmod(fd, mode), ==, 0);
        close(fd);
        attempt->result = passwords_load(attempt->path, &attempt->errors, &attempt->passwords);
}

static void attempt_done(Attempt *attempt)
{
        passwords_unref(attempt->passwords);
        config_errors_done(&attempt->errors);
        g_unlink(attempt->path);
        g_free(attempt->path);
}

static void assert_said(const Attempt *attempt, ConfigSeverity severity, unsigned line,
                        const char *text)
{
        for (size_t i = 0; i < attempt->errors.n_items; i++) {
                const ConfigError *error = &attempt->errors.items[i];

                if (error->severity == severity && error->line == line &&
                    strstr(error->text, text)) {
                        g_assert_cmpstr(error->file, ==, attempt->path);
                        return;
                }
        }
        g_test_message("nothing says \"%s\" of line %u", text, line);
        g_test_fail();
}

static void test_same_content(void)
{
        Attempt one, same, other;
        PasswordFingerprint a, b;

        attempt_text(&one, "alice:" WEAK "\nbob:" PBKDF2 "\n", 0600);
        attempt_text(&same, "alice:" WEAK "\nbob:" PBKDF2 "\n", 0644);
        attempt_text(&other, "alice:" PBKDF2 "\nbob:" PBKDF2 "\n", 0600);
        g_assert_true(passwords_equal(one.passwords, same.passwords));
        g_assert_false(passwords_equal(one.passwords, other.passwords));
        g_assert_true(passwords_equal(NULL, NULL));
        g_assert_false(passwords_equal(one.passwords, NULL));
        g_assert_false(passwords_equal(NULL, one.passwords));

        g_assert_true(passwords_fingerprint(one.passwords, BYTES_LITERAL("bob"), &a));
        g_assert_true(passwords_fingerprint(other.passwords, BYTES_LITERAL("bob"), &b));
        g_assert_cmpmem(&a, sizeof(a), &b, sizeof(b));
        g_assert_true(passwords_fingerprint(one.passwords, BYTES_LITERAL("alice"), &a));
        g_assert_true(passwords_fingerprint(other.passwords, BYTES_LITERAL("alice"), &b));
        g_assert_cmpint(memcmp(&a, &b, sizeof(a)), !=, 0);
        g_assert_false(passwords_fingerprint(one.passwords, BYTES_LITERAL("carol"), &a));
        g_assert_false(passwords_fingerprint(NULL, BYTES_LITERAL("alice"), &a));
        attempt_done(&one);
        attempt_done(&same);
        attempt_done(&other);
}

static void test_find(void)
{
        Attempt attempt;
        bool known;

        attempt_text(&attempt, "# two\nalice: " WEAK "\r\n bob :" PBKDF2, 0600);
        g_assert_cmpint(attempt.result, ==, 0);
        g_assert_cmpuint(passwords_count(attempt.passwords), ==, 2);
        g_assert_cmpint(password_hash_verify(
                                passwords_find(attempt.passwords, BYTES_LITERAL("alice"), &known),
                                BYTES_LITERAL("p")),
                        ==, 0);
        g_assert_true(known);
        g_assert_cmpint(password_hash_verify(
                                passwords_find(attempt.passwords, BYTES_LITERAL("bob"), &known),
                                BYTES_LITERAL("q")),
                        ==, REASON_BAD_USER_NAME_OR_PASSWORD);
        g_assert_true(known);
        attempt_done(&attempt);
}

/* Who is not there costs as much, and always the same. */
static void test_stranger(void)
{
        const PasswordHash *first = NULL;
        unsigned n_first = 0, n = 0;
        Attempt attempt;
        bool known;

        attempt_text(&attempt, "alice:" WEAK "\nbob:" PBKDF2 "\n", 0600);
        for (unsigned i = 0; i < 64; i++) {
                g_autofree char *name = g_strdup_printf("nobody-%u", i);
                const PasswordHash *hash =
                        passwords_find(attempt.passwords, bytes_from_string(name), &known);

                g_assert_false(known);
                g_assert_nonnull(hash);
                g_assert_true(hash ==
                              passwords_find(attempt.passwords, bytes_from_string(name), &known));
                first = first ? first : hash;
                n_first += hash == first;
                n++;
        }
        g_assert_cmpuint(n_first, <, n); /* not one for all strangers */
        attempt_done(&attempt);

        attempt_text(&attempt, "# nobody yet\n", 0600);
        g_assert_cmpint(attempt.result, ==, 0);
        g_assert_null(passwords_find(attempt.passwords, BYTES_LITERAL("alice"), &known));
        g_assert_false(known);
        attempt_done(&attempt);
}

static void test_refused(void)
{
        static const struct {
                const char *text, *what;
                unsigned line;
        } cases[] = {
                {"a:" WEAK "\nb:$6$x$y\n", "The hash of user b", 2},
                {"a:" WEAK "\n\n:" WEAK "\n", "no user name", 3},
                {"a:" WEAK "\nb:" WEAK "\na:" PBKDF2 "\n", "at line 1 too", 3},
                {"a:secret\n", "plain text", 1},
                {"a:\n", "is missing", 1},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Attempt attempt;

                attempt_text(&attempt, cases[i].text, 0600);
                g_assert_cmpint(attempt.result, ==, -EINVAL);
                g_assert_null(attempt.passwords);
                assert_said(&attempt, CONFIG_ERROR, cases[i].line, cases[i].what);
                attempt_done(&attempt);
        }
}

static void test_all_errors(void)
{
        Attempt attempt;

        attempt_text(&attempt, "a:1\nb:2\nc:" WEAK "\n", 0600);
        g_assert_cmpuint(attempt.errors.n_errors, ==, 2);
        attempt_done(&attempt);
}

static void test_warnings(void)
{
        Attempt attempt;

        attempt_text(&attempt, "strong:" STRONG "\nno colon\na:" WEAK "\nb:" PBKDF2 "\n", 0644);
        g_assert_cmpint(attempt.result, ==, 0);
        assert_said(&attempt, CONFIG_WARNING, 0, "chmod o=");
        assert_said(&attempt, CONFIG_WARNING, 2, "no colon");
        assert_said(&attempt, CONFIG_WARNING, 3, "2 hashes are too cheap");
        attempt_done(&attempt);

        attempt_text(&attempt, "strong:" STRONG "\n", 0640);
        g_assert_cmpuint(attempt.errors.n_items, ==, 0);
        attempt_done(&attempt);
}

static void test_no_file(void)
{
        _cleanup_(config_errors_done) ConfigErrors errors = CONFIG_ERRORS_INIT;
        Passwords *passwords = NULL;

        g_assert_cmpint(passwords_load("/nowhere/passwords", &errors, &passwords), ==, -EINVAL);
        g_assert_cmpuint(errors.n_errors, ==, 1);
        g_assert_nonnull(strstr(errors.items[0].text, "No such file"));
}

static void test_agree(void)
{
        Attempt one, other;

        attempt_text(&one, "a:" WEAK "\nb:" WEAK "\nc:" WEAK "\n", 0600);
        attempt_text(&other, "a:" WEAK "\nb:" PBKDF2 "\n", 0600);
        g_assert_true(passwords_agree(one.passwords, other.passwords, BYTES_LITERAL("a")));
        g_assert_false(passwords_agree(one.passwords, other.passwords, BYTES_LITERAL("b")));
        g_assert_false(passwords_agree(one.passwords, other.passwords, BYTES_LITERAL("c")));
        g_assert_false(passwords_agree(one.passwords, other.passwords, BYTES_LITERAL("d")));
        g_assert_false(passwords_agree(one.passwords, NULL, BYTES_LITERAL("a")));
        attempt_done(&one);
        attempt_done(&other);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/access/passwords/find", test_find);
        g_test_add_func("/access/passwords/stranger-costs-as-much", test_stranger);
        g_test_add_func("/access/passwords/refused-with-line", test_refused);
        g_test_add_func("/access/passwords/every-error-is-said", test_all_errors);
        g_test_add_func("/access/passwords/warnings", test_warnings);
        g_test_add_func("/access/passwords/no-file", test_no_file);
        g_test_add_func("/access/passwords/agree-on-a-user", test_agree);
        g_test_add_func("/access/passwords/same-content", test_same_content);
        return g_test_run();
}
