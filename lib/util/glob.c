/* SPDX-License-Identifier: Apache-2.0 */

/* Patterns with stars and question marks. */

#include "util/glob.h"

#include <stddef.h>

/* Behind the character that begins here. */
static const char *skip_character(const char *at)
{
        do
                at++;
        while (((unsigned char)*at & 0xC0) == 0x80);
        return at;
}

/* Only the last star is tried again: what the ones before it took could as well be its own. */
bool glob_matches(const char *pattern, const char *text)
{
        const char *star = NULL, *from = NULL;

        while (*text) {
                if (*pattern == '*') {
                        star = ++pattern;
                        from = text;
                } else if (*pattern == '?') {
                        pattern++;
                        text = skip_character(text);
                } else if (*pattern == *text) {
                        pattern++;
                        text++;
                } else if (star) {
                        pattern = star;
                        text = from = skip_character(from);
                } else {
                        return false;
                }
        }
        while (*pattern == '*')
                pattern++;
        return !*pattern;
}
