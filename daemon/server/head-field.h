/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The lines of the head of an HTTP/1.1 message (RFC 9112, section 5), one at a time.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

#include "util/bytes.h"

typedef struct HeadField {
        Bytes name;
        Bytes value; /* without white space around it */
} HeadField;

/* Takes a line, without its end, apart. 0; -EPROTO: it is no field, or could be read as two
 * different ones: folded, or with white space in or behind its name. */
int head_field_parse(Bytes line, HeadField *ret_field);

/* Whether these are the same but for case, which only letters of ASCII have here. */
bool head_text_equal(Bytes text, const char *word);

/* What names and methods are made of (RFC 9110, 5.6.2). */
bool head_is_token(Bytes text);

/* The next line of a head, without its CRLF; taken off. False: there is no whole one. */
bool head_next_line(Bytes *head, Bytes *ret_line);
