/* SPDX-License-Identifier: Apache-2.0 */

/* Which certificate is to be warned about, and when: the clock is a number here. */
#include <glib.h>

#include "control/certificate-terms.h"

#define DAY 86400
#define END 1800000000 /* of a certificate */

static void add(CertificateTerms *terms, const char *listener, const char *serial,
                int64_t not_after)
{
        TlsFacts facts = {.subject = (char *)"CN=x", .not_after = not_after};

        g_strlcpy(facts.serial, serial, sizeof(facts.serial));
        g_assert_cmpint(certificate_terms_add(terms, listener, &facts), ==, 0);
}

/* The names of the listeners to be warned about now. */
static char *take_all(CertificateTerms *terms, int64_t now)
{
        GString *text = g_string_new("");
        const CertificateTerm *term;

        while ((term = certificate_terms_take(terms, now)))
                g_string_append_printf(text, "%s ", term->listener);
        return g_string_free(text, FALSE);
}

static void assert_taken(CertificateTerms *terms, int64_t now, const char *wanted)
{
        g_autofree char *text = take_all(terms, now);

        g_assert_cmpstr(text, ==, wanted);
}

static void test_each_warning_is_given_once_at_its_second(void)
{
        static const int64_t due[] = {END - 21 * DAY, END - 7 * DAY, END - DAY, END + 1};
        CertificateTerms terms = {};

        add(&terms, "a", "1", END);
        assert_taken(&terms, END - 90 * DAY, "");
        for (size_t i = 0; i < G_N_ELEMENTS(due); i++) {
                g_assert_cmpint(certificate_terms_due(&terms), ==, due[i]);
                assert_taken(&terms, due[i] - 1, "");
                assert_taken(&terms, due[i], "a ");
                assert_taken(&terms, due[i], "");
        }
        g_assert_cmpint(certificate_terms_due(&terms), ==, INT64_MAX);
        assert_taken(&terms, END + 1000 * DAY, "");
        certificate_terms_done(&terms);
}

static void test_of_missed_warnings_the_last_is_given(void)
{
        CertificateTerms terms = {};

        add(&terms, "a", "1", END);
        assert_taken(&terms, END - 3 * DAY, "a ");
        g_assert_cmpint(certificate_terms_due(&terms), ==, END - DAY);
        assert_taken(&terms, END + 9 * DAY, "a ");
        g_assert_cmpint(certificate_terms_due(&terms), ==, INT64_MAX);
        certificate_terms_done(&terms);
}

static void test_a_clock_that_is_set_back_repeats_nothing(void)
{
        CertificateTerms terms = {};

        add(&terms, "a", "1", END);
        assert_taken(&terms, END - 5 * DAY, "a ");
        assert_taken(&terms, END - 50 * DAY, "");
        assert_taken(&terms, END - 20 * DAY, "");
        g_assert_cmpint(certificate_terms_due(&terms), ==, END - DAY);
        assert_taken(&terms, END - DAY, "a ");
        certificate_terms_done(&terms);
}

static void test_the_nearest_is_due_first(void)
{
        CertificateTerms terms = {};

        g_assert_cmpint(certificate_terms_due(&terms), ==, INT64_MAX);
        add(&terms, "a", "1", END + 5 * DAY);
        add(&terms, "b", "2", END);
        add(&terms, "b", "3", END + 30 * DAY); /* a second one of the same listener */
        g_assert_cmpint(certificate_terms_due(&terms), ==, END - 21 * DAY);
        assert_taken(&terms, END - 21 * DAY, "b ");
        g_assert_cmpint(certificate_terms_due(&terms), ==, END - 16 * DAY);
        assert_taken(&terms, END - 7 * DAY, "a b ");
        certificate_terms_done(&terms);
}

static void test_after_a_reload_only_what_is_new_is_told(void)
{
        CertificateTerms before = {}, after = {};

        add(&before, "a", "1", END);
        add(&before, "b", "1", END);
        assert_taken(&before, END - 2 * DAY, "a b ");
        add(&after, "b", "1", END);            /* the same */
        add(&after, "c", "1", END);            /* on another listener */
        add(&after, "a", "2", END);            /* another serial */
        add(&after, "a", "1", END + 90 * DAY); /* renewed under the same serial */
        certificate_terms_inherit(&after, &before);
        assert_taken(&after, END - 2 * DAY, "c a ");
        certificate_terms_done(&before);
        certificate_terms_done(&after);
}

/* It lives for days only: the warnings of a certificate would come at once, and often. */
static void test_a_stapled_response_has_its_own(void)
{
        TlsFacts facts = {
                .subject = (char *)"CN=x", .not_after = END, .staple_until = END - 99 * DAY};
        CertificateTerms terms = {}, after = {};
        const CertificateTerm *term;

        g_assert_cmpint(certificate_terms_add(&terms, "a", &facts), ==, 0);
        g_assert_cmpuint(terms.n, ==, 2);
        assert_taken(&terms, facts.staple_until - 2 * DAY, "");
        g_assert_cmpint(certificate_terms_due(&terms), ==, facts.staple_until - DAY - 1);
        term = certificate_terms_take(&terms, facts.staple_until - DAY);
        g_assert_true(term->is_staple);
        g_assert_false(certificate_term_has_ended(term, facts.staple_until - 1));
        g_assert_true(certificate_term_has_ended(term, facts.staple_until));
        g_assert_cmpint(certificate_terms_due(&terms), ==, facts.staple_until);
        assert_taken(&terms, facts.staple_until, "a ");
        assert_taken(&terms, facts.staple_until + DAY, "");

        g_assert_cmpint(certificate_terms_add(&after, "a", &facts), ==, 0);
        certificate_terms_inherit(&after, &terms);
        assert_taken(&after, facts.staple_until + DAY, "");
        certificate_terms_done(&terms);
        certificate_terms_done(&after);
}

static void test_days_that_have_begun_count(void)
{
        static const struct {
                int64_t left, days;
                bool has_ended;
        } cases[] = {
                {-1, 0, true},       {0, 1, false},         {DAY, 1, false},
                {DAY + 1, 2, false}, {21 * DAY, 21, false},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                const CertificateTerm term = {.not_after = END};
                const int64_t now = END - cases[i].left;

                g_assert_cmpint(certificate_term_days(&term, now), ==, cases[i].days);
                g_assert_cmpint(certificate_term_has_ended(&term, now), ==, cases[i].has_ended);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/control/certificate-terms/each-warning-is-given-once-at-its-second",
                        test_each_warning_is_given_once_at_its_second);
        g_test_add_func("/control/certificate-terms/of-missed-warnings-the-last-is-given",
                        test_of_missed_warnings_the_last_is_given);
        g_test_add_func("/control/certificate-terms/a-clock-that-is-set-back-repeats-nothing",
                        test_a_clock_that_is_set_back_repeats_nothing);
        g_test_add_func("/control/certificate-terms/the-nearest-is-due-first",
                        test_the_nearest_is_due_first);
        g_test_add_func("/control/certificate-terms/after-a-reload-only-what-is-new-is-told",
                        test_after_a_reload_only_what_is_new_is_told);
        g_test_add_func("/control/certificate-terms/a-stapled-response-has-its-own",
                        test_a_stapled_response_has_its_own);
        g_test_add_func("/control/certificate-terms/days-that-have-begun-count",
                        test_days_that_have_begun_count);
        return g_test_run();
}
