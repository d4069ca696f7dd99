/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What hawkerctl doctor has found, one line each, with the command that mends it.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/macro.h"

typedef enum Verdict {
        VERDICT_OK,
        VERDICT_WARN, /* it works, but not as it should, or not for long */
        VERDICT_FAIL,
} Verdict;

typedef struct Finding {
        Verdict verdict;
        const char *check; /* a literal */
        char *text;
        char *mend; /* NULL: nothing is to be done, or nobody knows what */
} Finding;

/* A zeroed object is a valid empty one. */
typedef struct Findings {
        Finding *items;
        size_t n, n_allocated;
        bool is_incomplete; /* there was no memory for all */
} Findings;

void findings_done(Findings *findings);

/* Adds one, whose text is formatted; findings_mend() is about the last one. */
void findings_add(Findings *findings, Verdict verdict, const char *check, const char *format, ...)
        _printf_(4, 5);
void findings_mend(Findings *findings, const char *format, ...) _printf_(2, 3);

/* The worst of them. */
Verdict findings_verdict(const Findings *findings);

void findings_print_json(const Findings *findings);
void findings_print(const Findings *findings, bool has_colours);
