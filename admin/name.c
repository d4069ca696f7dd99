/* SPDX-License-Identifier: Apache-2.0 */

/* Names that peers have chosen, for people. */

#include "admin/name.h"

#include "util/macro.h"

unsigned name_width(const char *name)
{
        unsigned n = 0;

        for (; *name; name++)
                n += ((unsigned char)*name & 0xC0) != 0x80;
        return n;
}

static void put(FILE *to, char c)
{
        fputc((unsigned char)c < ' ' || c == 0x7F ? '?' : c, to);
}

void name_print(const char *name, unsigned width)
{
        for (const char *at = name; *at; at++)
                put(stdout, *at);
        printf("%*s", (int)(width - MIN(width, name_width(name))), "");
}

void name_print_word(FILE *to, const char *name)
{
        fputc('\'', to);
        for (const char *at = name; *at; at++)
                if (*at == '\'')
                        fputs("'\\''", to);
                else
                        put(to, *at);
        fputc('\'', to);
}
