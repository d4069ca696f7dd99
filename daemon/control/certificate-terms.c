/* SPDX-License-Identifier: Apache-2.0 */

/* How near our certificates are to their end. */
#include "control/certificate-terms.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/macro.h"

#define DAY 86400

/* How many seconds before the end each warning is due; a certificate holds to the end of its last
 * second. */
static const int64_t warnings[] = {21 * DAY, 7 * DAY, DAY, -1};
#define FIRST_OF_STAPLE 2U /* of the warnings; the ones before are none of a response's */

static void term_done(CertificateTerm *term)
{
        free(term->listener);
        free(term->subject);
        free(term->serial);
}

void certificate_terms_done(CertificateTerms *terms)
{
        for (size_t i = 0; i < terms->n; i++)
                term_done(&terms->items[i]);
        free(terms->items);
        *terms = (CertificateTerms){};
}

static int add_term(CertificateTerms *terms, const char *listener, const TlsFacts *facts,
                    bool is_staple)
{
        CertificateTerm *items = reallocarray(terms->items, terms->n + 1, sizeof(*items));
        CertificateTerm *term;

        if (!items)
                return -ENOMEM;
        terms->items = items;
        term = &items[terms->n];
        *term = (CertificateTerm){
                .listener = strdup(listener),
                .subject = strdup(facts->subject),
                .serial = strdup(facts->serial),
                /* In the second that a response names it is not stapled any more. */
                .not_after = is_staple ? facts->staple_until - 1 : facts->not_after,
                .is_staple = is_staple,
                .told = is_staple ? FIRST_OF_STAPLE : 0,
        };
        if (!term->listener || !term->subject || !term->serial) {
                term_done(term);
                return -ENOMEM;
        }
        terms->n++;
        return 0;
}

int certificate_terms_add(CertificateTerms *terms, const char *listener, const TlsFacts *facts)
{
        int r = add_term(terms, listener, facts, false);

        return r == 0 && facts->staple_until > 0 ? add_term(terms, listener, facts, true) : r;
}

static bool is_same(const CertificateTerm *a, const CertificateTerm *b)
{
        return a->not_after == b->not_after && a->is_staple == b->is_staple &&
               strcmp(a->listener, b->listener) == 0 && strcmp(a->serial, b->serial) == 0 &&
               strcmp(a->subject, b->subject) == 0;
}

void certificate_terms_inherit(CertificateTerms *terms, const CertificateTerms *before)
{
        for (size_t i = 0; i < terms->n; i++)
                for (size_t k = 0; k < before->n; k++)
                        if (is_same(&terms->items[i], &before->items[k]))
                                terms->items[i].told = before->items[k].told;
}

/* How many of the warnings are due. */
static unsigned count_due(const CertificateTerm *term, int64_t now)
{
        unsigned n = 0;

        while (n < ARRAY_SIZE(warnings) && now >= term->not_after - warnings[n])
                n++;
        return n;
}

const CertificateTerm *certificate_terms_take(CertificateTerms *terms, int64_t now)
{
        for (size_t i = 0; i < terms->n; i++) {
                CertificateTerm *term = &terms->items[i];
                unsigned due = count_due(term, now);

                if (due > term->told) {
                        term->told = due;
                        return term;
                }
        }
        return NULL;
}

int64_t certificate_terms_due(const CertificateTerms *terms)
{
        int64_t due = INT64_MAX;

        for (size_t i = 0; i < terms->n; i++) {
                const CertificateTerm *term = &terms->items[i];

                if (term->told < ARRAY_SIZE(warnings))
                        due = MIN(due, term->not_after - warnings[term->told]);
        }
        return due;
}

bool certificate_term_has_ended(const CertificateTerm *term, int64_t now)
{
        return now > term->not_after;
}

int64_t certificate_term_days(const CertificateTerm *term, int64_t now)
{
        const int64_t left = term->not_after - now;

        return left < 0 ? 0 : MAX((left + DAY - 1) / DAY, INT64_C(1));
}
