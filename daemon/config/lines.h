/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lines.h: a configuration text, line by line, as name and rest
 * Thread: any
 *
 * A line ends with LF, CR or CRLF and may have any length. Blanks (space, tab) around name and
 * rest are dropped. A line whose first character behind blanks is # is a comment.
 */
#pragma once

#include <stddef.h>

typedef struct Lines {
        char *next, *end; /* end: one byte that may be written to lies behind the text */
        unsigned line;    /* number of the line that was returned last, from 1 */
} Lines;

typedef struct Line {
        char *name;
        char *rest;    /* "" if there is nothing behind the name */
        size_t n_zero; /* U+0000 in this line: it must be refused */
} Line;

/* Go through @text, whose text[n] may be written to; it is cut into pieces on the way. */
void lines_init(Lines *lines, char *text, size_t n);

/* The next line that says something. Returns 1, or 0 at the end. */
int lines_next(Lines *lines, Line *ret);
