/* SPDX-License-Identifier: Apache-2.0 */

/* Admission: who is let in, row by row. */
#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "access/admission.h"
#include "mqtt/protocol.h"

typedef struct AdmissionCase {
        bool allow_anonymous;
        bool use_username_as_clientid;
        const char *prefixes;
        const char *client_id;
        const char *username; /* NULL: none */
        int result;
        bool is_proven;
        AccessPolicy *policy;
} AdmissionCase;

static void check_cases(const AdmissionCase *cases, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                const AdmissionCase *c = &cases[i];
                const Settings settings = {.clientid_prefixes = (char *)c->prefixes};
                const ListenerSettings listener = {
                        .allow_anonymous = c->allow_anonymous,
                        .use_username_as_clientid = c->use_username_as_clientid,
                };
                const AdmissionRequest request = {
                        .of =
                                {
                                        .client_id = bytes_from_string(c->client_id),
                                        .has_username = c->username != NULL,
                                        .username = bytes_from_string(c->username),
                                },
                        .is_proven = c->is_proven,
                };

                Proof proof = {};

                g_test_message("case %zu", i);
                g_assert_cmpint(admission_check(&settings, &listener, c->policy, &request, &proof),
                                ==, c->result);
                g_assert_cmpint(proof.method, ==, LOGIN_NONE);
        }
}

static void test_strangers_pass_only_where_the_listener_says_so(void)
{
        static const AdmissionCase cases[] = {
                {.allow_anonymous = true, .client_id = "a", .result = 0},
                {.allow_anonymous = false, .client_id = "a", .result = REASON_NOT_AUTHORIZED},
                /* A name that nobody can check proves nothing. */
                {.allow_anonymous = true, .client_id = "a", .username = "joe", .result = 0},
                {.client_id = "a", .username = "joe", .result = REASON_NOT_AUTHORIZED},
                {.client_id = "a", .username = "", .result = REASON_NOT_AUTHORIZED},
        };

        check_cases(cases, G_N_ELEMENTS(cases));
}

static void test_a_proven_name_needs_no_password(void)
{
        static const AdmissionCase cases[] = {
                {.client_id = "a", .username = "joe", .is_proven = true, .result = 0},
                {.client_id = "a", .username = "joe", .result = REASON_NOT_AUTHORIZED},
                /* But what else holds for all holds for it. */
                {false, false, "foo-", "a", "joe", REASON_NOT_AUTHORIZED, .is_proven = true},
        };

        check_cases(cases, G_N_ELEMENTS(cases));
}

static void test_client_identifier_has_the_wanted_prefix(void)
{
        static const AdmissionCase cases[] = {
                {.allow_anonymous = true, .prefixes = "foo-", .client_id = "foo-1", .result = 0},
                {.allow_anonymous = true, .prefixes = "foo-", .client_id = "foo-", .result = 0},
                {true, false, "foo-", "foo", NULL, REASON_NOT_AUTHORIZED},
                {true, false, "foo-", "Foo-1", NULL, REASON_NOT_AUTHORIZED},
                {true, false, "foo-", "xfoo-1", NULL, REASON_NOT_AUTHORIZED},
                {true, false, "foo-", "", NULL, REASON_NOT_AUTHORIZED},
                {true, false, NULL, "", NULL, 0},
        };

        check_cases(cases, G_N_ELEMENTS(cases));
}

static void test_a_name_is_needed_to_be_called_by_it(void)
{
        static const AdmissionCase cases[] = {
                {true, true, NULL, "joe", "joe", 0},
                {true, true, NULL, "a", NULL, REASON_NOT_AUTHORIZED},
                {true, false, NULL, "a", NULL, 0},
        };

        check_cases(cases, G_N_ELEMENTS(cases));
}

/* --- passwords --- */

#define JOE                                                                                        \
        "joe:$6$jZ3u5vjXWoUkJkdr$pgcwLli4hLHR1He7q6K4Dn9EbZkpR0AQ0zfsQ6eGXSf2bhqEyHIuHbdvnxJbhKVg" \
        "JNyKvqDe9M6fwW6gwpV4RQ==\n"
#define OTHER_JOE                                                                                  \
        "joe:$7$101$+pPGbac5yHb5t2Fw$armAGV3VxsgleWCm7zA7Zq4N8jqo9WsKzoigVDO2YY/"                  \
        "GpgI0vkk7lUeOQqBWwWqceZJDEMu/+remG6dZhnVljg==\n"

static AccessPolicy *policy_of(const char *users)
{
        _cleanup_(passwords_unrefp) Passwords *passwords = NULL;
        _cleanup_(config_errors_done) ConfigErrors errors = CONFIG_ERRORS_INIT;
        AccessPolicy *policy;
        g_autofree char *path = NULL;
        int fd = g_file_open_tmp("hawker-XXXXXX", &path, NULL);

        g_assert_cmpint(write(fd, users, strlen(users)), ==, (ssize_t)strlen(users));
        close(fd);
        g_assert_cmpint(passwords_load(path, &errors, &passwords), ==, 0);
        g_unlink(path);
        g_assert_cmpint(access_policy_new(&(AccessParts){.passwords = passwords}, &policy), ==, 0);
        return policy;
}

typedef struct ProofCase {
        const char *users;
        bool allow_anonymous;
        const char *username, *password;
        bool is_proven;
        int result;
        bool is_asked, is_known;
} ProofCase;

static void test_who_has_to_prove_it(void)
{
        static const ProofCase cases[] = {
                {JOE, false, "joe", "p", false, 0, true, true},
                {JOE, true, "joe", "p", false, 0, true, true},
                {JOE, false, "jim", "p", false, 0, true, false},
                {JOE, true, "", "p", false, 0, true, false},
                {JOE, true, "joe", NULL, false, REASON_BAD_USER_NAME_OR_PASSWORD, false, false},
                {JOE, true, NULL, NULL, false, 0, false, false},
                {JOE, false, NULL, NULL, false, REASON_NOT_AUTHORIZED, false, false},
                {JOE, false, NULL, "p", false, REASON_NOT_AUTHORIZED, false, false},
                {JOE, false, "jim", NULL, true, 0, false, false},
                {"", true, "joe", "p", false, REASON_BAD_USER_NAME_OR_PASSWORD, false, false},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                const ProofCase *c = &cases[i];
                _cleanup_(access_policy_unrefp) AccessPolicy *policy = policy_of(c->users);
                const ListenerSettings listener = {.allow_anonymous = c->allow_anonymous};
                const Settings settings = {};
                const AdmissionRequest request = {
                        .of =
                                {
                                        .client_id = BYTES_LITERAL("c"),
                                        .has_username = c->username,
                                        .username = bytes_from_string(c->username),
                                        .has_password = c->password,
                                        .password = bytes_from_string(c->password),
                                },
                        .is_proven = c->is_proven,
                };
                Proof proof = {};

                g_test_message("case %zu", i);
                g_assert_cmpint(admission_check(&settings, &listener, policy, &request, &proof), ==,
                                c->result);
                g_assert_true((proof.hash != NULL) == c->is_asked);
                g_assert_true(proof.is_known == c->is_known);
        }
}

typedef struct ReviewCase {
        const char *before, *now; /* NULL: no passwords */
        bool allow_anonymous;
        const char *username;
        bool is_proven;
        int result;
} ReviewCase;

static void test_who_may_stay(void)
{
        static const ReviewCase cases[] = {
                {JOE, JOE "\n", false, "joe", false, 0},
                {JOE, OTHER_JOE, true, "joe", false, REASON_NOT_AUTHORIZED},
                {JOE, "", true, "joe", false, REASON_NOT_AUTHORIZED},
                {JOE, "", true, NULL, false, 0},
                {JOE, JOE, false, NULL, false, REASON_NOT_AUTHORIZED},
                {JOE, "", false, "joe", true, 0},
                /* It said a name, and nobody could tell. */
                {NULL, JOE, true, "joe", false, REASON_NOT_AUTHORIZED},
                {NULL, JOE, true, NULL, false, 0},
                {JOE, NULL, true, "joe", false, 0},
                {JOE, NULL, false, "joe", false, REASON_NOT_AUTHORIZED},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                const ReviewCase *c = &cases[i];
                AccessPolicy *before = c->before ? policy_of(c->before) : NULL;
                AccessPolicy *now = c->now ? policy_of(c->now) : NULL;
                const ListenerSettings listener = {.allow_anonymous = c->allow_anonymous};
                const Settings settings = {};
                const AdmissionRequest request = {
                        .of =
                                {
                                        .client_id = BYTES_LITERAL("c"),
                                        .has_username = c->username,
                                        .username = bytes_from_string(c->username),
                                },
                        .is_proven = c->is_proven,
                };
                const AdmissionReview review = {
                        .method = before && c->username && !c->is_proven ? LOGIN_PASSWORD
                                                                         : LOGIN_NONE,
                        .before = before,
                        .now = now,
                };

                g_test_message("case %zu", i);
                g_assert_cmpint(admission_review(&settings, &listener, &review, &request), ==,
                                c->result);
                access_policy_unref(before);
                access_policy_unref(now);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/access/admission/strangers-pass-only-where-the-listener-says-so",
                        test_strangers_pass_only_where_the_listener_says_so);
        g_test_add_func("/access/admission/a-proven-name-needs-no-password",
                        test_a_proven_name_needs_no_password);
        g_test_add_func("/access/admission/client-identifier-has-the-wanted-prefix",
                        test_client_identifier_has_the_wanted_prefix);
        g_test_add_func("/access/admission/a-name-is-needed-to-be-called-by-it",
                        test_a_name_is_needed_to_be_called_by_it);
        g_test_add_func("/access/admission/who-has-to-prove-it", test_who_has_to_prove_it);
        g_test_add_func("/access/admission/who-may-stay", test_who_may_stay);
        return g_test_run();
}
