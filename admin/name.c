/* SPDX-License-Identifier: Apache-2.0 */

/* Names that peers have chosen, for people. */

#include "admin/name.h"

#include <stdbool.h>

#include "util/macro.h"

unsigned name_width(const char *name)
{
        unsigned n = 0;

        for (; *name; name++)
                n += ((unsigned char)*name & 0xC0) != 0x80;
        return n;
}

/* U+0000 to U+001F, U+007F to U+009F: the latter, too, drive terminals that read UTF-8. */
static bool is_control(const unsigned char *at)
{
        return at[0] < ' ' || at[0] == 0x7F || (at[0] == 0xC2 && at[1] >= 0x80 && at[1] < 0xA0);
}

const char *name_print_letter(FILE *to, const char *at)
{
        const bool is_shown = !is_control((const unsigned char *)at);

        if (!is_shown)
                fputc('?', to);
        do {
                if (is_shown)
                        fputc(*at, to);
                at++;
        } while (((unsigned char)*at & 0xC0) == 0x80);
        return at;
}

void name_print_line(FILE *to, const char *text)
{
        while (*text)
                text = name_print_letter(to, text);
}

void name_print(const char *name, unsigned width)
{
        for (const char *at = name; *at;)
                at = name_print_letter(stdout, at);
        printf("%*s", (int)(width - MIN(width, name_width(name))), "");
}

void name_print_word(FILE *to, const char *name)
{
        fputc('\'', to);
        for (const char *at = name; *at;)
                if (*at == '\'') {
                        fputs("'\\''", to);
                        at++;
                } else {
                        at = name_print_letter(to, at);
                }
        fputc('\'', to);
}
