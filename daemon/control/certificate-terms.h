/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How near our certificates are to their end, and which is to be warned about: each once at 21, 7
 * and 1 days before it and once behind it, whatever the clock does. Of the responses that are
 * stapled to them, which live for days only: a day before, and behind it. It has no clock of its
 * own.
 *
 * Thread: control
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport/tls-facts.h"

typedef struct CertificateTerm {
        char *listener; /* its name; all strings are owned */
        char *subject;
        char *serial;
        int64_t not_after; /* seconds since 1970, as all times here */
        bool is_staple;    /* the end of a stapled response, not of the certificate itself */
        unsigned told;     /* how many of the warnings are given, or too late to give */
} CertificateTerm;

/* A zeroed object is a valid empty one. */
typedef struct CertificateTerms {
        CertificateTerm *items;
        size_t n;
} CertificateTerms;

void certificate_terms_done(CertificateTerms *terms);

/* Adds one, and the response that is stapled to it; all is copied. 0 or -ENOMEM. */
int certificate_terms_add(CertificateTerms *terms, const char *listener, const TlsFacts *facts);

/* What was told of the same certificate of the same listener before need not be told again. */
void certificate_terms_inherit(CertificateTerms *terms, const CertificateTerms *before);

/* One that has come nearer to its end than was told; from then on it is told. NULL: none is left
 * now. Of warnings that were missed only the last is given. */
const CertificateTerm *certificate_terms_take(CertificateTerms *terms, int64_t now);

/* When to ask again; INT64_MAX: never. Nothing is left to take. */
int64_t certificate_terms_due(const CertificateTerms *terms);

bool certificate_term_has_ended(const CertificateTerm *term, int64_t now);

/* What is left of it in days, begun ones count; 0 when it has ended. */
int64_t certificate_term_days(const CertificateTerm *term, int64_t now);
