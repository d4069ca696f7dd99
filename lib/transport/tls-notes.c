/* SPDX-License-Identifier: Apache-2.0 */

/* What is to be said of the TLS settings of a listener. */

#include "transport/tls-notes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static void write_note(TlsNote *note, const char *option, bool is_error, const char *format,
                       va_list args) __attribute__((format(printf, 4, 0)));

static void write_note(TlsNote *note, const char *option, bool is_error, const char *format,
                       va_list args)
{
        note->option = option;
        note->is_error = is_error;
        vsnprintf(note->text, sizeof(note->text), format, args);
}

int tls_notes_error(TlsNotes *notes, const char *option, const char *format, ...)
{
        va_list args;

        if (notes->n == TLS_NOTES_MAX)
                notes->n--;
        va_start(args, format);
        write_note(&notes->items[notes->n++], option, true, format, args);
        va_end(args);
        return -EKEYREJECTED;
}

void tls_notes_warn(TlsNotes *notes, const char *option, const char *format, ...)
{
        va_list args;

        if (notes->n == TLS_NOTES_MAX)
                return;
        va_start(args, format);
        write_note(&notes->items[notes->n++], option, false, format, args);
        va_end(args);
}
