/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is to be said of the TLS settings of a listener: an error, and warnings.
 *
 * Thread: any (one owner)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/macro.h"

#define TLS_NOTES_MAX 16

typedef struct TlsNote {
        const char *option; /* which setting it is about: the name of its option, a literal */
        bool is_error;
        char text[400]; /* one line that names the file, without a full stop */
} TlsNote;

/* A zeroed object is a valid empty one. */
typedef struct TlsNotes {
        size_t n;
        TlsNote items[TLS_NOTES_MAX];
} TlsNotes;

/* Warnings are left out when there is no room. Returns -EKEYREJECTED, for the caller to return. */
int tls_notes_error(TlsNotes *notes, const char *option, const char *format, ...) _printf_(3, 4);
void tls_notes_warn(TlsNotes *notes, const char *option, const char *format, ...) _printf_(3, 4);
