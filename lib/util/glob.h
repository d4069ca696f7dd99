/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Patterns as a shell has them for names, of which only the stars and question marks.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

/* Whether all of the text is like the pattern: "*" stands for any text, "?" for one character of
 * UTF-8, all else for itself. Takes length of the one times length of the other at most. */
bool glob_matches(const char *pattern, const char *text);
