/* SPDX-License-Identifier: Apache-2.0 */

/* Admission: who is let in, row by row. */
#include <glib.h>

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
                        .client_id = bytes_from_string(c->client_id),
                        .has_username = c->username != NULL,
                        .username = bytes_from_string(c->username),
                        .is_proven = c->is_proven,
                };

                AdmissionProof proof = {};

                g_test_message("case %zu", i);
                g_assert_cmpint(admission_check(&settings, &listener, c->policy, &request, &proof),
                                ==, c->result);
                g_assert_null(proof.hash);
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
        return g_test_run();
}
