/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc.h: what is written for people from the table of options
 * Thread: any
 *
 * Used by the program config-doc when Hawker is built, and by the tests that hold its results
 * against the parser.
 */
#pragma once

#include <stdio.h>

/* The options as the body of hawker.conf(5), in mdoc(7). */
void doc_write_manual(FILE *file);

/* The annotated sample: a valid hawker.conf in which every option is commented out, at its default.
 * Prose begins with "# ", an option with "#" alone. */
void doc_write_sample(FILE *file);

/* The names of the options that work, one a line, for completion by shells and editors. */
void doc_write_words(FILE *file);
